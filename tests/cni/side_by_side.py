"""One scenario done by one plugin: seven pods on one node, one for each version, attached, checked and detached."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cni.types.versions import SUPPORTED, is_at_least
from netkernel import netns as namespaces
from tests.cni.compared import facts, masked, names, rules
from tests.cni.runtime import Failed, Runtime
from tests.cni.scenarios import Scenario

Ask = Callable[[Runtime, str, Mapping[str, Any]], Any]
"""Calls a plugin: command and configuration; gives what it printed. Raises Failed."""


@dataclass
class Side:
    """`path` is where IPAM plugins are; `pods` are namespaces, one for each version."""

    ask: Ask
    path: str
    folder: Path
    node: str
    pods: Mapping[str, str]
    seen: list[str] = field(default_factory=list)

    def play(self, scenario: Scenario) -> list[str]:
        """All that was said and made, a line each."""
        _sh(self.node, scenario.prepare)
        results: dict[str, Any] = {}
        for version, pod in self.pods.items():
            _sh(pod, scenario.pod)
            results[version] = self._said("ADD", version, scenario, {})
            if results[version] is None:
                self._said("DEL", version, scenario, {})
        self._look("attached", self.pods)
        for version in self.pods:
            if results[version] and is_at_least(version, "0.4.0"):
                self._said("CHECK", version, scenario, {"prevResult": results[version]})
        for version in (each for each, result in results.items() if result):
            self._said("DEL", version, scenario, {})
        self._look("detached", {})
        self.seen += [f"{version} detached: {names(pod)}" for version, pod in self.pods.items()]
        return self.seen

    def _said(self, command: str, version: str, scenario: Scenario, more: Mapping[str, Any]) -> Any:
        runtime = Runtime(self.pods[version], container=f"c{SUPPORTED.index(version)}", path=self.path)
        runtime.more = scenario.args
        config = {**self._config(scenario, version, runtime.netns), **more}
        try:
            with namespaces.inside(self.node):
                said = self.ask(runtime, command, config)
        except Failed as refused:
            self._tell(f"{version} {command}: refused: {refused}")
            return None
        if said is None:
            self._tell(f"{version} {command}: done")
        else:
            self._tell_result(f"{version} {command}", said)
        return said

    def _config(self, scenario: Scenario, version: str, netns: str) -> dict[str, Any]:
        asked = json.dumps(scenario.asked).replace("@leases", f"{self.folder}/leases")
        asked = asked.replace("@backup", f"{self.folder}/backup")
        config = {"cniVersion": version, "name": "net", "type": scenario.plugin, **json.loads(asked)}
        if scenario.plugin == "bridge":
            return {"bridge": "br1", **config}
        previous: dict[str, Any] = {"cniVersion": version, "interfaces": [{"name": "net1", "sandbox": netns}]}
        if not is_at_least(version, "0.3.0"):
            previous = {"cniVersion": version, "ip4": {"ip": "10.9.0.2/24"}}
        return {"prevResult": previous, **config}

    def _tell_result(self, where: str, result: Mapping[str, Any]) -> None:
        self._tell(f"{where}: cniVersion is as asked")
        for key, value in result.items():
            if key == "cniVersion":
                continue
            for each in value if isinstance(value, list) else [value]:
                self._tell(f"{where}: {key}: {json.dumps(each, sort_keys=True)}")

    def _look(self, when: str, places: Mapping[str, str]) -> None:
        for where, place in {"node": self.node, **places}.items():
            self.seen += [f"{where} {when}: {fact}" for fact in facts(place)]
        self.seen += [f"node {when}: {rule}" for rule in rules(self.node)]

    def _tell(self, line: str) -> None:
        self.seen.append(masked(line).replace(str(self.folder), "<folder>"))


def _sh(namespace: str, script: str) -> None:
    if script:
        with namespaces.inside(namespace):
            subprocess.run(["sh", "-euc", script], check=True, capture_output=True)
