"""The loop of a service: in which order its workers learn of things."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Sequence

from netkernel.glance import Seen
from netkernel.records import LLDP, Client
from nncp_agent.keeping.keeper import Hiring, Keeper

CLIENT = Client("eth1", LLDP)


class Recorder:
    """A worker, and all else that the loop asks; it ends the loop when it has heard something."""

    told = CLIENT
    due_s = float("inf")

    def __init__(self) -> None:
        self.ear, self.wire = socket.socketpair()
        self.end, self._ending = socket.socketpair()
        self.door, self._outside = socket.socketpair()
        self.rises = 1
        self.learned: list[object] = []

    def ears(self) -> Sequence[socket.socket]:
        return (self.ear,)

    def says(self) -> Iterable[bytes]:
        return ()

    def look(self, seen: Seen | None) -> None:
        self.learned.append(seen)

    def listen(self, ear: socket.socket) -> None:
        self.learned.append(ear.recv(9))
        self._ending.send(b"enough")

    def tick(self) -> None: ...

    def stop(self, release: bool = False) -> None:
        for each in (self.ear, self.wire, self.end, self._ending, self.door, self._outside):
            each.close()

    def clients(self) -> tuple[Client, ...]:
        return (CLIENT,)

    def at(self, link: str) -> Seen:
        return Seen(index=2, mac="", hardware=1, is_ready=False, rises=self.rises, carrier=True)

    def fileno(self) -> int:
        """As the watch: netlink has nothing to say."""
        return self.door.fileno()


def test_who_hears_something_looks_at_the_link_before_netlink_has_a_word_of_its_carrier() -> None:
    all_of_it = Recorder()
    keeper = Keeper(all_of_it, all_of_it, all_of_it, Hiring(lambda told: all_of_it))  # type: ignore[arg-type]  # it is all
    all_of_it.rises = 2
    all_of_it.wire.send(b"frame")
    keeper.serve(all_of_it.door, all_of_it.end.fileno())
    keeper.stop()
    first, second, heard = all_of_it.learned
    assert (getattr(first, "rises", 0), getattr(second, "rises", 0), heard) == (1, 2, b"frame")
