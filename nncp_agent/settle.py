"""Wait until the host looks as asked; on events, with a deadline, never asleep."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Final, Protocol

from netkernel.host import Host
from netkernel.ops import AddAddress, CreateLink, Op, SetLink
from netkernel.records import Link
from netkernel.transaction import Kernel
from nncp_agent.errors import NotSettled
from nncp_agent.sections.wait_ip import WAIT_S

VERIFY_S: Final = 5.0
"""How long the host may take to look as asked, once links have carrier and addresses are no duplicates."""
READY_S: Final = 30.0
"""How long carrier and duplicate address detection may take before time is counted all the same."""
HEARTBEAT_S: Final = 1.0
"""Some changes send no event (options of a link that is down, sysctls: kernel-facts 4.1)."""
_TENTATIVE: Final = 0x40  # IFA_F_TENTATIVE, linux/if_addr.h
_DADFAILED: Final = 0x08  # IFA_F_DADFAILED


class Change(Protocol):
    """What settling needs to know of a decision."""

    @property
    def before(self) -> Host: ...

    @property
    def ops(self) -> tuple[Op, ...]: ...


def settle(
    change: Change,
    kernel: Kernel,
    differences: Callable[[Host], Iterable[str]],
    timeout_s: float = VERIFY_S,
    clock: Callable[[], float] = time.monotonic,
    awaited: Callable[[Host], Iterable[str]] = lambda host: (),
) -> Host:
    """Return the host as soon as it has no `differences`, nothing is `awaited` and no address of the change is
    tentative any more.

    The time runs from the moment when the links have the carrier they can be expected to have and duplicate address
    detection is over; what is awaited has WAIT_S from the beginning. Raises NotSettled.
    """
    touched = tuple(dict.fromkeys(_names(change.ops)))
    begun = clock()
    latest, deadline = begun + READY_S, float("inf")
    while True:
        host = kernel.snapshot(change.before.also)
        wrong = tuple(differences(host))
        checking = tuple(duplicates_being_sought(change, host))
        now = clock()
        waiting = tuple(awaited(host))
        if not (wrong or waiting) and (not checking or now >= latest):
            return host
        if waiting and now >= begun + WAIT_S:
            raise NotSettled((*wrong, *waiting))
        if deadline == float("inf") and (now >= latest or not (checking or awaiting_carrier(change, host, touched))):
            deadline = now + timeout_s
        if now >= deadline and wrong:
            raise NotSettled(wrong)
        due = deadline if wrong and deadline < float("inf") else begun + WAIT_S if waiting else latest
        kernel.wait(min(max(due - now, 0.0), HEARTBEAT_S))


def await_carrier(
    change: Change, kernel: Kernel, timeout_s: float = READY_S, clock: Callable[[], float] = time.monotonic
) -> None:
    """Return as soon as no link of the change lacks a carrier it can be expected to get; no later than `timeout_s`."""
    touched = tuple(dict.fromkeys(_names(change.ops)))
    deadline = clock() + timeout_s
    while awaiting_carrier(change, kernel.snapshot(change.before.also), touched) and (left_s := deadline - clock()) > 0:
        kernel.wait(min(left_s, HEARTBEAT_S))


def duplicates_being_sought(change: Change, host: Host) -> Iterable[str]:
    """Addresses the change adds that the kernel still compares with the neighbours'. Without carrier it never ends."""
    for op in change.ops:
        if not isinstance(op, AddAddress):
            continue
        link = host.links.get(op.address.link)
        for address in host.addresses.get(op.address.link, ()) if link and link.carrier and link.up else ():
            if address.ip == op.address.ip and address.state & _TENTATIVE and not address.state & _DADFAILED:
                yield f"{address.ip} on {address.link}"


def awaiting_carrier(change: Change, host: Host, touched: Iterable[str]) -> tuple[str, ...]:
    """Links of the change that are up without the carrier they had before, or that what is below them has."""
    return tuple(
        name
        for name in touched
        if (link := host.links.get(name)) and link.up and not _passes(link) and _expects_carrier(name, change, host)
    )


def _passes(link: Link) -> bool:
    """A link that has its carrier drops frames all the same until the kernel has taken note of it (link_watch.c)."""
    return link.carrier and link.operstate not in ("down", "lowerlayerdown")


def _expects_carrier(name: str, change: Change, host: Host) -> bool:
    before = change.before.links.get(name)
    if before is not None and before.up:
        return before.carrier
    below = (host.links[name].link, *host.ports(name))
    return any(each in host.links and host.links[each].carrier for each in below)


def _names(ops: Iterable[Op]) -> Iterable[str]:
    return (op.name for op in ops if isinstance(op, CreateLink | SetLink))
