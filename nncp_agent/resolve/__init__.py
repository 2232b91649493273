"""From what a policy says to what it means on this host: names, types, states, ports, and who has to go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec.structs import replace

from netkernel.frozen import Frozen
from netkernel.host import Host
from netkernel.records import Link
from nncp_agent.errors import Problem
from nncp_agent.foreign import peer_is_elsewhere
from nncp_agent.kinds import KINDS, by_link
from nncp_agent.kinds.base import Kind
from nncp_agent.model import (
    Interface,
    IpStack,
    NetworkState,
    RouteEntry,
    RouteRules,
    RuleEntry,
    State,
    merge,
    stated,
    with_changes,
)
from nncp_agent.observe import DISABLED, Present
from nncp_agent.resolve import dynamic, names
from nncp_agent.resolve import ports as port_lists
from nncp_agent.sections import functions as virtual_functions
from nncp_agent.sections import rules


class Resolved(Frozen):
    """A policy, understood. Every mapping is by kernel name.

    `desired` is the policy with its types and the priorities of its rules filled in, in the policy's own names;
    `called` has those by kernel name where they differ, `routes` and `rules` are the policy's. `present` is the host in
    the same words. `asked` is what the policy states; `wanted` adds what it pulls in (ports, bases, a veth's end).
    `merged` is the policy over the present state, for every interface there will be. `gone` are the links to delete.
    `masters` has the controller ("" for none) of each link whose controller this policy decides. `kept` are ports that
    stay where they are whatever a port list says: foreign or ignored. `expiring` has the addresses of each link to
    which the policies before this one have given a lifetime.
    """

    desired: NetworkState
    called: Mapping[str, str]
    routes: tuple[RouteEntry, ...]
    rules: tuple[RuleEntry, ...]
    present: Present
    asked: Mapping[str, Interface]
    wanted: Mapping[str, Interface]
    merged: Mapping[str, Interface]
    gone: frozenset[str]
    masters: Mapping[str, str]
    kept: frozenset[str]
    expiring: Mapping[str, frozenset[str]]
    problems: tuple[Problem, ...]


class Merged(Mapping[str, Interface]):
    """Every interface there will be: changed ones from the policy, the others as they are."""

    def __init__(
        self, changed: Mapping[str, Interface], present: Mapping[str, Interface], gone: frozenset[str]
    ) -> None:
        self._changed = changed
        self._present = present
        self._gone = gone

    def __getitem__(self, name: str) -> Interface:
        if name in self._changed:
            return self._changed[name]
        if name in self._gone:
            raise KeyError(name)
        return self._present[name]

    def __contains__(self, name: object) -> bool:
        return name in self._changed or (name in self._present and name not in self._gone)

    def __iter__(self) -> Iterator[str]:
        return iter(sorted({*self._changed, *self._present} - self._gone))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def resolve(desired: NetworkState, present: Present, before: Host, committed: NetworkState) -> Resolved:
    """What `desired` means here. Broken references are in `problems` and otherwise left out, so judging can go on."""
    functions, unknown_functions = virtual_functions.links(desired, before)
    desired = names.renamed(desired, functions, unknown_functions) if functions or unknown_functions else desired
    named = names.resolved(desired, before, committed)
    problems = [*unknown_functions, *named.problems]
    lasting = {iface.name: dynamic.kept(iface, present, before) for iface in named.interfaces}
    asked = {name: _quiet(iface, before) for name, iface in lasting.items()}
    gone = _gone(asked, before, committed, problems)
    living = {name: _restored(iface, before) for name, iface in asked.items() if _lives(name, iface, gone, before)}
    ports = port_lists.decide(asked, living, gone, before, committed, problems)
    wanted = {name: _with_master(iface, ports, before) for name, iface in living.items()}
    wanted |= _pulled_in(wanted, ports, gone, before)
    changed = {name: _merged(iface, present, before) for name, iface in wanted.items()}
    merged = Merged(changed, present, gone)
    problems += _broken_foundations(wanted, merged, gone, before)
    numbered = rules.numbered(named.rules, before)
    return Resolved(
        desired=_with_priorities(_with_addresses(_with_types(desired, named), lasting, named), numbered),
        routes=named.routes,
        rules=numbered,
        called={**named.called, **{link: word for word, link in functions.items()}},
        present=present,
        asked=asked,
        wanted=wanted,
        merged=merged,
        gone=gone,
        masters=ports.masters,
        kept=ports.kept,
        expiring=dynamic.expiring(committed, before),
        problems=tuple(names.once(problems, unknown_functions)),
    )


def _quiet(iface: Interface, before: Host) -> Interface:
    """What goes down has no addresses, whatever is remembered for the day it comes up again (nmstate.md 5.2).

    Those that a link has which is down already may be asked for: `show` prints them.
    """
    link = before.links.get(iface.name)
    if iface.state is not State.DOWN or (iface.ipv4 is None and iface.ipv6 is None):
        return iface
    present = before.addresses.get(iface.name, ()) if link is not None and not link.up else ()
    families = {each.family for each in present}
    return replace(iface, ipv4=iface.ipv4 if 4 in families else None, ipv6=iface.ipv6 if 6 in families else None)


def _with_types(desired: NetworkState, named: names.Named) -> NetworkState:
    """The policy with the types that were looked up, so that it can be remembered without the host."""
    types = {named.called.get(iface.name, iface.name): iface.type for iface in named.interfaces}
    interfaces = [
        replace(iface, type=types[iface.name]) if iface.type is None and iface.name in types else iface
        for iface in desired.interfaces or ()
    ]
    return replace(desired, interfaces=tuple(interfaces) if desired.interfaces is not None else None)


def _with_addresses(desired: NetworkState, lasting: Mapping[str, Interface], named: names.Named) -> NetworkState:
    """The policy with the dynamic addresses that it turns into static ones, so that they are there after a restart."""
    new = {
        named.called.get(each.name, each.name): lasting[each.name]
        for each in named.interfaces
        if lasting[each.name] is not each
    }
    if not new:
        return desired
    interfaces = [(each, new.get(each.name, each)) for each in desired.interfaces or ()]
    return replace(
        desired, interfaces=tuple([replace(each, ipv4=lasts.ipv4, ipv6=lasts.ipv6) for each, lasts in interfaces])
    )


def _with_priorities(desired: NetworkState, numbered: Sequence[RuleEntry]) -> NetworkState:
    """The policy with the priorities that were chosen, so that a rule is the same one after a restart."""
    config = (desired.route_rules.config if desired.route_rules else None) or ()
    if not config:
        return desired
    entries = [replace(entry, priority=by.priority) for entry, by in zip(config, numbered, strict=True)]
    return replace(desired, route_rules=RouteRules(config=tuple(entries)))


def kind_of(iface: Interface, link: Link | None) -> Kind:
    """The kind that knows this interface: by the policy's word, else by the kernel's."""
    kind = KINDS.get(iface.type or "")
    return kind if kind is not None or link is None else by_link(link)  # type: ignore[return-value]  # names are checked first


def is_deleted_by_absent(link: Link) -> bool:
    """Whether `absent` removes the link; a NIC, and a veth whose other end is a pod's, only lose their settings."""
    return by_link(link).is_virtual and not peer_is_elsewhere(link)


def _gone(
    asked: Mapping[str, Interface], before: Host, committed: NetworkState, problems: list[Problem]
) -> frozenset[str]:
    """Links to delete: those the policy says, their veth partners, and whatever sits on them."""
    gone = {name for name, iface in asked.items() if _asks_to_delete(iface, before.links.get(name), committed)}
    for name, iface in asked.items():
        gone |= _replaced_partners(name, iface, asked, before)
    queue = list(gone)
    while queue:
        doomed = queue.pop()
        for name in (before.links[doomed].peer, *before.above(doomed)):
            if name not in before.links or name in gone:
                continue
            child = asked.get(name)
            if child is not None and child.state in (None, State.UP):
                if _leaves(child, before, doomed):
                    continue
                problems.append(Problem(name, f"cannot be up: {doomed}, which it depends on, is to be deleted"))
            gone.add(name)
            queue.append(name)
    return frozenset(gone)


def _asks_to_delete(iface: Interface, link: Link | None, committed: NetworkState) -> bool:
    """Absent deletes what is virtual; down does so too, unless it is down already (kernels keep a dummy0 like that)."""
    if link is None:
        return False
    if not is_deleted_by_absent(link) and not by_link(link).is_a_policys(committed.interface(iface.name)):
        return False
    return iface.state is State.ABSENT or (iface.state is State.DOWN and link.up and by_link(link).down_deletes)


def _restored(iface: Interface, before: Host) -> Interface:
    """What absent means for an interface that has defaults of its own to go back to."""
    link = before.links.get(iface.name)
    own = by_link(link).restored(link) if link is not None and iface.state is State.ABSENT else None
    return own if own is not None else iface


def _leaves(iface: Interface, before: Host, doomed: str) -> bool:
    """Whether the policy puts the interface on something else than `doomed`, or gives it another veth partner."""
    kind = kind_of(iface, before.links[iface.name])
    if kind.parts_with(iface, before.links[iface.name]) == doomed:
        return True
    instead = [*kind.below(iface), *(partner.name for partner in kind.partners(iface))]
    return bool(instead) and doomed not in instead


def _replaced_partners(name: str, iface: Interface, asked: Mapping[str, Interface], before: Host) -> set[str]:
    """The old other end of a veth that gets a new one."""
    link = before.links.get(name)
    if link is None or iface.state not in (None, State.UP):
        return set()
    old = kind_of(iface, link).parts_with(iface, link)
    return {old} if old in before.links and old not in asked else set()


def _lives(name: str, iface: Interface, gone: frozenset[str], before: Host) -> bool:
    """Whether there is anything to do for the interface: it stays, or it is to be made."""
    if name in gone or iface.state is State.IGNORE:
        return False
    return name in before.links or iface.state in (None, State.UP)


def _with_master(iface: Interface, ports: port_lists.Ports, before: Host) -> Interface:
    """The stated interface with its controller decided; what becomes a port loses the addresses nobody states."""
    if iface.name not in ports.masters:
        return iface
    controller = ports.masters[iface.name]
    link = before.links.get(iface.name)
    iface = replace(iface, controller=controller)
    if iface.name not in ports.keeping_ip and controller and (link is None or link.master != controller):
        iface = replace(iface, ipv4=iface.ipv4 or DISABLED, ipv6=iface.ipv6 or DISABLED)
    return iface


def _pulled_in(
    wanted: Mapping[str, Interface], ports: port_lists.Ports, gone: frozenset[str], before: Host
) -> dict[str, Interface]:
    """Interfaces the policy does not name and still has to change, as it would have named them."""
    pulled: dict[str, Interface] = {}
    for name, controller in ports.masters.items():
        link = before.links.get(name)
        if link is None or name in wanted or name in gone or name in ports.left_alone:
            continue
        if link.master != controller or not link.up:
            ip = None if name in ports.keeping_ip else DISABLED
            pulled[name] = _unstated(link, controller=controller, ipv4=ip, ipv6=ip)
    queue = [*wanted.values(), *pulled.values()]
    while queue:
        iface = queue.pop()
        kind = kind_of(iface, before.links.get(iface.name))
        if iface.state is State.DOWN:
            continue
        for partner in kind.partners(iface):
            if partner.name not in wanted and partner.name not in before.links:
                pulled[partner.name] = partner
        for name in _below(iface, kind, before):
            base = before.links.get(name)
            if base is not None and not base.up and not {name} & (wanted.keys() | pulled.keys() | gone):
                pulled[name] = _unstated(base)
                queue.append(pulled[name])
    return pulled


def _below(iface: Interface, kind: Kind, before: Host) -> tuple[str, ...]:
    """What the interface sits on: as stated, else as it is."""
    link = before.links.get(iface.name)
    return kind.below(iface) or ((link.link,) if link is not None and link.link else ())


def _unstated(
    link: Link, controller: str | None = None, ipv4: IpStack | None = None, ipv6: IpStack | None = None
) -> Interface:
    return Interface(
        name=link.name, type=by_link(link).name, state=State.UP, controller=controller, ipv4=ipv4, ipv6=ipv6
    )


def _merged(iface: Interface, present: Present, before: Host) -> Interface:
    link = before.links.get(iface.name)
    if link is None:
        return iface
    seen = present[iface.name]
    if iface.state is State.ABSENT:
        return replace(seen, ipv4=DISABLED, ipv6=DISABLED, controller="", state=State.UP)
    kind = kind_of(iface, link)
    changes = stated(iface)
    changes |= {
        "state": iface.state or State.UP,
        "config": kind.merge(iface.config, seen.config),
        "ethtool": merge(iface.ethtool, seen.ethtool),
        "ipv4": _merged_stack(iface, iface.ipv4, seen.ipv4),
        "ipv6": _merged_stack(iface, iface.ipv6, seen.ipv6),
    }
    return with_changes(seen, changes)


def _merged_stack(iface: Interface, desired: IpStack | None, seen: IpStack | None) -> IpStack | None:
    """A family switched off has nothing else; so has one that a link which goes down does not state."""
    if (desired is not None and desired.enabled is False) or (desired is None and iface.state is State.DOWN):
        return DISABLED
    return merge(desired, seen)


def _broken_foundations(
    wanted: Mapping[str, Interface], merged: Mapping[str, Interface], gone: frozenset[str], before: Host
) -> Iterator[Problem]:
    """Interfaces that sit on nothing, on something that goes or is down, or in the end on themselves."""
    for iface in wanted.values():
        if iface.state is State.DOWN:
            continue
        kind = kind_of(iface, before.links.get(iface.name))
        for name in kind.below(merged[iface.name]):
            path = f"{iface.name}: {kind.subtree}.base-iface"
            if name in gone:
                yield Problem(path, f"{name} is to be deleted by the same policy")
            elif name not in merged:
                yield Problem(path, names.unknown(name, merged))
            elif name in wanted and wanted[name].state is State.DOWN and not _is_up_over(iface.name, name, before):
                yield Problem(path, f"cannot be up on {name}, which is asked to be down")
    yield from _loops(wanted, merged, before)


def _is_up_over(name: str, base: str, before: Host) -> bool:
    """Whether it is up on a base that is down already, as a loosely bound VLAN or a macvlan may be."""
    link, below = before.links.get(name), before.links.get(base)
    return link is not None and below is not None and base in link.below and link.up and not below.up


def _loops(wanted: Iterable[str], merged: Mapping[str, Interface], before: Host) -> Iterator[Problem]:
    """Each interface that, followed downwards through bases and ports, comes back to itself; each loop once."""
    ports: dict[str, list[str]] = {}
    for name in wanted:
        if merged[name].controller:
            ports.setdefault(merged[name].controller or "", []).append(name)
    finished: set[str] = set()

    def rests_on(name: str) -> list[str]:
        link = before.links.get(name)
        below = kind_of(merged[name], link).below(merged[name])
        unnamed = [each for each in before.ports(name) if each not in wanted]
        return [each for each in (*below, *ports.get(name, ()), *unnamed) if each in merged]

    def visit(name: str, path: tuple[str, ...]) -> Iterator[Problem]:
        if name in path:
            yield Problem(name, "would sit on itself: " + " on ".join((*path[path.index(name) :], name)))
        elif name not in finished:
            for below in rests_on(name):
                yield from visit(below, (*path, name))
            finished.add(name)

    for name in wanted:
        yield from visit(name, ())
