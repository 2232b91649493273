"""What a check is, and the questions it puts on the wire."""

from __future__ import annotations

import selectors
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Protocol, runtime_checkable

from netkernel import netns
from netkernel.errors import MalformedMessage


class Check(Protocol):
    """Anything that can tell whether the host still reaches something."""

    def describe(self) -> str:
        """What it reaches, in a few words: `name server 192.0.2.53`."""
        ...

    def try_once(self, timeout_s: float) -> bool:
        """True as soon as it is reached, False when `timeout_s` has passed without that."""
        ...


class Question(Protocol):
    """One packet on its way, its socket ready for a selector."""

    events: int  # selectors.EVENT_*: what announces news

    def fileno(self) -> int: ...

    def answered(self) -> bool | None:
        """Called when there is news: True for the answer, False when none will come, None to go on waiting."""
        ...

    def close(self) -> None: ...


@runtime_checkable
class Probe(Check, Protocol):
    """A check whose questions can wait in one selector beside those of others."""

    def ask(self) -> Sequence[Question]:
        """Put its questions on the wire; one answer is enough. Raises OSError when that does not even work now."""
        ...


class Datagram:
    """A question in one packet; `is_answer` judges each packet that comes back."""

    events = selectors.EVENT_READ

    def __init__(self, sock: socket.socket, is_answer: Callable[[bytes], bool]) -> None:
        sock.setblocking(False)
        self._socket = sock
        self._is_answer = is_answer

    def fileno(self) -> int:
        return self._socket.fileno()

    def answered(self) -> bool | None:
        try:
            return self._is_answer(self._socket.recv(65535)) or None
        except (MalformedMessage, BlockingIOError):  # raw sockets hear what others talk about
            return None
        except OSError:  # an ICMP error came back
            return False

    def close(self) -> None:
        self._socket.close()


class Connection:
    """A TCP connection being made; being accepted is the answer."""

    events = selectors.EVENT_WRITE

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    def fileno(self) -> int:
        return self._socket.fileno()

    def answered(self) -> bool | None:
        return self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0

    def close(self) -> None:
        self._socket.close()


def inside(namespace: str | None) -> AbstractContextManager[None]:
    """Sockets belong to the namespace they are made in, whoever uses them later."""
    return netns.inside(namespace) if namespace else nullcontext()


@contextmanager
def closed_on_error(question: Question) -> Iterator[None]:
    """Do not leak a socket whose packet could not be sent."""
    try:
        yield
    except OSError:
        question.close()
        raise


def each(questions: Iterable[Callable[[], Question]]) -> list[Question]:
    """Those of `questions` that could be asked. Raises OSError only when none could."""
    made: list[Question] = []
    failed: OSError | None = None
    for ask in questions:
        try:
            made.append(ask())
        except OSError as error:
            failed = error
    if failed and not made:
        raise failed
    return made
