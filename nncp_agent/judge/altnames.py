"""Alternative names that a policy gives: one link's each, and no other's own name (the kernel answers EEXIST)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from netkernel.host import Host
from nncp_agent.errors import Problem
from nncp_agent.model import Interface
from nncp_agent.resolve import Resolved


def problems(resolved: Resolved, before: Host) -> Iterator[Problem]:
    """Each name in a list that cannot be the interface's."""
    asking = {name: iface for name, iface in resolved.wanted.items() if iface.alt_names}
    if not asking:
        return
    holders = _holders(asking, resolved, before)
    for name, iface in asking.items():
        seen: set[str] = set()
        for position, each in enumerate(iface.alt_names or ()):
            path = f"{name}: alt-names[{position}].name"
            if each.name in seen:
                yield Problem(path, f"{each.name} stands in the list twice")
            elif each.state is None and (each.name == name or each.name in resolved.merged):
                whose = "its own name" if each.name == name else "the name of another interface"
                yield Problem(path, f"found {each.name}, which is {whose}")
            elif each.state is None and (others := [other for other in holders[each.name] if other != name]):
                yield Problem(path, f"found {each.name}, which is an alternative name of {', '.join(others)}")
            seen.add(each.name)


def _holders(asking: Mapping[str, Interface], resolved: Resolved, before: Host) -> dict[str, list[str]]:
    """Who has, keeps or wants each of the names that are asked for."""
    lists = {name: {each.name: each.state for each in iface.alt_names or ()} for name, iface in asking.items()}
    links = {name: link.altnames for name, link in before.links.items() if link.altnames and name not in resolved.gone}
    found: dict[str, list[str]] = {each: [] for said in lists.values() for each in said}
    for each, names in found.items():
        for name in sorted(lists.keys() | links.keys()):
            said = lists.get(name, {})
            if said[each] is None if each in said else each in links.get(name, ()):
                names.append(name)
    return found
