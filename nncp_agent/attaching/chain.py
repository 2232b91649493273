"""A chain of plugins, called as the runtime's library calls them (CNI specification 1.1.0, section 3)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from cni import ipam
from cni.skel import ADD, DEL, Call
from cni.types import results
from cni.types.errors import CniError
from cni.types.go_json import Misfit, decoded
from cni.types.versions import SUPPORTED, is_at_least
from netkernel.frozen import Frozen
from nncp_agent.attaching import NotAttached

_HANDED_ON: Final = ("PATH", "HOME", "LANG")


class Pod(Frozen):
    """Whose interface it is. `netns` is the path of its namespace, `container` the id of its sandbox."""

    namespace: str
    name: str
    container: str
    netns: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class Asked(Frozen):
    """One attachment: a configuration, and what the pod wants of it. `args` stand in CNI_ARGS behind ours."""

    config: Mapping[str, Any]
    network: str
    interface: str
    mac: str = ""
    ips: Sequence[str] = ()
    cni_args: Mapping[str, Any] = {}
    args: str = ""
    offers: Mapping[str, Any] = {}


class Runtime:
    """Calls plugins found in `path`, folders with colons between them."""

    def __init__(self, pod: Pod, path: str, environ: Mapping[str, str]) -> None:
        self._pod = pod
        self._path = path
        self._environ = {key: environ[key] for key in _HANDED_ON if key in environ}

    def add(self, asked: Asked) -> dict[str, Any]:
        """The result of the last plugin. Raises NotAttached, with everything taken back that would go."""
        result: dict[str, Any] | None = None
        for plugin in plugins(asked.config):
            try:
                result = self._result(asked, plugin, result)
            except CniError as refused:
                raise NotAttached(_words(plugin, ADD, refused), self.delete(asked, None)) from None
        return result or {}

    def _result(self, asked: Asked, plugin: Mapping[str, Any], before: dict[str, Any] | None) -> dict[str, Any]:
        call = self._call(ADD, asked, plugin, before)
        printed = ipam.run(str(plugin.get("type", "")), call, ADD)
        try:
            value = decoded(printed)
            results.read(value, results.version_of(value))
        except Misfit as misfit:
            raise CniError(6, f"its result is no JSON: {misfit}", misfit.where) from None
        made: dict[str, Any] = value
        return made

    def delete(self, asked: Asked, result: dict[str, Any] | None) -> list[str]:
        """Tell all plugins, the last first. Gives a line for each that refused."""
        left = []
        for plugin in reversed(plugins(asked.config)):
            call = self._call(DEL, asked, plugin, result)
            try:
                ipam.run(str(plugin.get("type", "")), call, DEL)
            except CniError as refused:
                left.append(_words(plugin, DEL, refused))
        return left

    def _call(self, command: str, asked: Asked, plugin: Mapping[str, Any], before: Mapping[str, Any] | None) -> Call:
        version = str(asked.config.get("cniVersion") or SUPPORTED[0])
        config = {**plugin, "name": asked.network, "cniVersion": version}
        if before is not None and (command == ADD or _takes_results(version)):
            config["prevResult"] = before
        if offered := _offered(plugin, asked):
            config["runtimeConfig"] = offered
        if asked.cni_args:
            given = plugin.get("args")
            config["args"] = {**(given if isinstance(given, dict) else {}), "cni": dict(asked.cni_args)}
        args = self._args(command, asked)
        environment = {
            **self._environ,
            "CNI_COMMAND": command,
            "CNI_CONTAINERID": self._pod.container,
            "CNI_NETNS": self._pod.netns,
            "CNI_IFNAME": asked.interface,
            "CNI_PATH": self._path,
            "CNI_ARGS": args,
        }
        return Call(
            command=command,
            container=self._pod.container,
            netns=self._pod.netns,
            ifname=asked.interface,
            args=args,
            path=self._path,
            network=asked.network,
            version=version,
            config=config,
            stdin=json.dumps(config).encode(),
            environment=environment,
        )

    def _args(self, command: str, asked: Asked) -> str:
        """As Multus says them: MAC and addresses to ADD only."""
        pairs = [
            "IgnoreUnknown=true",
            f"K8S_POD_NAMESPACE={self._pod.namespace}",
            f"K8S_POD_NAME={self._pod.name}",
            f"K8S_POD_INFRA_CONTAINER_ID={self._pod.container}",
            "K8S_POD_UID=",
        ]
        if command == ADD:
            pairs += [f"MAC={asked.mac}"] if asked.mac else []
            pairs += [f"IP={','.join(asked.ips)}"] if asked.ips else []
        return ";".join([*pairs, *([asked.args] if asked.args else [])])


def plugins(config: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Those of a configuration, in their order."""
    chain = config.get("plugins")
    return [each for each in chain if isinstance(each, dict)] if isinstance(chain, list) else [config]


def _takes_results(version: str) -> bool:
    """DEL is told the result from 0.4.0 on."""
    return version in SUPPORTED and is_at_least(version, "0.4.0")


def _offered(plugin: Mapping[str, Any], asked: Asked) -> dict[str, Any]:
    """What the plugin has a capability for."""
    wants = plugin.get("capabilities")
    able = {key for key, value in wants.items() if value is True} if isinstance(wants, dict) else set()
    offers = {**asked.offers, "mac": asked.mac, "ips": list(asked.ips)}
    return {key: value for key, value in offers.items() if value and key in able}


def _words(plugin: Mapping[str, Any], command: str, refused: CniError) -> str:
    details = f" ({refused.details})" if refused.details else ""
    return f"{plugin.get('type')}: {command}: {refused.message}{details}"
