"""The netlink socket: framing, dumps that notice when they were disturbed, and batched writes (linux/netlink.h)."""

from __future__ import annotations

import _socket as socket  # its wrapper adds enums, selectors and 2 ms to every start, and nothing we use
import errno
import os
from collections.abc import Callable, Iterator, Sequence
from struct import Struct

from netkernel import tlv
from netkernel.errors import AnswerLost, DumpInterrupted, KernelRefused, MalformedMessage
from netkernel.frozen import Frozen
from netkernel.typed import Any, Final, Protocol, Self, TypeVar

T = TypeVar("T")

ROUTE: Final = 0
GENERIC: Final = 16

REQUEST: Final = 0x1
ACK: Final = 0x4
DUMP_INTERRUPTED: Final = 0x10  # NLM_F_DUMP_INTR, on messages of a dump
REPLACE: Final = 0x100
EXCLUSIVE: Final = 0x200
CREATE: Final = 0x400
APPEND: Final = 0x800
DUMP: Final = 0x300  # NLM_F_ROOT | NLM_F_MATCH, on requests

ERROR: Final = 2
DONE: Final = 3
OVERRUN: Final = 4

LONGEST_BATCH: Final = 128
"""Messages in one send: more bring nothing, and the answers to 221 failing ones fill a default socket."""
LARGEST_BATCH: Final = 200_000
"""Bytes in one send: SO_SNDBUF's default takes 212,916."""

HEADER: Final = Struct("=IHHII")  # length, type, flags, sequence number, port
_ERRNO: Final = Struct("=i")
_SOL_NETLINK: Final = 270
_CAP_ACK, _EXT_ACK, _STRICT_CHECK = 10, 11, 12
_CAPPED, _EXTENDED = 0x100, 0x200  # NLM_F_CAPPED, NLM_F_ACK_TLVS
_SO_RCVBUFFORCE: Final = 33
_RECEIVE_BUFFER: Final = 4 << 20
_ONE_READ: Final = 96 << 10
"""A dump message is at most 64 KiB, however many virtual functions a NIC has. From 128 KiB on malloc(3) maps new pages
for each read, which costs more than the read."""
_RETRIES: Final = 10
_PATIENCE_S: Final = 30  # the kernel answers before send(2) returns; this is for the answers it never gives

Span = tuple[bytes, int, int]
"""A message's payload: buffer, start after the netlink header, end."""


class Message(Frozen):
    """One request; `payload` is all after the netlink header."""

    type: int
    flags: int
    payload: bytes

    @property
    def size(self) -> int:
        return HEADER.size + ((len(self.payload) + 3) & ~3)


class Refusal(Frozen):
    """The kernel's no to one message of a batch: errno, and its own words where it has some."""

    errno: int
    reason: str


def frames(data: bytes) -> list[tuple[int, int, int, int, int]]:
    """The messages in what one read gave: (type, flags, sequence number, payload start, payload end).

    Raises MalformedMessage when a length contradicts the data.
    """
    start, total, size, unpack = 0, len(data), HEADER.size, HEADER.unpack_from
    found = []
    while start < total:
        if total - start < size:
            raise MalformedMessage(f"{total - start} stray bytes after the last message")
        length, kind, flags, sequence, _ = unpack(data, start)
        if length < size or start + length > total:
            raise MalformedMessage(f"message at byte {start} says {length} of {total - start} bytes")
        found.append((kind, flags, sequence, start + size, start + length))
        start += (length + 3) & ~3
    return found


def refusal(data: bytes, flags: int, start: int, end: int) -> Refusal | None:
    """What an NLMSG_ERROR payload says; None when it is an acknowledgement. Raises MalformedMessage."""
    if end - start < _ERRNO.size + HEADER.size:
        raise MalformedMessage(f"an error message of {end - start} bytes")
    (code,) = _ERRNO.unpack_from(data, start)
    if code == 0:
        return None
    number = -code
    return Refusal(number, _words(data, flags, start, end) or os.strerror(number))


def _words(data: bytes, flags: int, start: int, end: int) -> str:
    """The extended-ACK text (NLMSGERR_ATTR_MSG). It stands after the echoed request, unless that is capped."""
    if not flags & _EXTENDED:
        return ""
    echoed = HEADER.size
    if not flags & _CAPPED:
        echoed = (HEADER.unpack_from(data, start + _ERRNO.size)[0] + 3) & ~3
    for number, first, last in tlv.walk(data, start + _ERRNO.size + echoed, end):
        if number == 1:
            return tlv.read_text(data, first, last)
    return ""


class Wire(Protocol):
    """What a Socket asks of the operating system's: a `socket.socket`, or a test's."""

    def send(self, data: bytes, /) -> int: ...
    def recvmsg(self, size: int, ancillary: int, flags: int, /) -> tuple[bytes, Any, int, Any]: ...
    def fileno(self) -> int: ...
    def close(self) -> None: ...


def opened(protocol: int = ROUTE) -> socket.socket:
    """A netlink socket of the namespace the calling thread is in."""
    made = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)
    try:
        for option in (_CAP_ACK, _EXT_ACK, _STRICT_CHECK):
            made.setsockopt(_SOL_NETLINK, option, 1)
        widen(made)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, Struct("@ll").pack(_PATIENCE_S, 0))
        made.bind((0, 0))
    except BaseException:
        made.close()
        raise
    return made


class Socket:
    """A conversation with the kernel: one request or one batch at a time, all answers read before the next."""

    def __init__(self, wire: Wire | None = None) -> None:
        self._socket = wire or opened()
        self._sequence = int.from_bytes(os.urandom(3), "little")
        self._disturbed = 0  # a flag of the last dump

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def dump(self, kind: int, payload: bytes) -> list[Span]:
        """All answers to a dump request. Raises as `read`."""
        return self.read(kind, payload, list)

    def read(self, kind: int, payload: bytes, reader: Callable[[Iterator[Span]], T]) -> T:
        """What `reader` makes of the answers to a dump request, which come one by one: memory is used again and again.

        It takes them all, and once more from the first when the kernel flags the dump as disturbed.
        Raises KernelRefused, DumpInterrupted, AnswerLost, MalformedMessage.
        """
        for _ in range(_RETRIES):
            self._disturbed = 0
            made = reader(self._answers(kind, payload))
            if not self._disturbed:
                return made
        raise DumpInterrupted(f"dump {kind}: disturbed {_RETRIES} times in a row")

    def dump_once(self, kind: int, payload: bytes) -> tuple[list[Span], bool]:
        """The answers as they come, and whether the kernel flagged them as disturbed: then some may be missing.

        Raises KernelRefused, AnswerLost, MalformedMessage.
        """
        self._disturbed = 0
        spans = list(self._answers(kind, payload))
        return spans, bool(self._disturbed)

    def _answers(self, kind: int, payload: bytes) -> Iterator[Span]:
        own = self._send([Message(kind, REQUEST | DUMP, payload)])
        while True:
            data = self._receive()
            for answer, flags, sequence, start, end in frames(data):
                if sequence != own:
                    continue
                self._disturbed |= flags & DUMP_INTERRUPTED
                if answer > OVERRUN:
                    yield data, start, end
                elif answer == DONE:
                    _refuse_late(data, flags, start, end, kind)
                    return
                elif answer == ERROR:
                    said = refusal(data, flags, start, end)
                    if said is None:
                        return
                    raise KernelRefused(f"dump {kind}", said.errno, said.reason)
                elif answer == OVERRUN:
                    raise AnswerLost(f"dump {kind}: the kernel says that it lost data")

    def ask(self, kind: int, payload: bytes) -> Span:
        """The one answer to a request that is no dump. Raises KernelRefused, AnswerLost, MalformedMessage."""
        own = self._send([Message(kind, REQUEST, payload)])
        while True:
            data = self._receive()
            for answer, flags, sequence, start, end in frames(data):
                if sequence != own:
                    continue
                if answer > OVERRUN:
                    return data, start, end
                said = refusal(data, flags, start, end) if answer == ERROR else None
                if said is None:
                    raise MalformedMessage(f"request {kind}: answered with message {answer}")
                raise KernelRefused(f"request {kind}", said.errno, said.reason)

    def write(self, messages: Sequence[Message], closing: Message | None = None) -> dict[int, Refusal]:
        """Send at most one batch of messages; gives those the kernel refused, by position. It does all the others.

        Only the last one is acknowledged: an error is always answered, and the kernel works in order. `closing` goes
        behind it, for those to whom a batch is one transaction; kernels before 6.10 do not acknowledge that. Whoever
        refuses the first message of such a batch looks at no other.
        Raises AnswerLost when the answers overran the socket or did not come.
        """
        first = self._send(messages, acknowledge_last=True, closing=closing)
        refused: dict[int, Refusal] = {}
        while True:
            data = self._receive()
            for answer, flags, sequence, start, end in frames(data):
                position = (sequence - first) & 0xFFFFFFFF
                if answer != ERROR or position >= len(messages):
                    continue
                said = refusal(data, flags, start, end)
                if said is not None:
                    refused[position] = said
                if position == len(messages) - 1 or (closing and said and position == 0):
                    return refused

    def _send(
        self, messages: Sequence[Message], *, acknowledge_last: bool = False, closing: Message | None = None
    ) -> int:
        """Send; gives the first sequence number."""
        first = self._sequence
        last = len(messages) - 1
        sent = messages if closing is None else [*messages, closing]
        self._sequence = (first + len(sent)) & 0xFFFFFFFF
        parts = []
        for position, message in enumerate(sent):
            flags = message.flags | REQUEST | (ACK if acknowledge_last and position == last else 0)
            length = HEADER.size + len(message.payload)
            parts.append(HEADER.pack(length, message.type, flags, (first + position) & 0xFFFFFFFF, 0))
            parts.append(message.payload)
            if length & 3:
                parts.append(b"\0" * (-length & 3))
        self._socket.send(b"".join(parts))
        return first

    def _receive(self) -> bytes:
        return receive(self._socket)


def widen(of: socket.socket) -> None:
    """Give a socket a large receive buffer: beyond rmem_max where we may, up to it where not."""
    try:
        of.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _RECEIVE_BUFFER)
    except PermissionError:
        of.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)


def receive(of: Wire, flags: int = 0) -> bytes:
    """One read, of the kernel only. Raises AnswerLost, MalformedMessage; BlockingIOError only with MSG_DONTWAIT."""
    while True:
        try:
            data, _, seen, sender = of.recvmsg(_ONE_READ, 0, flags)
        except BlockingIOError:
            if flags & socket.MSG_DONTWAIT:
                raise
            raise AnswerLost(f"the kernel gave no answer in {_PATIENCE_S} s") from None
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise
            raise AnswerLost("the kernel's answers overran the socket") from error
        if seen & socket.MSG_TRUNC:
            raise MalformedMessage(f"a message larger than {_ONE_READ} bytes")
        if not data:
            raise AnswerLost("the kernel closed the conversation")
        if sender[0] == 0:
            return data


def _refuse_late(data: bytes, flags: int, start: int, end: int, kind: int) -> None:
    """NLMSG_DONE carries an errno when the dump broke off half-way."""
    if end - start < _ERRNO.size:
        return
    (code,) = _ERRNO.unpack_from(data, start)
    if code < 0:
        words = ""
        if flags & _EXTENDED:
            words = next(
                (tlv.read_text(data, a, b) for number, a, b in tlv.walk(data, start + _ERRNO.size, end) if number == 1),
                "",
            )
        raise KernelRefused(f"dump {kind}", -code, words or os.strerror(-code))
