"""What the state directory holds after a committed apply: every policy so far, joined, to be restored at boot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from nncp_agent.kinds import KINDS
from nncp_agent.model import Interface, NetworkState, RouteEntry, Routes, State, merge
from nncp_agent.sections import routes


def commit(previous: NetworkState, desired: NetworkState) -> NetworkState:
    """`previous` with `desired` over it. Absent forgets, with all that sits on it; a port has one controller."""
    stated = {iface.name: iface for iface in desired.interfaces or ()}
    forgotten = {name for name, iface in stated.items() if iface.state is State.ABSENT}
    remembered = {iface.name: iface for iface in previous.interfaces or ()}
    joined = {name: _without_old_claims(iface, stated) for name, iface in remembered.items()}
    for name, iface in stated.items():
        joined[name] = _over(iface, joined.get(name))
    forgotten = _with_what_sits_on_them(forgotten, joined, stated)
    kept = [_released(iface, forgotten) for name, iface in joined.items() if name not in forgotten]
    config = tuple(_routes(previous, desired, forgotten))
    return NetworkState(
        interfaces=tuple(sorted(kept, key=lambda iface: iface.name)) or None,
        routes=Routes(config=config) if config else None,
    )


def _over(iface: Interface, earlier: Interface | None) -> Interface:
    """The interface as both policies say it; another type forgets what was said before."""
    if earlier is None or (iface.type is not None and earlier.type is not None and iface.type != earlier.type):
        return iface
    joined = merge(iface, earlier) or iface
    kind = KINDS.get(joined.type or "")
    config = kind.merge(iface.config, earlier.config) if kind is not None else joined.config
    return replace(joined, config=config, description=joined.description or None)


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
    """The forgotten interfaces and every one above them: without its base a VLAN cannot come back."""
    above: dict[str, list[str]] = {}
    for name, iface in joined.items():
        kind = KINDS.get(iface.type or "")
        if kind is not None and kind.is_virtual:
            for below in kind.below(iface):
                above.setdefault(below, []).append(name)
    virtual = {name for name in forgotten if _is_virtual(joined.get(name))}
    queue = list(virtual)
    while queue:
        for name in above.get(queue.pop(), ()):
            if name not in forgotten:
                forgotten.add(name)
                queue.append(name)
    return forgotten


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


def _routes(previous: NetworkState, desired: NetworkState, forgotten: set[str]) -> Iterator[RouteEntry]:
    """Earlier routes that nobody took away, then the new ones."""
    earlier = (previous.routes.config if previous.routes else None) or ()
    config = (desired.routes.config if desired.routes else None) or ()
    patterns = routes.absent(config)
    seen: list[routes.Leg] = []
    entries = [entry for entry in earlier if not any(routes.matches(each, routes.leg(entry)) for each in patterns)]
    for entry in (*entries, *filter(routes.is_wanted, config)):
        leg = routes.leg(entry)
        if entry.next_hop_interface in forgotten or any(leg.is_like(other) for other in seen):
            continue
        seen.append(leg)
        yield entry
