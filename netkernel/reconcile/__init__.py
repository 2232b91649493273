"""The ops that lead from one host to another, in an order the kernel takes; it knows the kernel and no policy.

Each op is sent through the kernel's model (`simulation`): what the kernel would drop by itself is named as an op of its
own before it, and what the target still wants of that is put back by the later stages, which always compare the model's
world with the target and never trust a list of what was meant.
"""

from __future__ import annotations

from netkernel.errors import KernelRefused
from netkernel.host import Host
from netkernel.ops import Op
from netkernel.reconcile import birth, hardware, ip, links, managers, ports
from netkernel.reconcile.losses import irreversible
from netkernel.reconcile.world import Planning

__all__ = ["Unplannable", "irreversible", "planned", "reconcile"]

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
    managers.let_go(planning)
    links.remove(planning)
    ip.remove(planning)
    links.default_pvids(planning)
    ports.release(planning)
    birth.create(planning)
    links.change(planning)
    ports.attach(planning)
    links.switch(planning)
    hardware.change(planning)
    ip.add(planning)
    managers.hand_back(planning)
    return len(planning.ops) > length
