"""Links that come and go while they are read one by one, against a kernel that says what a test wants."""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Callable
from typing import Any

import pytest

from netkernel import netlink, piecemeal, tlv
from netkernel.codec import links, shapes
from netkernel.netlink import DONE, DUMP_INTERRUPTED, ERROR, HEADER, Socket
from netkernel.records import Link

MASTER, LINK = 10, 5


def message(index: int, name: str, **refers: int) -> bytes:
    numbers = {"master": MASTER, "link": LINK}
    attributes = b"".join(tlv.u32(numbers[key], value) for key, value in refers.items())
    return shapes.HEADER.pack(0, 1, index, 0, 0) + tlv.text(shapes.NAME, name) + attributes


class Kernel:
    """Every dump is flagged as disturbed; `after` is called with the index of each link that was asked for."""

    def __init__(self, there: dict[int, bytes], after: Callable[[int], None] = lambda _: None) -> None:
        self.there = there
        self.after = after
        self.reads: list[bytes] = []
        self.asked: list[int] = []

    def send(self, data: bytes, /) -> int:
        for _, flags, sequence, start, _ in netlink.frames(data):
            if flags & netlink.DUMP == netlink.DUMP:
                for payload in self.there.values():
                    self._answer(links.NEW, 2, sequence, payload)
                self._answer(DONE, 2 | DUMP_INTERRUPTED, sequence, bytes(4))
            else:
                self._one(sequence, shapes.HEADER.unpack_from(data, start)[2])
        return len(data)

    def _one(self, sequence: int, index: int) -> None:
        self.asked.append(index)
        if index in self.there:
            self._answer(links.NEW, 0, sequence, self.there[index])
        else:
            self._answer(ERROR, 0x100, sequence, struct.pack("=i", -errno.ENODEV) + bytes(HEADER.size))
        self.after(index)

    def _answer(self, kind: int, flags: int, sequence: int, payload: bytes) -> None:
        padded = payload + bytes(-len(payload) & 3)
        self.reads.append(HEADER.pack(HEADER.size + len(payload), kind, flags, sequence, 0) + padded)

    def recvmsg(self, size: int, ancillary: int, flags: int, /) -> tuple[bytes, Any, int, Any]:
        return self.reads.pop(0), [], 0 if size else socket.MSG_TRUNC, (0, 0)

    def fileno(self) -> int:
        return -1

    def close(self) -> None: ...


def read(kernel: Kernel) -> dict[str, Link]:
    return piecemeal.read_links(Socket(kernel), shapes.Links().read)


def test_links_are_read_though_no_dump_stands_still() -> None:
    found = read(Kernel({1: message(1, "lo"), 2: message(2, "br0"), 3: message(3, "eth0", master=2)}))
    assert {name: link.master for name, link in found.items()} == {"lo": "", "br0": "", "eth0": "br0"}


def test_a_port_whose_bridge_went_meanwhile_is_asked_again() -> None:
    def after(index: int) -> None:
        if index == 3:
            kernel.there = {3: message(3, "eth0")}

    kernel = Kernel({3: message(3, "eth0", master=7), 7: message(7, "br0")}, after)
    assert {name: link.master for name, link in read(kernel).items()} == {"eth0": ""}


def test_a_base_that_came_meanwhile_is_asked_for() -> None:
    def after(index: int) -> None:
        if index == 3:
            kernel.there[9] = message(9, "new0")

    kernel = Kernel({3: message(3, "eth0.5", link=9)}, after)
    assert sorted(read(kernel)) == ["eth0.5", "new0"]


def test_what_never_fits_is_left_out_with_all_that_sits_on_it() -> None:
    kernel = Kernel({3: message(3, "a", link=99), 4: message(4, "b", link=3), 5: message(5, "c")})
    assert sorted(read(kernel)) == ["c"]
    assert len(kernel.asked) < 50


def test_a_name_that_went_to_another_link_is_the_newer_ones() -> None:
    def after(index: int) -> None:
        if index == 3:
            kernel.there = {8: message(8, "eth0")}

    kernel = Kernel({3: message(3, "eth0"), 8: message(8, "eth1")}, after)
    assert {name: link.index for name, link in read(kernel).items()} == {"eth0": 8}


def test_a_record_that_refers_to_a_link_that_went_is_left_out() -> None:
    names = piecemeal.Known({1: "lo"})

    def link_of(data: bytes, start: int, end: int, known: Any) -> str:
        return str(known.get(data[start], "none"))

    assert piecemeal.told(link_of, [(b"\0\1\2", n, n + 1) for n in range(3)], names) == ["none", "lo"]
    with pytest.raises(piecemeal.Unnamed):
        names[2]
