"""An open watch: JSON objects, each on a line of its own, for as long as somebody sends them."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import msgspec

from nncp_agent.kube.errors import Unavailable


class Stream:
    """Read by one thread; `end` may be called by any, and the reader comes back at once."""

    def __init__(self, response: Any, faults: tuple[type[Exception], ...], took: Callable[[int], None]) -> None:
        self._response = response
        self._faults = faults
        self._took = took
        self._ended = False

    def events(self) -> Iterator[dict[str, Any]]:
        """Until the server or `end` ends it. Raises Unavailable when it breaks off, in the middle of a line or not."""
        rest = b""
        for data in self._pieces():
            self._took(len(data))
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                if line.strip():
                    yield _decoded(line)
        if rest.strip() and not self._ended:
            raise Unavailable("a watch ended in the middle of an event")

    def end(self) -> None:
        """Also while it is being read: what is in flight is lost."""
        self._ended = True
        descriptor = self._descriptor()
        if descriptor is not None:
            # by a socket of our own: the reader's may be one of TLS, which must not change under it
            with suppress(OSError), socket.socket(fileno=descriptor) as same:
                same.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """By the reader, when it is through; the connection is of no more use."""
        with suppress(*self._faults):
            self._response.close()
        self._response.release_conn()

    def _pieces(self) -> Iterator[bytes]:
        try:
            yield from self._response.stream(decode_content=False)
        except self._faults as fault:
            if not self._ended:
                raise Unavailable("a watch broke off") from fault

    def _descriptor(self) -> int | None:
        """A duplicate of the connection's, while there is one."""
        with suppress(OSError, ValueError):
            return os.dup(self._response.fileno())
        return None


def _decoded(line: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(line, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise Unavailable(f"a watch said what is no event: {error}") from error
