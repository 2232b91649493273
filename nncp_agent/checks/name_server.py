"""A name server of this host answers a question that every server knows: who serves the root."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Final

from netkernel.packets import dns
from nncp_agent.checks.base import Datagram, Question, closed_on_error, inside
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
        family = socket.AF_INET6 if ":" in self._address else socket.AF_INET
        question = dns.Question(secrets.randbelow(65536))
        with inside(self._namespace):
            sock = socket.socket(family, socket.SOCK_DGRAM)
            asked = Datagram(sock, lambda message: _is_answer(dns.parse(message), question))
            with closed_on_error(asked):
                # numeric, so nothing is looked up: it only turns a zone into its index, in this namespace
                numeric = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
                address = socket.getaddrinfo(self._address, self._port, family, socket.SOCK_DGRAM, 0, numeric)
                sock.connect(address[0][4])
                sock.send(question.pack())
        return [asked]

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
