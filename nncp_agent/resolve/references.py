"""Interfaces called by other names than the kernel's, wherever a policy speaks of them: in port lists, as base, …

A policy may call an interface by the name it has in the policy (with `identifier: mac-address` and the like), by its
`profile-name`, or by an alternative name that the kernel keeps for it. What the kernel calls so comes first
(nmstate.md 2).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec.structs import replace

from netkernel.host import Host
from nncp_agent.errors import Problem
from nncp_agent.identity import by_kernel_name, known_by
from nncp_agent.kinds import KINDS
from nncp_agent.model import Interface, NetworkState, RouteEntry, RuleEntry


def references(
    named: Sequence[Interface], called: Mapping[str, str], committed: NetworkState, before: Host
) -> References:
    """Those of a policy. `named` is by kernel name; `called` is what the policy calls those that it knows otherwise."""
    taken = before.links.keys() | {iface.name for iface in named}
    now = _collected((iface.name, {iface.profile_name, called.get(iface.name), *_new_names(iface)}) for iface in named)
    then: dict[str, set[str]] = {}
    if any(known_by(iface)[0] or iface.profile_name for iface in committed.interfaces or ()):
        earlier = by_kernel_name(committed, before)
        then = _collected((name, {iface.name, iface.profile_name}) for name, iface in earlier.items())
    leaving = {(iface.name, each.name) for iface in named for each in iface.alt_names or () if each.state is not None}
    others = _collected(
        (link.name, {each for each in link.altnames if (link.name, each) not in leaving})
        for link in before.links.values()
        if link.altnames
    )
    return References({name: found for name, found in {**others, **then, **now}.items() if name not in taken})


def _new_names(iface: Interface) -> Iterable[str]:
    return [each.name for each in iface.alt_names or () if each.state is None]


class References:
    """The interfaces, by what they are called; several by one name is a problem where that name is used."""

    def __init__(self, called: Mapping[str, Collection[str]]) -> None:
        self._several = {name: sorted(found) for name, found in called.items() if len(found) > 1}
        self._kernel = {name: min(found) for name, found in called.items()}

    def interface(self, iface: Interface, problems: list[Problem]) -> Interface:
        """`iface` with kernel names in all it says."""
        if not self._kernel:
            return iface
        kind = KINDS.get(iface.type or "")
        for name in self._several:
            if _renamed(iface, {name: ""}) != iface:
                path = f"{iface.name}: {kind.subtree}" if kind is not None and kind.subtree else iface.name
                problems.append(Problem(path, self._ambiguous(name)))
        return _renamed(iface, self._kernel)

    def routes(self, config: Iterable[RouteEntry], problems: list[Problem]) -> tuple[RouteEntry, ...]:
        """Routes with kernel names."""
        found = []
        for position, entry in enumerate(config):
            name = entry.next_hop_interface or ""
            if name in self._several:
                problems.append(Problem(f"routes.config[{position}].next-hop-interface", self._ambiguous(name)))
            found.append(replace(entry, next_hop_interface=self._kernel[name]) if name in self._kernel else entry)
        return tuple(found)

    def rules(self, config: Iterable[RuleEntry], problems: list[Problem]) -> tuple[RuleEntry, ...]:
        """Rules with kernel names."""
        found = []
        for position, entry in enumerate(config):
            name = entry.iif or ""
            if name in self._several:
                problems.append(Problem(f"route-rules.config[{position}].iif", self._ambiguous(name)))
            found.append(replace(entry, iif=self._kernel[name]) if name in self._kernel else entry)
        return tuple(found)

    def _ambiguous(self, name: str) -> str:
        return f"{' and '.join(self._several[name])} are both called {name}: say which by its own name"


def _renamed(iface: Interface, names: Mapping[str, str]) -> Interface:
    kind = KINDS.get(iface.type or "")
    return replace(
        iface,
        config=kind.renamed(iface.config, names) if kind is not None else iface.config,
        controller=names.get(iface.controller or "", iface.controller),
        copy_mac_from=names.get(iface.copy_mac_from or "", iface.copy_mac_from),
    )


def _collected(names: Iterable[tuple[str, set[str | None]]]) -> dict[str, set[str]]:
    called: dict[str, set[str]] = {}
    for name, others in names:
        for other in others - {name, None, ""}:
            called.setdefault(str(other), set()).add(name)
    return called
