"""Which link each interface of a policy is: by name or by what else it is known by, and of which type."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from netkernel.frozen import Frozen
from netkernel.host import Host
from netkernel.records import Link
from nncp_agent.errors import Problem
from nncp_agent.identity import Links, known_by
from nncp_agent.kinds import KINDS, by_link
from nncp_agent.model import Interface, NetworkState, RouteEntry, RouteRules, Routes, RuleEntry, State, merge
from nncp_agent.resolve.references import References, references
from nncp_agent.shown.identifiers import BY_DRIVER, BY_MAC, BY_PCI, is_of_type
from nncp_agent.spelling import FUNCTION, link_name

_MOST_NAMED: Final = 8


class Named(Frozen):
    """A policy's interfaces, routes and rules by kernel name; what cannot be told is only in `problems`.

    `called` is what the policy calls those that it knows otherwise, by kernel name.
    """

    interfaces: tuple[Interface, ...]
    routes: tuple[RouteEntry, ...]
    rules: tuple[RuleEntry, ...]
    called: Mapping[str, str]
    problems: list[Problem]


def resolved(desired: NetworkState, before: Host, committed: NetworkState) -> Named:
    """Which links the policy means, and of which type they are."""
    problems: list[Problem] = []
    found, called = _identified(desired.interfaces or (), before, problems)
    earlier = {iface.name: iface for iface in committed.interfaces or ()}
    found = [_revived(_nameless(iface, called, earlier), before, earlier) for iface in found]
    others = references(found, called, committed, before)
    stated = _typed([others.interface(iface, problems) for iface in found], before, problems)
    routes = others.routes((desired.routes.config if desired.routes else None) or (), problems)
    rules = others.rules((desired.route_rules.config if desired.route_rules else None) or (), problems)
    problems += _taken_names(stated, before)
    return Named(tuple(stated), routes, rules, called, problems)


def renamed(desired: NetworkState, names: Mapping[str, str], problems: list[Problem]) -> NetworkState:
    """`desired` with kernel names for `names`, and without interfaces that have none: those are in `problems`."""
    others = References({name: (link,) for name, link in names.items()})
    nowhere = {problem.path for problem in problems}
    found: dict[str, Interface] = {}
    for iface in desired.interfaces or ():
        name = names.get(iface.name, iface.name)
        if name in found:
            problems.append(Problem(iface.name, f"is {name} here, which the policy speaks of already"))
        elif name not in nowhere and not (iface.name.startswith(FUNCTION) and iface.name not in names):
            found[name] = replace(others.interface(iface, problems), name=name)
    config = others.routes((desired.routes.config if desired.routes else None) or (), problems)
    rules = others.rules((desired.route_rules.config if desired.route_rules else None) or (), problems)
    return replace(
        desired,
        interfaces=tuple(found.values()) if desired.interfaces is not None else None,
        routes=Routes(config=config) if config else desired.routes,
        route_rules=RouteRules(config=rules) if rules else desired.route_rules,
    )


def once(problems: Sequence[Problem], unknown_functions: Sequence[Problem]) -> list[Problem]:
    """`problems` without those that only say again that virtual functions are not there."""
    again = tuple(f"{each.path} is not on this host" for each in unknown_functions if each.path.startswith(FUNCTION))
    return [each for each in problems if not again or not each.message.startswith(again)]


def unknown(name: str, known: Iterable[str]) -> str:
    """The complaint about a name that nothing has, with the nearest one that something has."""
    return f"{name} is not on this host and is made by no file given{_nearest(name, known)}"


def _identified(
    interfaces: Iterable[Interface], before: Host, problems: list[Problem]
) -> tuple[list[Interface], dict[str, str]]:
    """What `identifier` says, looked up: the interface gets its kernel name, and nobody writes the MAC it has."""
    found: dict[str, Interface] = {}
    called: dict[str, str] = {}
    links = Links(before)
    altnames = {altname: link for link in before.links.values() for altname in link.altnames}
    for iface in interfaces:
        name: str | None = iface.name
        by, _ = known_by(iface)
        if by:
            name = _only(links.candidates(iface), iface, before, problems)
        elif (other := altnames.get(iface.name)) is not None and _may_be(iface, other):
            name = other.name
        if name is None:
            continue
        if name in found:
            problems.append(Problem(iface.name, f"is {name} here, which {called.get(name, name)} speaks of already"))
            continue
        if not by and iface.pci_address and (link := before.links.get(name)) and link.pci != iface.pci_address:
            message = f"found {link.pci or 'none'}, wanted {iface.pci_address}, which no policy can set"
            problems.append(Problem(f"{iface.name}: pci-address", message))
        found[name] = _told(iface, name, by)
        if name != iface.name:
            called[name] = iface.name
    return list(found.values()), called


def _told(iface: Interface, name: str, by: str) -> Interface:
    """By its kernel name, without what says only which link it is."""
    if not by and iface.pci_address is None:
        return replace(iface, name=name) if name != iface.name else iface
    mac = None if by == BY_MAC else iface.mac_address
    return replace(iface, name=name, mac_address=mac, pci_address=None, driver=None, alt_name=None)


def _may_be(iface: Interface, link: Link) -> bool:
    """Whether the policy can mean this link: nothing of another type is to be made."""
    return iface.type is None or is_of_type(link, iface.type)


def _nameless(iface: Interface, called: Mapping[str, str], committed: Mapping[str, Interface]) -> Interface:
    """What is to be absent loses the alternative names that policies gave it; udev's own stay."""
    if iface.state is not State.ABSENT:
        return iface
    earlier = committed.get(called.get(iface.name, iface.name))
    ours = [replace(each, state="absent") for each in (earlier.alt_names if earlier else None) or () if not each.state]
    return replace(iface, alt_names=tuple(ours) or None)


def _revived(iface: Interface, before: Host, committed: Mapping[str, Interface]) -> Interface:
    """What went down and is asked up again is as it was, where the policy does not say otherwise (nmstate.md 5.2)."""
    earlier, link = committed.get(iface.name), before.links.get(iface.name)
    if earlier is None or earlier.state is not State.DOWN or (link is not None and link.up):
        return iface
    if iface.state not in (None, State.UP) or iface.type not in (None, earlier.type):
        return iface
    kind = KINDS.get(earlier.type or "")
    if kind is None or (link is None and not kind.is_virtual):
        return iface
    joined = merge(iface, earlier) or iface
    return replace(joined, state=State.UP, config=kind.merge(iface.config, earlier.config))


def _only(candidates: Sequence[Link], iface: Interface, before: Host, problems: list[Problem]) -> str | None:
    if len(candidates) == 1:
        return candidates[0].name
    names = ", ".join(sorted(link.name for link in candidates))
    by, sought = known_by(iface)
    sought = sought.upper() if by == BY_MAC else sought
    if not sought:
        message = f"wanted, because identifier is {by}"
    elif names:
        message = f"{names} all have {sought}: state the type, or use a name"
    elif iface.state in (State.ABSENT, State.IGNORE):
        return None
    else:
        message = f"no {iface.type or 'interface'} here has {sought}{_those_there_are(by, iface.type, before)}"
    problems.append(Problem(f"{iface.name}: {by}", message))
    return None


def _those_there_are(by: str, type: str | None, before: Host) -> str:
    """What could have been meant; a host has more MACs and names than anybody wants to read."""
    links = [link for link in before.links.values() if type is None or is_of_type(link, type)]
    having = {BY_PCI: lambda link: link.pci, BY_DRIVER: lambda link: link.driver}.get(by)
    there = sorted(f"{having(link)} ({link.name})" for link in links if having(link)) if having else []
    return f"; there are {', '.join(there[:_MOST_NAMED])}" if there else ""


def _typed(interfaces: Iterable[Interface], before: Host, problems: list[Problem]) -> list[Interface]:
    """Types looked up and checked against what is there. What is absent and unknown needs nothing (nmstate.md 5.1)."""
    interfaces = list(interfaces)
    partners = {
        partner.name: partner
        for iface in interfaces
        if iface.state in (None, State.UP) and (kind := KINDS.get(iface.type or "")) is not None
        for partner in kind.partners(iface)
    }
    typed = []
    for iface in interfaces:
        link = before.links.get(iface.name)
        problem = _type_problem(iface, link, iface.name in partners, before)
        if problem is not None:
            problems.append(problem)
        elif link is not None:
            typed.append(replace(iface, type=by_link(link).name))
        elif iface.state in (None, State.UP):
            partner = partners.get(iface.name) if not iface.config else None
            fits = partner is not None and iface.type in (None, partner.type, "ethernet")
            typed.append(replace(iface, type=partner.type, config=partner.config) if partner and fits else iface)
    return typed


def _type_problem(iface: Interface, link: Link | None, is_partner: bool, before: Host) -> Problem | None:
    if link is not None:
        if iface.state is State.ABSENT and not by_link(link).managed:
            message = f"found absent, but this version deletes no {by_link(link).name}; use ip link delete"
            return Problem(f"{iface.name}: state", message)
        if iface.type is None or iface.state is State.IGNORE:
            return None
        if not is_of_type(link, iface.type):
            message = f"wanted {iface.type}, but {iface.name} is there as {by_link(link).name}"
            return Problem(f"{iface.name}: type", message)
        its = KINDS.get(by_link(link).name)
        if its is not None and iface.config is not None and not isinstance(iface.config, its.Config or ()):
            message = f"{iface.name} is of type {its.name}, which has no such section"
            return Problem(f"{iface.name}: {iface.type}", message)  # a NIC that is said to be a veth
        return None
    if iface.state not in (None, State.UP) or is_partner:
        return None
    if iface.type is None:
        return Problem(iface.name, f"{unknown(iface.name, before.links)}; to make it, state its type")
    kind = KINDS.get(iface.type)
    if kind is None or not kind.is_virtual:
        return Problem(iface.name, f"no {iface.type} {iface.name} on this host" + _nearest(iface.name, before.links))
    return None


def _nearest(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches  # late: only for a typing error

    near = get_close_matches(name, list(known), n=1, cutoff=0.7)
    return f" (did you mean {near[0]}?)" if near else ""


def _taken_names(interfaces: Iterable[Interface], before: Host) -> list[Problem]:
    """New links that the kernel would not call so: too long, or another link's alternative name (EEXIST)."""
    new = [iface.name for iface in interfaces if iface.name not in before.links]
    if not new:
        return []
    altnames = {altname: link.name for link in before.links.values() for altname in link.altnames}
    taken = [Problem(name, f"is an alternative name of {altnames[name]}") for name in new if name in altnames]
    return taken + [problem for name in new if name not in altnames and (problem := _unfit(name))]


def _unfit(name: str) -> Problem | None:
    try:
        link_name(name)
    except ValueError as error:
        return Problem(f"{name}: name", f"is no link here; to make it, wanted {error}")
    return None
