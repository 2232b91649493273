"""The ops that lead from one host to another, in an order the kernel takes; it knows the kernel and no policy.

Each op is sent through the kernel's model (`simulation`): what the kernel would drop by itself is named as an op of its
own before it, and what the target still wants of that is put back by the later stages, which always compare the model's
world with the target and never trust a list of what was meant.
"""

from __future__ import annotations

from netkernel.errors import KernelRefused
from netkernel.host import Host
from netkernel.link_kinds import KINDS
from netkernel.ops import Op, SetLink
from netkernel.reconcile import ip, links, ports
from netkernel.reconcile.world import Planning
from netkernel.records import Address
from netkernel.simulation.ip import is_dynamic

ROUNDS = 5
"""Stages run again while they find something: a base that came up may have taken along a VLAN that should be down."""


class Unplannable(Exception):
    """A plan that its own model refuses, or that never ends: a bug here, never the user's fault."""


def reconcile(before: Host, target: Host, *, exact: bool = False) -> tuple[Op, ...]:
    """The ops from `before` to `target`. Raises Unplannable when the model of the kernel refuses one of them; an
    `exact` plan never does, but goes without (see `Planning.refused`).

    Attributes missing in a target link mean "keep" for a link that exists, "whatever the kernel gives" for a new one;
    entries of `conf6` that are UNSTATED are not wanted either way. NICs are never created or deleted. Link-local
    addresses of the kernel's follow their link's MAC, unless the target is `exact`: a host that has been before.
    """
    return tuple(planned(before, target, exact).ops)


def planned(before: Host, target: Host, exact: bool = False) -> Planning:
    """`reconcile`, with the world that its ops lead to."""
    planning = Planning(before, target, exact)
    if planning.is_nothing():
        return planning
    try:
        for _ in range(ROUNDS):
            if not _round(planning):
                return planning
    except KernelRefused as refused:
        raise Unplannable(f"{refused} (after: {'; '.join(str(op) for op in planning.ops[-5:])})") from refused
    if exact:
        return planning  # whoever undoes looks again, and says what is left
    raise Unplannable(f"no end to: {'; '.join(str(op) for op in planning.ops[-5:])}")


def _round(planning: Planning) -> bool:
    """All stages once; whether one of them found something to do."""
    length = len(planning.ops)
    links.remove(planning)
    ip.remove(planning)
    links.default_pvids(planning)
    ports.release(planning)
    links.create(planning)
    links.change(planning)
    ports.attach(planning)
    links.switch(planning)
    ip.add(planning)
    return len(planning.ops) > length


def irreversible(before: Host, ops: tuple[Op, ...]) -> tuple[str, ...]:
    """One line for each thing that undo cannot bring back (kernel-made or learned, or a state nobody can write)."""
    if not _has_what_can_be_lost(before) and not any(_is_down(op) for op in ops):
        return ()
    planning = Planning(before, before)
    lines: list[str] = []
    for op in ops:
        lines += links.lost_for_good(planning.world, before, op)
        planning.step(op)
        lost = [each for each in planning.world.lost if links.cannot_be_made(each)]
        lines += [f"{each}: it sits on what goes, and only who made it can make it again" for each in lost]
        for faded in planning.world.faded:
            what = f"address {faded.ip}/{faded.prefix}" if isinstance(faded, Address) else f"route {faded.destination}"
            lines.append(f"{_link_of(faded)}: {what} was made by the network, and only the network can make it again")
    return tuple(dict.fromkeys(lines))


def _has_what_can_be_lost(host: Host) -> bool:
    """Else the plan need not be walked through once more: bridges learn and float, addresses and routes are learned,
    tunnels and the like we cannot make."""
    return (
        any(link.kind == "bridge" or link.kind not in KINDS for link in host.links.values() if link.kind)
        or any(is_dynamic(address) for these in host.addresses.values() for address in these)
        or any(route.dynamic for route in host.routes)
    )


def _is_down(op: Op) -> bool:
    return isinstance(op, SetLink) and op.new.get("up") is False


def _link_of(faded: object) -> str:
    links = getattr(faded, "links", ())
    return str(getattr(faded, "link", links[0] if links else ""))
