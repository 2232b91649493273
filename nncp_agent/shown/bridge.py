"""`bridge`: options and ports of a linux-bridge (nmstate.md 3.2), and where the kernel keeps them (IFLA_BR_*)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from netkernel.host import Host
from netkernel.records import Attrs, Link, Value, VlanRange
from netkernel.typed import Any, Final
from nncp_agent.shown import bridge_vlans
from nncp_agent.shown.base import Tree

NUMBERS: Final = {
    "group_fwd_mask": "group_fwd_mask",
    "hash_max": "mcast_hash_max",
    "multicast_last_member_count": "mcast_last_member_count",
    "multicast_startup_query_count": "mcast_startup_query_count",
    "vlan_default_pvid": "vlan_default_pvid",
}
FLAGS: Final = {
    "multicast_querier": "mcast_querier",
    "multicast_query_use_ifaddr": "mcast_query_use_ifaddr",
    "multicast_snooping": "mcast_snooping",
}
INTERVALS: Final = {
    "multicast_last_member_interval": "mcast_last_member_interval",
    "multicast_membership_interval": "mcast_membership_interval",
    "multicast_querier_interval": "mcast_querier_interval",
    "multicast_query_interval": "mcast_query_interval",
    "multicast_query_response_interval": "mcast_query_response_interval",
    "multicast_startup_query_interval": "mcast_startup_query_interval",
}
"""Kept in jiffies: a kernel of 250 ticks a second gives odd centiseconds back one lower."""
ROUTERS: Final = ("disabled", "auto", "enabled")
"""MDB_RTR_TYPE_* of linux/if_bridge.h."""
STP_SECONDS: Final = {"forward_delay": (2, 30), "hello_time": (1, 10), "max_age": (6, 40)}
"""What 802.1D allows; kernel attributes of the same names are in centiseconds."""
ATTRS: Final = {
    **NUMBERS,
    **FLAGS,
    **INTERVALS,
    "mac_ageing_time": "ageing_time",
    "multicast_router": "mcast_router",
    "group_addr": "group_addr",
    "vlan_protocol": "vlan_protocol",
}
"""Options by the model's word. `stp` has its own."""
TIMERS: Final = ("gc_timer", "hello_timer")
"""What is left of them, which nobody sets."""
USUAL_PVID: Final = 1
"""The kernel's vlan_default_pvid."""


def config(link: Link, host: Host) -> Tree:
    """Options and ports; `vlan` only where filtering is on."""
    filtering, default = bool(link.attrs.get("vlan_filtering")), pvid(link)
    return {
        "options": _options(link),
        "port": [
            _port(name, host.links[name].port, host.vlans.get(name, ()) if filtering else (), default)
            for name in host.ports(link.name)
        ],
    }


def pvid(link: Link | None) -> int:
    """The default PVID of a bridge; of one that is not there yet the kernel's."""
    found = link.attrs.get("vlan_default_pvid") if link is not None else None
    return found if isinstance(found, int) else USUAL_PVID


def _options(link: Link) -> Tree:
    """Most bridges of a host are set alike: they share what is made of that."""
    return _made((*map(link.attrs.get, _SETTINGS), *map(link.facts.get, TIMERS)))


@lru_cache(maxsize=256)
def _made(told: tuple[Value | None, ...]) -> Tree:
    values: dict[str, Any] = dict(zip((*_SETTINGS, *TIMERS), told, strict=True))
    values["stp"] = _stp(values)
    options: Tree = {}
    for key, attr, convert in _OPTIONS:
        if (value := values[attr]) is not None:
            value = convert(value) if convert else value
            if value is not None:
                options[key] = value
    return options


def _stp(attrs: Attrs) -> Tree:
    stp: Tree = {}
    if (enabled := attrs.get("stp_state")) is not None:
        stp["enabled"] = bool(enabled)
    for key, word, low, high in _STP_SECONDS:
        if (seconds := _seconds(attrs.get(word), low, high)) is not None:
            stp[key] = seconds
    if (priority := attrs.get("priority")) is not None:
        stp["priority"] = priority
    return stp


_STP_SECONDS: Final = tuple((word.replace("_", "-"), word, *limits) for word, limits in STP_SECONDS.items())


def _seconds(centiseconds: Any, low: int, high: int) -> int | None:
    """Whole seconds of a stated range; None for what a policy could not say."""
    if not isinstance(centiseconds, int) or centiseconds % 100 or not low <= centiseconds // 100 <= high:
        return None
    return centiseconds // 100


def _router(number: int) -> str | None:
    return ROUTERS[number] if number < len(ROUTERS) else None


_CONVERT: Final[Mapping[str, Callable[[Any], Any]]] = {
    **dict.fromkeys(FLAGS, bool),
    "group_addr": lambda address: address.upper() or None,
    "mac_ageing_time": lambda time: _seconds(time, 0, 2**32),
    "multicast_router": _router,
}
_OPTIONS: Final = tuple(
    (word.replace("_", "-"), attr, _CONVERT.get(word))
    for word, attr in (
        *sorted({**ATTRS, **{timer: timer for timer in TIMERS}, "stp": "stp"}.items()),
        ("group_forward_mask", "group_fwd_mask"),  # nmstate prints both its words
    )
)
"""Key, attribute and what is made of its value (None: it is left out), in the order they are printed."""
_SETTINGS: Final = (*ATTRS.values(), *STP_SECONDS, "stp_state", "priority")


def _port(name: str, attrs: Attrs, entries: Sequence[VlanRange], default: int) -> Tree:
    port: Tree = {"name": name}
    if (hairpin := attrs.get("hairpin")) is not None:
        port["stp-hairpin-mode"] = bool(hairpin)
    if (cost := attrs.get("cost")) is not None:
        port["stp-path-cost"] = cost
    if (priority := attrs.get("priority")) is not None:
        port["stp-priority"] = priority
    if (vlan := bridge_vlans.read(entries, default)) is not None:
        port["vlan"] = vlan
    return port
