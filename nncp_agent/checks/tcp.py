"""A TCP endpoint takes a connection."""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Sequence
from urllib.parse import urlsplit

from netkernel.errors import NetworkError
from nncp_agent.checks.base import Connection, Question, closed_on_error, inside
from nncp_agent.checks.runner import answering


class Tcp:
    """The endpoint at `address` (numeric) and `port`; `name` is what the user called it."""

    def __init__(self, address: str, port: int, name: str = "", namespace: str | None = None) -> None:
        self._address = address
        self._port = port
        self._name = name or (f"tcp://[{address}]:{port}" if ":" in address else f"tcp://{address}:{port}")
        self._namespace = namespace

    def describe(self) -> str:
        return self._name

    def ask(self) -> Sequence[Question]:
        family = socket.AF_INET6 if ":" in self._address else socket.AF_INET
        with inside(self._namespace):
            sock = socket.socket(family, socket.SOCK_STREAM)
            connection = Connection(sock)
            with closed_on_error(connection):
                sock.setblocking(False)
                code = sock.connect_ex((self._address, self._port))
                if code not in (0, errno.EINPROGRESS):
                    raise OSError(code, os.strerror(code))
        return [connection]

    def try_once(self, timeout_s: float) -> bool:
        return bool(answering([self], timeout_s))


def parse(text: str, namespace: str | None = None) -> Tcp:
    """The check that `tcp://HOST:PORT` asks for. A host name is looked up now: after the change it may be too late.

    Raises NetworkError.
    """
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise NetworkError(f"check {text!r}: {error}") from error
    if parts.scheme != "tcp" or not host or not port or parts.path or parts.query or parts.username:
        raise NetworkError(f"check {text!r}: wanted tcp://HOST:PORT")
    try:
        address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][4][0]
    except (OSError, UnicodeError) as error:
        raise NetworkError(f"check {text!r}: no such host: {error}") from error
    return Tcp(str(address), port, text, namespace)
