"""What is there while links come and go all the time: no dump stands still then, so each object is asked by itself.

A link that was there all the time is in the result, however often its table was disturbed: the kernel's own dump may
step over one when another goes (net/core/rtnetlink.c before Linux 6.9 counts places in a list). What came or went
meanwhile is there or not; nothing in the result refers to a link that is not in it.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Collection, Iterable, Mapping

from netkernel.codec import addresses, shapes
from netkernel.codec.forms import Names
from netkernel.errors import KernelRefused
from netkernel.netlink import Socket, Span
from netkernel.records import Link
from netkernel.typed import Any, Final, NoReturn, TypeVar

Record = TypeVar("Record")
_LOOKS: Final = 2
"""Dumps that find out what there is to ask for: what one stepped over, the other sees."""
_ROUNDS: Final = 5


class Unnamed(Exception):
    """A record refers to the link with this ifindex, which nobody named."""

    def __init__(self, index: int) -> None:
        super().__init__(f"no link {index}")
        self.index = index


class Known(dict[int, str]):
    """Names by ifindex. To ask for one that is not there raises Unnamed; 0 is the kernel's "none"."""

    def __missing__(self, index: int) -> NoReturn:
        raise Unnamed(index) if index else KeyError(index)

    def get(self, index: int, default: Any = None, /) -> Any:
        return self[index] if index else default


def read_links(socket: Socket, read: Callable[[bytes, int, int, Names], Link]) -> dict[str, Link]:
    """The links by name; what refers to a link that just went is asked again, and left out in the end."""
    spans: dict[int, Span] = {}
    torn: Collection[int] = _seen(socket)
    for _ in range(_ROUNDS):
        for index in torn:
            spans.pop(index, None)  # what is asked again stands behind what was asked before
            spans.update(_asked(socket, index))
        found, torn = _whole(spans, read)
        if not torn:
            return found
    while torn:
        for index in torn:
            spans.pop(index, None)
        found, torn = _whole(spans, read)
    return found


def read_addresses(socket: Socket, of: Iterable[Link]) -> list[Span]:
    """The messages about the addresses of these links."""
    return [span for link in of for span in _of_link(socket, link.index)]


def told(read: Callable[[bytes, int, int, Names], Record | None], spans: Iterable[Span], names: Names) -> list[Record]:
    """The records in messages, without those that `read` passes over and those that refer to a link that went."""
    found = []
    for data, start, end in spans:
        try:
            record = read(data, start, end, names)
        except Unnamed:
            continue
        if record:
            found.append(record)
    return found


def _seen(socket: Socket) -> list[int]:
    looks = [socket.dump_once(shapes.GET, shapes.dump_request())[0] for _ in range(_LOOKS)]
    return sorted({shapes.read_name(*span)[0] for spans in looks for span in spans})


def _asked(socket: Socket, index: int) -> dict[int, Span]:
    try:
        return {index: socket.ask(shapes.GET, shapes.request(index))}
    except KernelRefused as refused:
        if refused.errno != errno.ENODEV:
            raise
        return {}


def _whole(
    spans: Mapping[int, Span], read: Callable[[bytes, int, int, Names], Link]
) -> tuple[dict[str, Link], set[int]]:
    """The links that fit together, and the indexes of those that do not, with those that they miss."""
    names = Known({index: shapes.read_name(*span)[1] for index, span in spans.items()})
    found: dict[str, Link] = {}
    torn: set[int] = set()
    for index, span in spans.items():
        try:
            link = read(*span, names)
        except Unnamed as missed:
            torn |= {index, missed.index}
            continue
        if link.name in found:  # it gave its name to another, or went
            torn.add(found[link.name].index)
        found[link.name] = link
    return found, torn


def _of_link(socket: Socket, index: int) -> list[Span]:
    try:
        return socket.dump_once(addresses.GET, addresses.dump_request(link=index))[0]
    except KernelRefused as refused:
        if refused.errno != errno.ENODEV:
            raise
        return []
