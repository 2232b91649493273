"""Listen for a while without the process that does so for good: for who asks once."""

from __future__ import annotations

import select
import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, closing, suppress

from nncp_agent.lldp import neighbours
from nncp_agent.lldp.ear import Ear
from nncp_agent.lldp.neighbours import Neighbours

MOST_AT_ONCE = 64


def heard(links: Iterable[str], timeout_s: float) -> Mapping[str, tuple[bytes, ...]]:
    """What neighbours said, link by link of this thread's network namespace: as soon as each link has heard one, and
    after `timeout_s` seconds of those that have. Raises OSError: there is no such link, or nobody may listen."""
    known: dict[str, Neighbours] = {}
    deadline = time.monotonic() + timeout_s
    with ExitStack() as stack:
        ears = {link: stack.enter_context(closing(Ear(link))) for link in links}
        poll = select.poll()
        for ear in ears.values():
            poll.register(ear.fileno(), select.POLLIN)
        while ears.keys() - known.keys() and (left_s := deadline - time.monotonic()) > 0:
            ready = {descriptor for descriptor, _ in poll.poll(left_s * 1000)}
            for link, ear in ears.items():
                if ear.fileno() in ready:
                    found = _heard(ear, known.get(link, neighbours.NONE))
                    known |= {link: found} if found else {}
    return {link: tuple(each.packet for each in found.values()) for link, found in known.items()}


def _heard(ear: Ear, known: Neighbours) -> Neighbours:
    with suppress(OSError):  # it went down, and may come up again
        for packet in ear.receive(MOST_AT_ONCE):
            known = neighbours.heard(known, packet, time.monotonic())
    return known
