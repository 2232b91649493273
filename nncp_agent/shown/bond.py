"""`link-aggregation`: a bond's mode, options and ports (nmstate.md 3.1)."""

from __future__ import annotations

from netkernel.host import Host
from netkernel.records import Attrs, Link, Value
from netkernel.typed import Any, Final
from nncp_agent.shown.base import Tree
from nncp_agent.shown.bond_options import MODES, OPTIONS

NUMBERS: Final = frozenset({"tlb_dynamic_lb", "use_carrier"})
"""Flags that the kernel keeps as numbers."""
_SHOWN: Final = {
    mode: tuple((word, option.attr) for word, option in OPTIONS.items() if mode in option.shown) for mode in MODES
}


def config(link: Link, host: Host) -> Tree:
    """The options that nmstate shows in this mode, and each port with its settings."""
    mode: Any = link.attrs.get("mode")
    if mode is None:
        return {}
    ports = host.ports(link.name)
    tree: Tree = {"mode": mode, "options": _options(link.attrs, mode), "port": list(ports)}
    if ports:
        tree["ports-config"] = [_port(name, host.links[name].port) for name in ports]
    return tree


def _options(attrs: Attrs, mode: str) -> Tree:
    options = {}
    for word, attr in _SHOWN.get(mode, ()):
        value = attrs.get(attr)
        if value is not None and (word != "primary" or value):
            options[word] = _word(word, value)
    if "num_grat_arp" in options:  # two words for one knob, and nmstate prints both
        options["num_unsol_na"] = options["num_grat_arp"]
    return options


def _word(word: str, value: Value) -> Any:
    if isinstance(value, tuple):
        return ",".join(value)
    if word == "ad_actor_system":
        return str(value).upper()
    return bool(value) if word in NUMBERS else value


def _port(name: str, attrs: Attrs) -> Tree:
    port: Tree = {"name": name}
    if (priority := attrs.get("prio")) is not None:
        port["priority"] = priority
    if (queue := attrs.get("queue_id")) is not None:
        port["queue-id"] = queue
    return port
