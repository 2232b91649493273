"""NICs that appear late or register anew: what of the committed state waited for them comes back at once. Pure.

Only that: what else of the host is not as committed is drift, and the policy says what becomes of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from netkernel.frozen import Frozen
from netkernel.host import Host
from netkernel.link_kinds import KINDS
from nncp_agent.components import components, makes, possible, related
from nncp_agent.model import Interface, NetworkState, Routes, State

_GONE: Final = (State.ABSENT, State.IGNORE, State.DOWN)


class Seen(Frozen):
    """A host at a look: indexes of the links that nobody here can make, and what the committed state lacked."""

    nics: Mapping[str, int]
    lacked: frozenset[str] = frozenset()


def look(committed: NetworkState, host: Host) -> Seen:
    """The host as it is now, in terms of what is committed."""
    ours = {name for each in committed.interfaces or () for name in makes(each)}
    lacked = frozenset(name for part in components(committed) for name in possible(part, host)[1])
    return Seen({name: link.index for name, link in host.links.items() if name not in ours}, lacked)


def nics(host: Host) -> tuple[str, ...]:
    """The links of the machine itself."""
    return tuple(sorted(name for name, link in host.links.items() if link.kind not in KINDS and name != "lo"))


def returned(before: Seen, now: Seen) -> frozenset[str]:
    """The links that came, or came anew, since."""
    late = before.lacked - now.lacked
    anew = {name for name, index in now.nics.items() if before.nics.get(name, index) != index}
    return frozenset(late | anew)


def waiting_for(names: frozenset[str], committed: NetworkState, host: Host) -> NetworkState:
    """What of the committed state is to be applied when `names` are back."""
    interfaces = {each.name: each for each in committed.interfaces or () if each.state not in _GONE}
    back = set(names)
    while more := {
        name
        for name, each in interfaces.items()
        if name not in back | {*host.links} and not back.isdisjoint(related(each))
    }:
        back |= more
    found = []
    for name, each in interfaces.items():
        if name in back or each.profile_name in back:
            found.append(each)
        elif not back.isdisjoint(related(each)):
            found.append(_bare(each))
    config = (committed.routes.config if committed.routes else None) or ()
    ways = tuple(each for each in config if each.next_hop_interface in back)
    whole = NetworkState(interfaces=tuple(found), routes=Routes(config=ways) if ways else None)
    return possible(whole, host)[0]


def _bare(interface: Interface) -> Interface:
    """What makes it the controller of its ports, or what stands on a base; none of what else it is."""
    return Interface(
        name=interface.name,
        type=interface.type,
        identifier=interface.identifier,
        profile_name=interface.profile_name,
        mac_address=interface.mac_address if interface.identifier is not None else None,
        controller=interface.controller,
        config=interface.config,
    )
