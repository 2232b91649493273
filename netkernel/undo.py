"""Back to a remembered host: observe, reconcile, execute, observe again, and say what is still different."""

from __future__ import annotations

from collections.abc import Sequence

from netkernel import settings
from netkernel.differences import GONE, differences
from netkernel.errors import KernelRefused, NetworkError
from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.ops import Op
from netkernel.reconcile import planned, reconcile
from netkernel.rewind import Remembered, remember, rewind, touch
from netkernel.transaction import Kernel

TRIES = 4
"""Somebody else may be changing the same links meanwhile; after that many looks we say what we found."""
PATIENCE_S = 0.1
"""How long we listen for a VLAN that the kernel brings up with its base a moment later (since Linux 7)."""


def way_back(kernel: Kernel, before: Host, ops: Sequence[Op]) -> Remembered:
    """What `undo` needs, while it can still be seen: `remember`, with the settings of links that are about to go.

    Raises NetworkError.
    """
    touched = touch(before, ops)
    if touched.losing:
        also = before.also | settings.parts(frozenset(touched.losing))
        before = replace(before, sysctls={**before.sysctls, **kernel.snapshot(also).sysctls}, also=also)
    return remember(before, ops, touched)


def undo(kernel: Kernel, remembered: Remembered) -> tuple[str, ...]:
    """Put back everything that was remembered; one line for each thing that is still different. Absent is success.

    Raises nothing for what cannot be put back: a NIC that is gone, a link of a kind we cannot make.
    """
    refused: list[str] = []
    for _ in range(TRIES):
        now = kernel.snapshot(remembered.host.also)
        if plan := reconcile(now, rewind(now, remembered), exact=True):
            refused = _execute(kernel, plan)
        elif not (_may_still_rise(now, remembered) and kernel.wait(PATIENCE_S)):
            return leftovers(now, rewind(now, remembered))
    now = kernel.snapshot(remembered.host.also)
    left = leftovers(now, rewind(now, remembered))
    return (*left, *refused) if left else ()


def _execute(kernel: Kernel, plan: Sequence[Op]) -> list[str]:
    """All at once; when the kernel refuses something, the rest one by one, each tried whatever became of the others."""
    try:
        kernel.execute(plan)
        return []
    except KernelRefused as error:
        refused, rest = [str(error)], plan[error.possibly_done :]
    except NetworkError as error:
        return [str(error)]  # what was done is not known: the next look tells
    for op in rest:
        try:
            kernel.execute([op])
        except NetworkError as error:
            refused.append(str(error))
    return refused


def _may_still_rise(now: Host, remembered: Remembered) -> bool:
    """Whether a VLAN is down on a base that is up: the kernel may be about to bring it up."""
    vlans = (now.links[name] for name in remembered.links if name in now.links and now.links[name].kind == "vlan")
    return any(not vlan.up and vlan.link in now.links and now.links[vlan.link].up for vlan in vlans)


def leftovers(now: Host, was: Host) -> tuple[str, ...]:
    """What of `was` is not so now, one line each; nothing for what the kernel puts right by itself."""
    planning = planned(now, was, exact=True)
    gone = (f"{name}: {GONE}" for name in sorted(was.links.keys() - planning.world.links.keys()))
    return (*gone, *differences(planning.world.host(), now), *planning.refused)
