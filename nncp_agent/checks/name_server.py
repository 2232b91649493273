"""A name server of this host answers a question that every server knows: who serves the root."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import Final

from netkernel.packets import dns
from nncp_agent.checks.base import Datagram, Question, closed_on_error, each, inside
from nncp_agent.checks.runner import answering

_MOST: Final = 3
"""A resolver reads no more `nameserver` lines (resolv.conf(5), MAXNS)."""


class NameServer:
    """The server at `address` (IPv6 link-local ones with their zone: `fe80::1%eth0`)."""

    def __init__(self, address: str, namespace: str | None = None, port: int = dns.PORT) -> None:
        self._address = address
        self._namespace = namespace
        self._port = port

    def describe(self) -> str:
        return f"name server {self._address}"

    def ask(self) -> Sequence[Question]:
        return [self.question()]

    def question(self) -> Question:
        """The one it puts. Raises OSError."""
        family = socket.AF_INET6 if ":" in self._address else socket.AF_INET
        question = dns.Question(int.from_bytes(os.urandom(2), "big"))
        with inside(self._namespace):
            sock = socket.socket(family, socket.SOCK_DGRAM)
            asked = Datagram(sock, lambda message: _is_answer(dns.parse(message), question))
            with closed_on_error(asked):
                # numeric, so nothing is looked up: it only turns a zone into its index, in this namespace
                numeric = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
                address = socket.getaddrinfo(self._address, self._port, family, socket.SOCK_DGRAM, 0, numeric)
                sock.connect(address[0][4])
                sock.send(question.pack())
        return asked

    def try_once(self, timeout_s: float) -> bool:
        return bool(answering([self], timeout_s))


class NameServers:
    """Any of those a resolver would ask at that moment: for a change of name servers, where the new ones must answer.

    `resolv_conf` gives the text of the file as it is then.
    """

    def __init__(self, resolv_conf: Callable[[], str], namespace: str | None = None) -> None:
        self._resolv_conf = resolv_conf
        self._namespace = namespace

    def describe(self) -> str:
        return "name servers"

    def ask(self) -> Sequence[Question]:
        servers = [NameServer(address, self._namespace) for address in name_servers(self._resolv_conf())]
        return each(server.question for server in servers)

    def try_once(self, timeout_s: float) -> bool:
        return bool(answering([self], timeout_s))


def name_servers(resolv_conf: str) -> tuple[str, ...]:
    """Addresses of the servers in the text of a resolv.conf(5), those a resolver would use. Pure."""
    words = (line.split() for line in resolv_conf.splitlines())
    found = [line[1] for line in words if len(line) > 1 and line[0] == "nameserver" and _is_address(line[1])]
    return tuple(dict.fromkeys(found[:_MOST]))


def _is_answer(answer: dns.Answer, question: dns.Question) -> bool:
    """A refusal is an answer; SERVFAIL is what a stub on this very host says when nobody is behind it."""
    return answer.id == question.id and answer.code != dns.SERVER_FAILURE


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
