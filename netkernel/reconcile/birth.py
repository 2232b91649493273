"""Links come: what is missing is made, with what has to be said when it is made."""

from __future__ import annotations

from netkernel.link_kinds import COMMON, KINDS
from netkernel.link_kinds.bond import MIIMON_BY_ITSELF
from netkernel.ops import CreateLink
from netkernel.reconcile import links, rules, values
from netkernel.reconcile.world import Planning
from netkernel.records import Link, Value
from netkernel.simulation import stacked
from netkernel.simulation.world import ETHERNET_MTU, NO_MAC


def create(planning: Planning) -> None:
    """Make what is missing, bases first; with the index it had, unless somebody has that now."""
    missing = [name for name in planning.names() if name in planning.target.links and name not in planning.world.links]
    taken = {link.index for link in planning.world.links.values()} if missing else set()
    for name in missing:
        want = planning.target.links[name]
        if name in planning.world.links or not _can_be_made(planning, want):
            continue
        for base in (planning.target.links[below] for below in want.below if below in planning.target.links):
            links.mtu(planning, base.name, base, rising=True)  # what sits on it must not be larger
            if want.attrs.get("remote6") or want.attrs.get("local6"):  # the driver wants IPv6 on before
                links.settings(planning, planning.world.links[base.name], base)
        if want.kind == "vrf":
            rules.before_a_vrf(planning)
        peer = planning.target.links.get(want.peer)
        index, peer_index = (0 if each is None or each.index in taken else each.index for each in (want, peer))
        planning.do(CreateLink(name, want.kind, _at_birth(planning, want), index, peer_index))
    for name in missing:
        if name in planning.world.links:
            links.settings(planning, planning.world.links[name], planning.target.links[name])


def _can_be_made(planning: Planning, want: Link) -> bool:
    """Not a NIC, a kind we do not know, what needs a peer elsewhere or a process, what sits on a NIC that is gone."""
    if want.kind not in KINDS or (want.kind == "veth" and not want.attrs.get("peer")):
        return False
    if want.facts.get("persist") == 0:
        return False
    if any(below not in planning.world.links for below in want.below):
        return False
    return want.kind != "vlan" or not _waits_for_its_base(planning, want)


def _waits_for_its_base(planning: Planning, want: Link) -> bool:
    """A VLAN takes its base's MAC at birth, and with one of zeros it never comes up: a bridge gets its own first."""
    if not values.has_no_mac(planning, planning.world.links[want.link]):
        return False
    base = planning.target.links.get(want.link)
    return base is not None and (bool(planning.target.ports(base.name)) or base.address not in ("", NO_MAC))


def _at_birth(planning: Planning, want: Link) -> dict[str, Value]:
    """What has to be said when the link is made: nothing that it has by default or gets from what it sits on."""
    kind = KINDS[want.kind]
    skipped = links.LATE - ({"peer"} if want.kind == "veth" else set())
    attrs: dict[str, Value] = {}
    for key in sorted(want.attrs, key=lambda key: values.place(kind, key)):
        spec = kind.attrs.get(key) or COMMON.get(key)
        if spec is None or spec.read_only or key in skipped or _is_implied(planning, want, key, want.attrs[key]):
            continue
        attrs[key] = want.attrs[key]
    return attrs | {key: want.facts[key] for key in sorted(kind.born) if want.facts.get(key)}


def _is_implied(planning: Planning, want: Link, key: str, value: Value) -> bool:
    kind = KINDS[want.kind]
    if key in kind.fixed:
        return value == "" if key in ("link", "peer_netns") else key == "port" and bool(want.attrs.get("sci"))
    if key == "arp_validate" and want.attrs.get("miimon"):
        return True  # said later: not taken together with miimon
    if key == "miimon" and want.attrs.get("mode") in MIIMON_BY_ITSELF:
        return False
    if key in kind.defaults:
        return kind.defaults[key] == value or not values.is_taken(want, key)
    if key == "address":
        first = stacked.first_mac(planning.world.links, want.kind, want.attrs) if want.kind == "macsec" else None
        return values.follows_others(planning, want) or value == first
    if key == "mtu" and kind.chooses_mtu:
        return True  # said later
    if key == "mtu":
        base = planning.world.links.get(want.link)
        rises_later = base is not None and values.is_too_small_yet(planning, base, want, want.mtu)
        return rises_later or value == _born_mtu(planning, want)
    return (
        value in ("", (), NO_MAC)
        or (key, value) in (("txqlen", kind.queue), ("group", 0))
        or not values.is_taken(want, key)
    )


def _born_mtu(planning: Planning, want: Link) -> int:
    """The MTU it gets without being told: its base's, its lowest port's, or Ethernet's."""
    links = planning.target.links
    if want.kind != "bridge":
        return stacked.born_mtu(links, want.kind, want.attrs)
    ports = [links[port].mtu for port in planning.target.ports(want.name) if links[port].mtu]
    return min(ports, default=ETHERNET_MTU)
