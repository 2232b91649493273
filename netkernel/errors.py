"""What can go wrong on the shared floor, and whose fault it is.

NetworkError
├── KernelRefused        the kernel said no: which op, which errno, its own words
├── NotUndone            undo was tried and left something behind: the list of what
├── MalformedMessage     bytes that are not what their header says
├── Unreadable           a text that is no document
├── DumpInterrupted      the table kept changing while it was read, more often than we retry
└── AnswerLost           the kernel's answers overran the socket: what was done is not known
"""

from __future__ import annotations

from collections.abc import Sequence


class NetworkError(Exception):
    """Root of every error this project raises on purpose; a bug raises as itself.

    `leftovers`: one line for each thing that is not as it was after what had begun was taken back.
    """

    leftovers: tuple[str, ...] = ()


class KernelRefused(NetworkError):
    """The kernel said no to an operation. `errno` is its number, `reason` its extended-ACK text or strerror.

    `possibly_done` counts the ops of the batch that were sent: the kernel goes on after an error, so each of them may
    have taken effect. `failed` holds the positions it refused. The ops after `possibly_done` were certainly not sent.
    """

    def __init__(
        self, what: str, errno: int, reason: str, *, possibly_done: int = 0, failed: frozenset[int] = frozenset()
    ) -> None:
        super().__init__(f"{what}: the kernel refused: {reason}")
        self.what = what
        self.errno = errno
        self.reason = reason
        self.possibly_done = possibly_done
        self.failed = failed


class NotUndone(NetworkError):
    """Undo was tried to the end and something is not as it was; `leftovers` has one line each."""

    def __init__(self, leftovers: Sequence[str]) -> None:
        super().__init__("not undone: " + "; ".join(leftovers))
        self.leftovers = tuple(leftovers)


class MalformedMessage(NetworkError):
    """Bytes from outside that contradict their own header."""


class Unreadable(NetworkError):
    """A text is neither JSON nor the YAML we read; `line` counts from 1 and is None where no line is to blame."""

    def __init__(self, source: str, line: int | None, message: str) -> None:
        where = f"{source or 'line'}{':' if source else ' '}{line}: " if line else f"{source}: " if source else ""
        super().__init__(where + message)
        self.source = source
        self.line = line
        self.message = message


class DumpInterrupted(NetworkError):
    """A dump was interrupted by changes more often than we are willing to retry."""


class AnswerLost(NetworkError):
    """The socket overran (ENOBUFS) while answers to writes were due; observe before deciding anything."""
