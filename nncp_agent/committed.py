"""What the state directory holds after a committed apply: every policy so far, joined, to be restored at boot."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TypeVar

from msgspec.structs import replace

from netkernel.host import Host
from netkernel.records import Rule
from nncp_agent import overruled
from nncp_agent.identity import Links
from nncp_agent.kinds import KINDS
from nncp_agent.model import (
    AltName,
    Dispatch,
    DnsResolver,
    Hostname,
    Interface,
    NetworkState,
    RouteEntry,
    RouteRules,
    Routes,
    RuleEntry,
    State,
    merge,
    stated,
)
from nncp_agent.observe import Present, present
from nncp_agent.resolve.references import References
from nncp_agent.sections import routes, rules
from nncp_agent.shown.identifiers import SAME_TO_NMSTATE


def following(previous: NetworkState, desired: NetworkState, host: Host, claims: Collection[str] = ()) -> NetworkState:
    """As `commit`, where both may call the links of `host` by other names than the kernel's, and each by its own.

    `claims` are links that another manager made what they are and will not make so again: remembered as they are.
    """
    previous = in_words_of(desired, previous, host)
    previous = _with_what_goes_down(previous, desired, host)
    previous = _with_claims(previous, claims, host) if claims else previous
    links = Links(host)
    names = {
        other: links.name(iface)
        for iface in (*(previous.interfaces or ()), *(desired.interfaces or ()))
        for other in (iface.profile_name, iface.name)
        if other and other not in host.links
    }
    return commit(previous, desired, names)


def _with_what_goes_down(previous: NetworkState, desired: NetworkState, host: Host) -> NetworkState:
    """What somebody else made and this policy sets down is remembered as it is: the kernel may forget all of it."""
    known = {iface.name for iface in previous.interfaces or ()}
    going = [iface.name for iface in desired.interfaces or () if iface.state is State.DOWN and iface.name not in known]
    names = [name for name in going if name in host.links and host.links[name].up]
    if not names:
        return previous
    seen = Present(host)
    found = [_to_ask_for(seen[name]) for name in names]
    return replace(previous, interfaces=(*(previous.interfaces or ()), *found))


def _with_claims(previous: NetworkState, claims: Collection[str], host: Host) -> NetworkState:
    known = {iface.name for iface in previous.interfaces or ()}
    shown = present(host)
    found = [_to_ask_for(each) for each in shown.interfaces or () if each.name in claims and each.name not in known]
    ways = [each for each in (shown.routes and shown.routes.config) or () if each.next_hop_interface in claims]
    before = (previous.routes and previous.routes.config) or ()
    config = (*before, *(each for each in ways if each not in before))
    return replace(
        previous,
        interfaces=(*(previous.interfaces or ()), *found),
        routes=Routes(config=config) if config else previous.routes,
    )


def _to_ask_for(iface: Interface) -> Interface:
    """An interface as it is shown, less what nobody can ask for."""
    bare = replace(iface, driver=None, pci_address=None, permanent_mac_address=None, min_mtu=None, max_mtu=None)
    return replace(bare, owner=None, ethtool=None)


def commit(previous: NetworkState, desired: NetworkState, names: Mapping[str, str] | None = None) -> NetworkState:
    """`previous` with `desired` over it. Absent forgets, with all that sits on it; a port has one controller.

    `names` has the kernel's name for what a route may call otherwise.
    """
    stated = {iface.name: iface for iface in desired.interfaces or ()}
    forgotten = {name for name, iface in stated.items() if iface.state is State.ABSENT}
    remembered = {iface.name: iface for iface in previous.interfaces or ()}
    joined = {name: _without_old_claims(iface, stated) for name, iface in remembered.items()}
    for name, iface in stated.items():
        joined[name] = _over(iface, joined.get(name))
    forgotten |= {
        other
        for name in stated.keys() & remembered.keys()
        for other in _partners(remembered[name]) - _partners(joined[name])
        if not _is_up(stated.get(other))
    }
    forgotten = _with_what_sits_on_them(forgotten, joined, stated)
    kept = [_released(iface, forgotten) for name, iface in joined.items() if name not in forgotten]
    kept = overruled.possible(kept, stated)
    config = tuple(overruled.routes(_routes(previous, desired, forgotten, names or {}), kept))
    return NetworkState(
        interfaces=tuple(sorted(kept, key=lambda iface: iface.name)) or None,
        routes=Routes(config=config) if config else None,
        route_rules=RouteRules(config=found) if (found := tuple(_rules(previous, desired, names or {}))) else None,
        hostname=_hostname(previous.hostname, desired.hostname),
        dns_resolver=_name_servers(previous.dns_resolver, desired.dns_resolver),
    )


def in_words_of(desired: NetworkState, previous: NetworkState, host: Host) -> NetworkState:
    """`previous` with the names that `desired` has for the same links, so that no link is remembered twice."""
    links = Links(host)
    words = {links.name(iface): iface.name for iface in desired.interfaces or ()}
    others = {iface.name: words.get(links.name(iface), iface.name) for iface in previous.interfaces or ()}
    references = References({old: (new,) for old, new in others.items() if old != new})
    renamed = [replace(references.interface(iface, []), name=others[iface.name]) for iface in previous.interfaces or ()]
    config = references.routes((previous.routes.config if previous.routes else None) or (), [])
    found = references.rules((previous.route_rules.config if previous.route_rules else None) or (), [])
    return replace(
        previous,
        interfaces=tuple(renamed) or None,
        routes=Routes(config=config) if config else previous.routes,
        route_rules=RouteRules(config=found) if found else previous.route_rules,
    )


def _over(iface: Interface, earlier: Interface | None) -> Interface:
    """The interface as both policies say it; another type forgets what was said before."""
    if earlier is None or not _are_of_one_type(iface, earlier):
        altnames = _altnames(iface, None)
        scripts = _scripts(iface.dispatch)
        return replace(iface, description=iface.description or None, dispatch=scripts, alt_names=altnames)
    if iface == earlier:
        return earlier  # nothing new; most applies say what was said before
    joined = merge(iface, earlier) or iface
    kind = KINDS.get(joined.type or "")
    config = kind.merge(iface.config, earlier.config) if kind is not None else joined.config
    joined = replace(joined, config=config, alt_names=_altnames(iface, earlier))
    return replace(joined, description=joined.description or None, dispatch=_scripts(joined.dispatch))


def _altnames(iface: Interface, earlier: Interface | None) -> tuple[AltName, ...] | None:
    """Those that either gave it and the later did not take away."""
    said = [*((earlier.alt_names if earlier is not None else None) or ()), *(iface.alt_names or ())]
    last = {each.name: each for each in said}
    return tuple(each for each in last.values() if each.state is None) or None


def _scripts(dispatch: Dispatch | None) -> Dispatch | None:
    """Those there are: empty text takes one away."""
    if dispatch is None:
        return None
    kept = Dispatch(
        post_activation=dispatch.post_activation or None, post_deactivation=dispatch.post_deactivation or None
    )
    return kept if kept != Dispatch() else None


def _are_of_one_type(iface: Interface, earlier: Interface) -> bool:
    types = {iface.type, earlier.type}
    return None in types or len(types) == 1 or types == SAME_TO_NMSTATE


def _without_old_claims(iface: Interface, stated: Mapping[str, Interface]) -> Interface:
    """An earlier policy's interface, less the ports that this policy gives to somebody else."""
    kind = KINDS.get(iface.type or "")
    if iface.controller and _decided(iface.name, stated) not in (None, iface.controller):
        iface = replace(iface, controller=None)
    ports = kind.ports(iface) if kind is not None else None
    if kind is None or ports is None:
        return iface
    ours = stated.get(iface.name)
    if ours is not None and kind.ports(ours) is not None:
        return iface  # its own list replaces the old one
    joining = [name for name, other in stated.items() if other.controller == iface.name and name not in ports]
    left = [port for port in ports if _decided(port, stated) in (None, iface.name)]
    if len(left) == len(ports) and not joining:
        return iface
    return replace(iface, config=kind.with_ports(iface.config, [*left, *joining]))


def _decided(port: str, stated: Mapping[str, Interface]) -> str | None:
    """The controller this policy gives the port, "" for none; None when it says nothing."""
    for name, iface in stated.items():
        kind = KINDS.get(iface.type or "")
        if kind is not None and port in (kind.ports(iface) or ()):
            return name
    return stated[port].controller if port in stated else None


def _with_what_sits_on_them(
    forgotten: set[str], joined: Mapping[str, Interface], stated: Mapping[str, Interface]
) -> set[str]:
    """The forgotten interfaces, every one above them, and other ends of wires: none of these can come back alone."""
    above: dict[str, list[str]] = {}
    for name, iface in joined.items():
        kind = KINDS.get(iface.type or "")
        if kind is not None and kind.is_virtual:
            for below in kind.below(iface):
                above.setdefault(below, []).append(name)
        for partner in kind.partners(iface) if kind is not None else ():
            if partner.name in joined and not _is_up(stated.get(partner.name)):
                above.setdefault(name, []).append(partner.name)
            if not _is_up(stated.get(name)):
                above.setdefault(partner.name, []).append(name)
    virtual = {name for name in forgotten if _is_virtual(joined.get(name))}
    queue = list(virtual)
    while queue:
        for name in above.get(queue.pop(), ()):
            if name not in forgotten:
                forgotten.add(name)
                queue.append(name)
    return forgotten


def _partners(iface: Interface) -> set[str]:
    kind = KINDS.get(iface.type or "")
    return {partner.name for partner in kind.partners(iface)} if kind is not None else set()


def _is_up(iface: Interface | None) -> bool:
    return iface is not None and iface.state in (None, State.UP)


def _is_virtual(iface: Interface | None) -> bool:
    kind = KINDS.get(iface.type or "") if iface is not None else None
    return kind is None or kind.is_virtual


def _released(iface: Interface, forgotten: set[str]) -> Interface:
    """The interface without controllers and ports that are forgotten."""
    kind = KINDS.get(iface.type or "")
    if iface.controller in forgotten:
        iface = replace(iface, controller=None)
    ports = kind.ports(iface) if kind is not None else None
    if kind is None or not ports or forgotten.isdisjoint(ports):
        return iface
    return replace(iface, config=kind.with_ports(iface.config, [port for port in ports if port not in forgotten]))


def _routes(
    previous: NetworkState, desired: NetworkState, forgotten: set[str], names: Mapping[str, str]
) -> Iterator[RouteEntry]:
    """Earlier routes that nobody took away, then the new ones, in the words in which they were asked for."""
    earlier = (previous.routes.config if previous.routes else None) or ()
    config = (desired.routes.config if desired.routes else None) or ()
    patterns = routes.Patterns(routes.absent([_by_kernel_name(entry, names) for entry in config]))
    kept = [entry for entry in earlier if not patterns.match(routes.leg(_by_kernel_name(entry, names)))]
    seen: dict[str, list[routes.Leg]] = {}
    for entry in (*kept, *filter(routes.is_wanted, config)):
        leg = routes.leg(_by_kernel_name(entry, names))
        like = seen.setdefault(leg.destination, [])
        if entry.next_hop_interface in forgotten or any(leg.is_like(other) for other in like):
            continue
        like.append(leg)
        yield entry


def _rules(previous: NetworkState, desired: NetworkState, names: Mapping[str, str]) -> Iterator[RuleEntry]:
    """Earlier rules that nobody took away, then the new ones; each once, and with the priority that it has."""
    earlier = (previous.route_rules.config if previous.route_rules else None) or ()
    config = (desired.route_rules.config if desired.route_rules else None) or ()
    patterns = [_by_kernel_name(entry, names) for entry in rules.absent(config)]
    seen: set[Rule] = set()
    for entry in (*earlier, *filter(rules.is_wanted, config)):
        rule = rules.rule(_by_kernel_name(entry, names))
        is_old = any(entry is each for each in earlier)
        if rule not in seen and not (is_old and any(rules.matches(each, rule) for each in patterns)):
            seen.add(rule)
            yield entry


def _hostname(earlier: Hostname | None, later: Hostname | None) -> Hostname | None:
    """What the host is to be called after a restart; the running name ends with the system that runs."""
    config = later.config if later is not None and later.config is not None else earlier.config if earlier else None
    return Hostname(config=config) if config is not None else None


def _name_servers(earlier: DnsResolver | None, later: DnsResolver | None) -> DnsResolver | None:
    """Each list as it was last stated; nothing once all were cleared."""
    config = later.config if later is not None else None
    if config is None:
        return earlier
    if not stated(config):
        return None
    return DnsResolver(config=merge(config, earlier.config if earlier is not None else None))


Entry = TypeVar("Entry", RouteEntry, RuleEntry)


def _by_kernel_name(entry: Entry, names: Mapping[str, str]) -> Entry:
    if isinstance(entry, RuleEntry):
        return replace(entry, iif=names.get(entry.iif or "", entry.iif))
    name = names.get(entry.next_hop_interface or "")
    return replace(entry, next_hop_interface=name) if name else entry
