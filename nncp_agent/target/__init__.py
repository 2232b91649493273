"""What the kernel's records should be once the policy holds: stage one of a plan; how to get there is `reconcile`'s."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from netkernel import devconf
from netkernel.ethtool import MPTCP
from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.link_kinds import COMMON
from netkernel.link_kinds import KINDS as LINK_KINDS
from netkernel.records import VRF_RULES, Address, Attrs, Endpoint, Link, Rule, Value, VlanRange
from nncp_agent.kinds.base import Context, Wanted
from nncp_agent.model import Interface, State
from nncp_agent.resolve import Resolved, kind_of
from nncp_agent.sections import dns, hostname, mptcp, rules
from nncp_agent.shown import is_bare_port
from nncp_agent.shown.routers import accepts_ra
from nncp_agent.target import clients, hardware, macs, names, routers, siblings
from nncp_agent.target.addresses import addresses_of, end_alike, has
from nncp_agent.target.routes import routed

SMALLEST_IPV6_MTU: Final = 1280
"""RFC 8200 section 5; below it the kernel takes IPv6 off the link, settings and all."""
OFF: Final = {"disable_ipv6": 1, "accept_ra": 0}
STATIC: Final = {"disable_ipv6": 0, "accept_ra": 0, "autoconf": 0}
VlanTable = tuple[VlanRange, ...]
KERNEL_MODES: Final = {"eui64": "eui64", "stable-privacy": "random"}
"""nmstate's addr-gen-mode words to the kernel's: `random` is RFC 7217 with a secret the kernel makes."""


def target(resolved: Resolved, before: Host) -> Host:
    """`before` with the policy true. What it leaves alone is the same object as in `before`."""
    context = context_of(resolved, before)
    links = {name: link for name, link in before.links.items() if name not in resolved.gone}
    addresses = {name: these for name, these in before.addresses.items() if name not in resolved.gone}
    vlans = {name: ranges for name, ranges in before.vlans.items() if name not in resolved.gone}
    wanted: dict[str, Wanted] = {}
    for name, iface in resolved.wanted.items():
        seen = before.links.get(name)
        wanted[name] = _wanted(iface, context, seen)
        links[name] = _link(iface, resolved.merged[name], seen, wanted[name], before)
        if (these := addresses_of(iface, resolved.merged[name], before, resolved.expiring.get(name, ()))) is not None:
            addresses[name] = these
    for port, controller in resolved.masters.items():
        if port in links and links[port].master != controller:  # a pod's port of a bridge that goes
            links[port] = replace(links[port], attrs={**links[port].attrs, "master": controller})
    _let_go_of_old_controllers(links, vlans, before)
    for name in wanted:
        _ports(name, wanted[name], resolved.kept, links, vlans)
    macs.follow(links, resolved, before)
    siblings.share(links, resolved.wanted, before)
    _sink(links, addresses, resolved.wanted, before)
    settings = hardware.settings(resolved.wanted.values(), before)
    after = replace(before, links=links, addresses=addresses, vlans=vlans, hardware=settings)
    after = replace(after, clients=clients.clients(resolved, before))
    after = clients.without_their_routes(routed(after, resolved, before), before)
    after = _with_endpoints(after, resolved, before)
    after = replace(after, rules=_with_those_of_vrfs(rules.target(resolved.rules, before.rules), after, before))
    after = hostname.target(resolved.desired.hostname, after)
    after = dns.target(resolved.desired.dns_resolver, after)
    return before if after == before and end_alike(after, before) else after


def _with_those_of_vrfs(rules: tuple[Rule, ...], after: Host, before: Host) -> tuple[Rule, ...]:
    """With the first VRF of a host come the rules that make packets use its table, unless somebody has them already."""
    if not any(link.kind == "vrf" for link in after.links.values()):
        return rules
    is_first = not any(link.kind == "vrf" for link in before.links.values())
    return (*rules, *(rule for rule in VRF_RULES if rule not in rules)) if is_first else rules


def _with_endpoints(after: Host, resolved: Resolved, before: Host) -> Host:
    """What the addresses there will be are to MPTCP, where that was looked at."""
    if MPTCP not in before.also:
        return after
    gone: set[Endpoint] = {each for each in before.endpoints if each.link in resolved.gone}
    new: list[Endpoint] = []
    for name, iface in resolved.wanted.items():
        going, coming = mptcp.target(resolved.merged[name], iface, after, before)
        gone |= going
        new += coming
    if not gone and not new:
        return after
    return replace(after, endpoints=(*(each for each in before.endpoints if each not in gone), *new))


def context_of(resolved: Resolved, before: Host) -> Context:
    """What kinds see of the whole."""
    return Context(resolved.desired, resolved.merged, before)


def _wanted(iface: Interface, context: Context, seen: Link | None) -> Wanted:
    """A kind's settings wait until the link is asked up: what is down has nobody to serve."""
    if iface.state in (State.ABSENT, State.DOWN) or iface.config is None:
        return Wanted()
    return kind_of(iface, seen).wanted(iface, context.merged[iface.name], context)


def _link(iface: Interface, merged: Interface, seen: Link | None, wanted: Wanted, before: Host) -> Link:
    changes: dict[str, Value] = {"up": iface.state is not State.DOWN, **wanted.attrs}
    if iface.state is not State.ABSENT:
        changes |= _common(iface, before)
    elif seen is not None:
        changes |= {"master": ""} if seen.master else {}
        changes |= {"altnames": names.altnames(iface.alt_names, seen)} if iface.alt_names else {}
    kind = kind_of(iface, seen)
    is_another = seen is not None and seen.kind in kind.link_kinds and seen.kind != kind.link_kind(merged)
    if seen is not None and is_another:
        seen = _in_another_kind(seen, kind.link_kind(merged))
    if seen is None:
        attrs = {key: value for key, value in changes.items() if value or key not in ("promisc", "master", "token")}
        return Link(
            name=iface.name, kind=kind.link_kind(merged), attrs=attrs, conf6=_conf6(merged, None, iface, before)
        )
    conf6 = _conf6(merged, seen, iface, before, made_anew=is_another or _is_made_anew(seen, changes))
    if conf6 == seen.conf6 and all(seen.attrs.get(key) == value for key, value in changes.items()):
        return seen
    written = changes.get("address") not in (None, seen.attrs.get("address"))
    assigned = macs.PINNED if written else seen.address_assigned
    kept = {key: value for key, value in seen.attrs.items() if key not in wanted.forgotten}
    return replace(seen, attrs={**kept, **changes}, conf6=conf6, address_assigned=assigned)


def _is_made_anew(seen: Link, changes: Mapping[str, Value]) -> bool:
    """Whether its driver takes one of the changes only with a new link, which begins with IPv6 of its own."""
    fixed = LINK_KINDS[seen.kind].fixed if seen.kind in LINK_KINDS else ()
    return any(key in changes and changes[key] != seen.attrs.get(key) for key in fixed)


def _in_another_kind(seen: Link, word: str) -> Link:
    """What is left of a link that is made anew as another kind: not what it had from its driver."""
    kept = {key: value for key, value in seen.attrs.items() if key in COMMON and key not in ("address", "mtu", "link")}
    return replace(seen, kind=word, attrs=kept, address_assigned=None)


def _common(iface: Interface, before: Host) -> dict[str, Value]:
    """The attributes every link has, as far as the policy states them."""
    changes: dict[str, Value] = {}
    if iface.controller is not None:
        changes["master"] = iface.controller
    if iface.mtu is not None:
        changes["mtu"] = iface.mtu
    if iface.accept_all_mac_addresses is not None:
        changes["promisc"] = iface.accept_all_mac_addresses
    if iface.ipv6 is not None and iface.ipv6.addr_gen_mode in KERNEL_MODES:
        link = before.links.get(iface.name)
        mode = KERNEL_MODES[iface.ipv6.addr_gen_mode]
        kept = link is not None and mode == "random" and link.attrs.get("addr_gen_mode") == "stable_secret"
        changes |= {} if kept else {"addr_gen_mode": mode}
    if iface.ipv6 is not None and iface.ipv6.token is not None:
        changes["token"] = iface.ipv6.token
    elif iface.ipv6 is not None and iface.ipv6.autoconf is False and _has_token(iface.name, before):
        changes["token"] = ""
    if iface.alt_names:
        changes["altnames"] = names.altnames(iface.alt_names, before.links.get(iface.name))
    if iface.mac_address:
        changes["address"] = iface.mac_address.lower()
    elif iface.copy_mac_from and iface.copy_mac_from in before.links:
        source = before.links[iface.copy_mac_from]
        changes["address"] = source.perm_address or source.own_address or source.address
    return changes


def _has_token(name: str, before: Host) -> bool:
    return name in before.links and bool(before.links[name].attrs.get("token"))


def _conf6(merged: Interface, seen: Link | None, iface: Interface, before: Host, *, made_anew: bool = False) -> bytes:
    """The IPv6 settings: a family that is off makes no addresses by itself, a static one listens to no router."""
    enabled = merged.ipv6 is not None and merged.ipv6.enabled is True
    if merged.mtu is not None and merged.mtu < SMALLEST_IPV6_MTU:
        return seen.conf6 if seen is not None else b""
    if seen is None or (
        "mtu" in seen.attrs and seen.mtu < SMALLEST_IPV6_MTU
    ):  # new to IPv6: below, the kernel had taken it off the link
        return devconf.sparse({**(STATIC if enabled else OFF), **_from_routers(merged, iface, None, before)})
    if enabled:
        return devconf.overlay(seen.conf6, _on(merged, seen, iface, before))
    return devconf.overlay(seen.conf6, OFF if made_anew else _off(merged, seen, iface, before))


def _on(merged: Interface, seen: Link, iface: Interface, before: Host) -> Mapping[str, int]:
    if merged.state is State.DOWN:
        return {"disable_ipv6": 0}  # whoever sets it up says who it listens to
    if not _shows_ipv6(seen, before) and not (iface.ipv6 is not None and iface.ipv6.autoconf and accepts_ra(seen)):
        return {**STATIC, **_from_routers(merged, iface, seen, before)}
    no_more_routers = iface.ipv6 is not None and iface.ipv6.autoconf is False and accepts_ra(seen)
    if no_more_routers:
        return {"accept_ra": 0, "autoconf": 0}
    return {**_enabled(seen), **_from_routers(merged, iface, seen, before)}


def _enabled(seen: Link) -> Mapping[str, int]:
    return {"disable_ipv6": 0} if devconf.get(seen.conf6, "disable_ipv6") else {}


def _from_routers(merged: Interface, iface: Interface, seen: Link | None, before: Host) -> Mapping[str, int]:
    """What is to be said so that the link takes from routers what the policy wants of them."""
    stated, whole = iface.ipv6, merged.ipv6
    if stated is None or whole is None or not whole.enabled or not whole.autoconf:
        return {}
    return routers.settings(stated, seen, before)


def _off(merged: Interface, seen: Link, iface: Interface, before: Host) -> Mapping[str, int]:
    """Nothing for a link that shows none, unless it comes up or changes hands, when the kernel would give one."""
    rises = merged.state is not State.DOWN and (not seen.up or _gains_carrier(iface, seen, before))
    moves = iface.controller is not None and iface.controller != seen.master
    return OFF if rises or moves or _shows_ipv6(seen, before) else {}


def _gains_carrier(iface: Interface, seen: Link, before: Host) -> bool:
    """Whether a controller that is up and idle gets a port: with the carrier the kernel gives it an address."""
    ports = kind_of(iface, seen).ports(iface) or ()
    return not seen.carrier and bool(set(ports) - set(before.ports(seen.name)))


def _shows_ipv6(seen: Link, before: Host) -> bool:
    return not is_bare_port(seen, before) and has(before, seen.name, 6)


def _let_go_of_old_controllers(links: dict[str, Link], vlans: dict[str, tuple[VlanRange, ...]], before: Host) -> None:
    """A port that changes hands starts with a new controller's defaults: its options and VLANs were the old one's."""
    for name, old in before.links.items():
        link = links.get(name)
        if link is not None and link is not old and old.master and link.master != old.master:
            links[name] = replace(link, port={})
            vlans.pop(name, None)


def _ports(
    controller: str, wanted: Wanted, kept: frozenset[str], links: dict[str, Link], vlans: dict[str, VlanTable]
) -> None:
    """The settings of its ports, of those it has in the end; what an ignored or foreign one has is left alone."""
    for port, options in wanted.ports.items():
        link = links.get(port)
        if link is None or link.master != controller or port in kept:
            continue
        if any(link.port.get(key) != value for key, value in options.items()):
            links[port] = replace(link, port={**link.port, **options})
    for name, ranges in wanted.vlans.items():
        if (
            name in links
            and controller in (name, links[name].master)
            and name not in kept
            and vlans.get(name) != ranges
        ):
            vlans[name] = ranges


def _sink(
    links: dict[str, Link], addresses: dict[str, tuple[Address, ...]], wanted: Mapping[str, Interface], before: Host
) -> None:
    """What sits on a link that goes down goes down with it and loses its IPv6, all but loosely bound VLANs."""
    queue = [name for name in wanted if name in before.links and before.links[name].up and not links[name].up]
    while queue:
        for name in before.above(queue.pop()):
            link = links.get(name)
            if link is None or not link.up or link.attrs.get("loose_binding") or name in wanted:
                continue
            links[name] = replace(link, attrs={**link.attrs, "up": False})
            addresses[name] = tuple(each for each in before.addresses.get(name, ()) if each.family == 4)
            queue.append(name)


def changed(attrs: Attrs, link: Link | None) -> Attrs:
    """The attributes that the link does not have already."""
    return attrs if link is None else {key: value for key, value in attrs.items() if link.attrs.get(key) != value}
