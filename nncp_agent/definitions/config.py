"""The configuration of a network: one plugin or a chain of them, looked at as its plugins will."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from cni import schema
from cni.bridge import config as bridge
from cni.skel import CHECK, Call
from cni.tuning import config as tuning
from cni.types.errors import CniError
from cni.types.go_json import Boolean, Misfit, Several, Structure
from cni.types.versions import SUPPORTED, is_at_least
from netkernel.frozen import Frozen
from nncp_agent.definitions import keys
from nncp_agent.definitions.findings import Path, Said

_CHAIN: Final = Structure(
    "NetworkConfigList",
    {
        **{key: schema.COMMON[key] for key in ("cniVersion", "cniVersions", "name")},
        "disableCheck": Boolean(),
        "disableGC": Boolean(),
        "loadOnlyInlinedPlugins": Boolean(),
        "plugins": Several(Structure("", {}), "[]*NetworkConfig"),
    },
)
READERS: Final[Mapping[str, Any]] = {"cnv-bridge": bridge.read, "cnv-tuning": tuning.read}
FIRST_WITH_INTERFACES: Final = "0.3.0"


class Plugin(Frozen):
    """One plugin of a configuration; `kind` is ours that reads it, empty for somebody else's."""

    path: Path
    kind: str
    values: dict[str, Any]


def plugins(config: Any) -> list[Plugin]:
    """Those that can be told, in their order."""
    if not isinstance(config, dict):
        return []
    chain = config.get("plugins")
    found = [(("plugins", at), each) for at, each in enumerate(chain)] if isinstance(chain, list) else [((), config)]
    return [Plugin(path, _kind(values.get("type")), values) for path, values in found if isinstance(values, dict)]


def _kind(stated: Any) -> str:
    return next((plugin for plugin, names in schema.NAMES.items() if stated in names), "")


def check(config: Any, *, has_name: bool) -> Iterator[Said]:
    """All that is wrong with it. `has_name` when somebody gives it a name where it has none."""
    if not isinstance(config, dict):
        yield Said((), "wanted an object with the configuration of a plugin, or with `plugins`")
        return
    if not config.get("name") and not has_name:
        yield Said((), "missing network name: plugins refuse it", is_key=True)
    if "plugins" in config:
        yield from _chain(config)
    version = config.get("cniVersion") or SUPPORTED[0]
    made: set[str] = set()
    for plugin in plugins(config):
        yield from _plugin(plugin, config, bool(made))
        made.add(plugin.kind or "other")
    yield from _version(config, version)


def _chain(config: dict[str, Any]) -> Iterator[Said]:
    for said in keys.structure({key: value for key, value in config.items() if key != "plugins"}, _CHAIN, ()):
        key = str(said.path[-1]) if said.path else ""
        hint = "; a plugin's keys stand within plugins" if "unknown key" in said.message and _is_a_plugins(key) else ""
        yield Said(said.path, said.message.partition("; known")[0] + hint, said.is_warning, said.is_key)
    chain = config["plugins"]
    if not isinstance(chain, list) or not chain:
        yield Said(("plugins",), "plugins: wanted a list with at least one plugin")
        return
    for number, each in enumerate(chain):
        if not isinstance(each, dict):
            yield Said(("plugins", number), f"plugins[{number}]: wanted an object with the configuration of a plugin")


def _is_a_plugins(key: str) -> bool:
    return any(key in schema.known(plugin) for plugin in schema.SHAPES)


def _plugin(plugin: Plugin, config: dict[str, Any], is_chained: bool) -> Iterator[Said]:
    path, values = plugin.path, plugin.values
    kind = values.get("type")
    if not isinstance(kind, str) or not kind:
        yield Said(path, "type is missing: the name of the plugin, as cnv-bridge")
        return
    shape = Structure("", schema.known(plugin.kind) if plugin.kind else schema.COMMON)
    found = list(keys.structure(values, shape, path))
    if not plugin.kind:
        near = [] if "/" in kind else _near(kind)
        found = [each for each in found if "unknown key" not in each.message]
        found += [Said((*path, "type"), f"type {kind}: did you mean {near[0]}?", is_warning=True)] if near else []
    yield from found
    if plugin.kind == "cnv-tuning" and not is_chained and not values.get("prevResult"):
        yield Said((*path, "type"), f"{kind} tunes the interface of a plugin before it in `plugins`, and there is none")
    if plugin.kind and all(each.is_warning for each in found):
        yield from _refused(plugin, config)


def _near(kind: str) -> list[str]:
    from difflib import get_close_matches  # late: only for a plugin that is not ours

    others = ("macvlan", "ipvlan", "vlan", "host-device", "ptp", "sriov", "ovs", "portmap", "firewall", "bandwidth")
    names = [name for several in schema.NAMES.values() for name in several]
    return [] if kind in others else [each for each in get_close_matches(kind, names, n=1, cutoff=0.8) if each != kind]


def _refused(plugin: Plugin, config: dict[str, Any]) -> Iterator[Said]:
    """What only the plugin itself knows: options that contradict each other."""
    values = {key: value for key, value in plugin.values.items() if key != "prevResult"}
    call = Call(
        command=CHECK,
        container="lint",
        netns="",
        ifname="net1",
        args="",
        path="",
        network=str(config.get("name") or "lint"),
        version=SUPPORTED[-1],
        config=values,
        stdin=json.dumps(values).encode(),
        environment={},
    )
    try:
        READERS[plugin.kind](call)
    except (CniError, Misfit) as refused:
        details = getattr(refused, "details", "")
        yield Said(plugin.path, f"{refused}{f' ({details})' if details else ''}")


def _version(config: dict[str, Any], version: Any) -> Iterator[Said]:
    if version not in SUPPORTED or is_at_least(version, FIRST_WITH_INTERFACES):
        return
    stated = f"cniVersion {version}" if config.get("cniVersion") else "no cniVersion, which means 0.1.0"
    first = next(iter(plugins(config)), None)
    ipam = first.values.get("ipam") if first else None
    if first and first.kind == "cnv-bridge" and not (isinstance(ipam, dict) and ipam.get("type")):
        where: Path = ("cniVersion",) if config.get("cniVersion") else ()
        lost = "a result of that version holds addresses and nothing else, and there is no ipam; 0.3.1 will do"
        yield Said(where, f"{stated}: {lost}")
    if "plugins" in config:
        yield Said((), f"{stated}: chains came with 0.3.0", is_warning=True)
