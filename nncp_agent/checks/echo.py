"""A host answers ICMP echo, whichever way it is reached."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence

from netkernel.packets import icmp
from nncp_agent.checks.base import Datagram, Question, closed_on_error, inside
from nncp_agent.checks.runner import answering


class Echo:
    """The host at `address` (numeric); `namespace` is the path of the network namespace to ask in."""

    def __init__(self, address: str, namespace: str | None = None) -> None:
        self._address = address
        self._namespace = namespace

    def describe(self) -> str:
        return f"host {self._address}"

    def ask(self) -> Sequence[Question]:
        family, identifier = (6 if ":" in self._address else 4), os.getpid() & 0xFFFF
        with inside(self._namespace):
            sock = _socket(family)

        def is_answer(packet: bytes) -> bool:
            echo = icmp.parse(icmp.behind_ip(packet) if family == 4 else packet, family)
            return echo.is_reply and echo.identifier == identifier

        question = Datagram(sock, is_answer)
        with closed_on_error(question):
            sock.connect((self._address, 0))
            sock.send(icmp.Echo(family, identifier, 1, b"nncp").pack())
        return [question]

    def try_once(self, timeout_s: float) -> bool:
        return bool(answering([self], timeout_s))


def _socket(family: int) -> socket.socket:
    if family == 4:
        return socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    return socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
