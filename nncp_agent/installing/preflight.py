"""Who would be refused once our plugins stand in the place of others: definitions, configurations, pods that run."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from cni.bridge.config import DEFAULT_BRIDGE
from cni.skel import CHECK, Call
from cni.types.errors import CniError
from netkernel.host import Host
from nncp_agent.definitions import config as configurations
from nncp_agent.definitions import manifests, node
from nncp_agent.definitions.findings import Said
from nncp_agent.pods import runtimes
from nncp_agent.pods.runtimes import FOLDERS


def refused(
    files: Sequence[tuple[str, bytes]], conf_dir: str, host: Host, caches: Iterable[str] = FOLDERS
) -> list[str]:
    """A line for each definition, configuration and running pod that would be refused."""
    lines = []
    for source, text in [*files, *_configurations(conf_dir)]:
        contents = manifests.read(text, source)
        lines += [str(each) for each in contents.findings if not each.is_warning]
        for definition in contents.definitions:
            lines += [f"{definition}: {said}" for said in _refusals(definition.config, host)]
    for pod, config in _running(caches):
        lines += [f"pod {pod}: {said}" for said in _refusals(config, host)]
    return lines


def _configurations(folder: str) -> Iterator[tuple[str, bytes]]:
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return
    for name in names:
        if name.endswith((".conf", ".conflist", ".json")):
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                yield path, file.read()


def _running(caches: Iterable[str]) -> Iterator[tuple[str, Any]]:
    """Pods with the configurations that their runtime remembers."""
    for call, config in runtimes.configurations(caches):
        yield call.pod or f"{call.container} {call.ifname}", config


def _refusals(config: Any, host: Host) -> Iterator[str]:
    for plugin in configurations.plugins(config):
        if not plugin.kind:
            continue
        name = str(config.get("name") or "lint")
        values = {key: value for key, value in plugin.values.items() if key != "prevResult"}
        call = Call(
            command=CHECK, container="preflight", netns="", ifname="net1", args="", path="", network=name,
            version="1.1.0", config=values, stdin=json.dumps(values).encode(), environment={},
        )  # fmt: skip
        try:
            configurations.READERS[plugin.kind](call)
        except CniError as error:
            yield f"{error.message}{f' ({error.details})' if error.details else ''}"
            continue
        if plugin.kind == "cnv-bridge":
            yield from (each.message for each in _on_node(plugin, host))


def _on_node(plugin: configurations.Plugin, host: Host) -> Iterator[Said]:
    link = host.links.get(str(plugin.values.get("bridge") or DEFAULT_BRIDGE))
    if link is not None:
        yield from node.refused(plugin, link)
