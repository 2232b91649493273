"""Small hosts for kinds to look at, and links as the kernel would report them after a kind's wishes came true."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.records import Attrs, Link, VlanRange
from nncp_agent.kinds import KINDS
from nncp_agent.kinds.base import Context, Wanted
from nncp_agent.model import Interface, Model, NetworkState
from nncp_agent.shown.bond_options import OPTIONS
from nncp_agent.wire import decode

BOND: Attrs = {option.attr: option.default for option in OPTIONS.values()}
BRIDGE: Attrs = {
    "forward_delay": 1500, "hello_time": 200, "max_age": 2000, "ageing_time": 30000, "stp_state": 0, "priority": 32768,
    "vlan_filtering": 0, "vlan_protocol": "802.1q", "group_fwd_mask": 0, "group_addr": "01:80:c2:00:00:00",
    "mcast_router": 1, "mcast_snooping": 1, "mcast_query_use_ifaddr": 0, "mcast_querier": 0, "mcast_hash_max": 4096,
    "mcast_last_member_count": 2, "mcast_startup_query_count": 2, "mcast_last_member_interval": 100,
    "mcast_membership_interval": 26000, "mcast_querier_interval": 25500, "mcast_query_interval": 12500,
    "mcast_query_response_interval": 1000, "mcast_startup_query_interval": 3125, "vlan_default_pvid": 1,
}  # fmt: skip
VLAN: Attrs = {"protocol": "802.1q", "reorder_hdr": True, "gvrp": False, "mvrp": False, "loose_binding": False}
VETH: Attrs = {}
DEFAULTS: Mapping[str, Attrs] = {"bond": BOND, "bridge": BRIDGE, "vlan": VLAN, "veth": VETH}
PORT: Mapping[str, Attrs] = {
    "bond": {"queue_id": 0, "prio": 0},
    "bridge": {"hairpin": 0, "cost": 2, "priority": 32},
}
PVID = VlanRange(1, 1, pvid=True, untagged=True)
EMPTY = Host()


class Text:
    """A document of plain values."""

    def __init__(self, value: object, source: str = "") -> None:
        self.value, self.source = value, source

    def line(self, path: object) -> int | None:
        return None


def interface(name: str, type: str | None = None, **keys: Any) -> Interface:
    """One interface as a document would say it: `interface("bond1", "bond", mtu=1450)`."""
    tree = {"name": name, "type": type} | {key.replace("_", "-"): value for key, value in keys.items()}
    (found,) = decode([Text({"interfaces": [tree]})]).desired.interfaces or ()
    return found


def merged(iface: Interface, host: Host = EMPTY) -> Interface:
    """`iface` over what the host has."""
    kind = KINDS[iface.type or ""]
    link = host.links.get(iface.name)
    present = kind.read(link, host) if link is not None and link.kind in kind.link_kinds else None
    return msgspec.structs.replace(iface, config=kind.merge(iface.config, present))


def context(host: Host, *desired: Interface) -> Context:
    """What a kind may look at."""
    return Context(NetworkState(interfaces=desired), {each.name: merged(each, host) for each in desired}, host)


def problems(iface: Interface, host: Host = EMPTY, *others: Interface) -> list[str]:
    """What the kind finds wrong."""
    kind = KINDS[iface.type or ""]
    return [str(each) for each in kind.problems(iface, merged(iface, host), context(host, iface, *others))]


def warnings(iface: Interface, host: Host = EMPTY) -> list[str]:
    """What the kind finds surprising."""
    kind = KINDS[iface.type or ""]
    return [str(each) for each in kind.warnings(iface, merged(iface, host), context(host, iface))]


def wanted(iface: Interface, host: Host = EMPTY) -> Wanted:
    """What the kind asks of the kernel."""
    return KINDS[iface.type or ""].wanted(iface, merged(iface, host), context(host, iface))


def read(name: str, host: Host) -> Model | None:
    """What the kind reads back."""
    link = host.links[name]
    return next(kind for kind in KINDS.values() if link.kind in kind.link_kinds).read(link, host)


def settled(iface: Interface, host: Host = EMPTY) -> Host:
    """The host after `iface` came true, its ports included."""
    kind = KINDS[iface.type or ""]
    word, wish = kind.link_kinds[0], wanted(iface, host)
    whole = merged(iface, host)
    before = host.links.get(iface.name)
    attrs = {**(before.attrs if before is not None else DEFAULTS.get(word, {})), **wish.attrs}
    links = {**host.links, iface.name: replace(before or Link(iface.name, word), attrs=attrs)}
    vlans = {**host.vlans}
    for name in kind.ports(whole) or ():
        links[name], joined = _port(host.links.get(name) or Link(name), iface.name, word, wish.ports.get(name, {}))
        if joined and word == "bridge":
            vlans[name] = _default(attrs)
    return Host(links=links, vlans={**vlans, **wish.vlans})


def host(*links: Link, vlans: Mapping[str, Iterable[VlanRange]] | None = None) -> Host:
    """A host of these links."""
    return Host(
        links={link.name: link for link in links}, vlans={key: tuple(each) for key, each in (vlans or {}).items()}
    )


def _port(link: Link, controller: str, word: str, port: Attrs) -> tuple[Link, bool]:
    joined = link.master != controller
    attrs = {**(PORT[word] if joined else link.port), **port}
    return replace(link, attrs={**link.attrs, "master": controller}, port=attrs), joined


def _default(attrs: Attrs) -> tuple[VlanRange, ...]:
    pvid = attrs["vlan_default_pvid"]
    assert isinstance(pvid, int)
    return (VlanRange(pvid, pvid, pvid=True, untagged=True),) if pvid else ()
