"""What is read off a pod's links while a guest runs: counters, what rules dropped, what the guest was lent."""

from __future__ import annotations

import fcntl
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress

from netkernel import close_look
from netkernel.close_look import CloseLook
from netkernel.dropped import Dropped, dropped
from netkernel.errors import KernelRefused
from netkernel.host import Host
from netkernel.netlink import Socket
from netkernel.nftables import BRIDGE, INET, Nftables
from vmnet import transcript
from vmnet.kept import Records
from vmnet.transcript import LOCK, OfTap


def close_looks(door: Socket, host: Host, links: Collection[str]) -> Mapping[str, CloseLook]:
    """By link; of those that are there."""
    return dict(_close(door, host, links))


def _close(door: Socket, host: Host, links: Collection[str]) -> Iterator[tuple[str, CloseLook]]:
    for name in links:
        with suppress(KernelRefused):  # gone meanwhile
            yield name, close_look.at(door, host.links[name].index)


def dropped_of(links: Collection[str]) -> tuple[Dropped, ...]:
    """By rules about these links, in the calling thread's namespace. Raises KernelRefused."""
    wanted = [each for each in links if each]
    if not wanted:
        return ()
    with Nftables() as door:
        return tuple(dropped(door, wanted, (BRIDGE, INET)))


def served(records: Records, namespace: str, tap: str) -> tuple[bool, OfTap]:
    """Whether somebody gives the pod's guest its addresses, and what came of it on this tap."""
    path = records.transcript(namespace)
    try:
        told = transcript.read(path.read_text(errors="replace"))
    except OSError:
        told = {}
    return _is_locked(str(path.with_suffix(LOCK))), told.get(tap, OfTap())


def _is_locked(path: str) -> bool:
    try:
        with open(path, "rb") as held:
            fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False  # there is none
    return False
