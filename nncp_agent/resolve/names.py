"""Which link each interface of a policy is: by name or by MAC address, and of which type."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from netkernel.host import Host
from netkernel.records import Link
from nncp_agent.errors import Problem
from nncp_agent.kinds import KINDS, by_link
from nncp_agent.model import Interface, NetworkState, State

SAME_TO_NMSTATE: Final = frozenset({"ethernet", "veth"})
"""Either may be called the other (nmstate.md 3): a container's eth0 is a veth, and its policies say ethernet."""


def resolved(desired: NetworkState, before: Host) -> tuple[list[Interface], list[Problem]]:
    """The policy's interfaces by kernel name with their types; those that cannot be told are only in the problems."""
    problems: list[Problem] = []
    identified = _identified(desired.interfaces or (), before, problems)
    stated = _typed(_renamed(identified, before), before, problems)
    problems += _taken_names(stated, before)
    return stated, problems


def unknown(name: str, known: Iterable[str]) -> str:
    """The complaint about a name that nothing has, with the nearest one that something has."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.7)
    hint = f" (did you mean {near[0]}?)" if near else ""
    return f"{name} is not on this host and is made by no file given{hint}"


def _identified(interfaces: Iterable[Interface], before: Host, problems: list[Problem]) -> list[Interface]:
    """`identifier: mac-address` looked up: the interface gets its kernel name, its own becomes the profile name."""
    found: list[Interface] = []
    macs: Mapping[str, list[Link]] | None = None
    for iface in interfaces:
        if iface.identifier != "mac-address":
            found.append(iface)
            continue
        macs = by_mac(before) if macs is None else macs
        link = _owner_of(iface, macs, problems)
        if link is not None:
            profile = iface.profile_name or iface.name
            found.append(replace(iface, name=link.name, profile_name=profile, mac_address=None))
    return _unique(found, problems)


def by_mac(before: Host) -> dict[str, list[Link]]:
    """The links by every MAC they have or came with."""
    macs: dict[str, list[Link]] = {}
    for link in before.links.values():
        for mac in {link.address, link.perm_address, link.own_address} - {""}:
            macs.setdefault(mac, []).append(link)
    return macs


def called_by_mac(state: NetworkState, before: Host) -> set[str]:
    """Kernel names of the links that `state` knows by their MAC addresses."""
    wanted = {(each.mac_address or "").lower() for each in state.interfaces or () if each.identifier == "mac-address"}
    return {link.name for mac, links in by_mac(before).items() if mac in wanted for link in links} if wanted else set()


def _owner_of(iface: Interface, macs: Mapping[str, list[Link]], problems: list[Problem]) -> Link | None:
    """The one link with that MAC: its permanent one first, then the current one (nmstate.md 2)."""
    path = f"{iface.name}: mac-address"
    if not iface.mac_address:
        problems.append(Problem(path, "wanted, because identifier is mac-address"))
        return None
    mac = iface.mac_address.lower()
    candidates = [link for link in macs.get(mac, ()) if iface.type is None or _is_of_type(link, iface.type)]
    candidates = [link for link in candidates if mac in (link.perm_address, link.own_address)] or candidates
    if len(candidates) == 1:
        return candidates[0]
    names = ", ".join(sorted(link.name for link in candidates))
    ambiguous = f"{names} all have {iface.mac_address}: state the type, or use a name"
    problems.append(Problem(path, ambiguous if names else f"no interface here has {iface.mac_address}"))
    return None


def _unique(found: list[Interface], problems: list[Problem]) -> list[Interface]:
    by_name: dict[str, Interface] = {}
    for iface in found:
        other = by_name.setdefault(iface.name, iface)
        if other is not iface:
            mine, its = iface.profile_name or iface.name, other.profile_name or other.name
            problems.append(Problem(mine, f"is {iface.name} here, which {its} speaks of already"))
    return list(by_name.values())


def _renamed(interfaces: Sequence[Interface], before: Host) -> Sequence[Interface]:
    """The interfaces with every other link they speak of by its kernel name, where they have its profile name.

    A kernel name comes first, and a profile of several links names none of them (nmstate.md 3.1).
    """
    profiles = Counter(iface.profile_name for iface in interfaces if iface.profile_name)
    known = before.links.keys() | {iface.name for iface in interfaces}
    names = {
        iface.profile_name: iface.name
        for iface in interfaces
        if iface.profile_name and iface.profile_name not in known and profiles[iface.profile_name] == 1
    }
    return [_speaking_of(iface, names) for iface in interfaces] if names else interfaces


def _speaking_of(iface: Interface, names: Mapping[str, str]) -> Interface:
    kind = KINDS.get(iface.type or "")
    return replace(
        iface,
        config=kind.renamed(iface.config, names) if kind is not None else iface.config,
        controller=names.get(iface.controller or "", iface.controller),
        copy_mac_from=names.get(iface.copy_mac_from or "", iface.copy_mac_from),
    )


def _typed(interfaces: Iterable[Interface], before: Host, problems: list[Problem]) -> list[Interface]:
    """Types looked up and checked against what is there. What is absent and unknown needs nothing (nmstate.md 5.1)."""
    interfaces = list(interfaces)
    partners = {
        partner.name
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
            typed.append(replace(iface, type="veth") if iface.name in partners and not iface.config else iface)
    return typed


def _type_problem(iface: Interface, link: Link | None, is_partner: bool, before: Host) -> Problem | None:
    if link is not None:
        if iface.type is None or iface.state is State.IGNORE or _is_of_type(link, iface.type):
            return None
        return Problem(f"{iface.name}: type", f"wanted {iface.type}, but {iface.name} is there as {by_link(link).name}")
    if iface.state not in (None, State.UP) or is_partner:
        return None
    if iface.type is None:
        return Problem(iface.name, f"{unknown(iface.name, before.links)}; to make it, state its type")
    kind = KINDS.get(iface.type)
    if kind is None or not kind.is_virtual:
        return Problem(iface.name, f"no {iface.type} {iface.name} on this host" + _nearest(iface.name, before))
    return None


def _nearest(name: str, before: Host) -> str:
    near = difflib.get_close_matches(name, list(before.links), n=1, cutoff=0.7)
    return f" (did you mean {near[0]}?)" if near else ""


def _is_of_type(link: Link, type_: str) -> bool:
    """Whether a policy may call this link so."""
    actual = by_link(link).name
    return type_ == actual or {type_, actual} == SAME_TO_NMSTATE


def _taken_names(interfaces: Iterable[Interface], before: Host) -> list[Problem]:
    """New links whose name is another link's alternative name: the kernel would say EEXIST."""
    new = [iface.name for iface in interfaces if iface.name not in before.links]
    if not new:
        return []
    altnames = {altname: link.name for link in before.links.values() for altname in link.altnames}
    return [Problem(name, f"is an alternative name of {altnames[name]}") for name in new if name in altnames]
