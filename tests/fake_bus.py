"""A bus with a service on it, in a thread: what our door to D-Bus is talked to by in tests."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from struct import Struct, unpack_from
from typing import Any, Protocol

from netkernel import dbus

ERROR = "org.freedesktop.resolve1.NoSuchLink"


class Service(Protocol):
    """What is on the bus. `answer` gives signature and values, and raises KeyError for what it does not know."""

    def answer(self, member: str, arguments: list[Any]) -> tuple[str, list[Any]]: ...


class FakeNetworkManager:
    """Which links it manages; it knows no others. `leases` are the options of their DHCP clients."""

    def __init__(self, managed: dict[str, bool], leases: dict[str, dict[str, str]] | None = None) -> None:
        self.managed = managed
        self.leases = leases or {}
        self._asked = ""

    def answer(self, member: str, arguments: list[Any]) -> tuple[str, list[Any]]:
        match member, arguments:
            case "Hello", _:
                return "s", [":1.1"]
            case "GetDeviceByIpIface", [name]:
                self._asked = name
                return "o", [f"/device/{name}"] if name in self.managed else _unknown(name)
            case "Get", [_, "Managed"]:
                return "v", [("b", self.managed[self._asked])]
            case "Get", [_, "Dhcp4Config"]:
                return "v", [("o", f"/dhcp/{self._asked}" if self._asked in self.leases else "/")]
            case "Get", [_, "Options"]:
                return "v", [("a{sv}", [(key, ("s", text)) for key, text in self.leases[self._asked].items()])]
            case "GetUnit", _:
                raise KeyError("no systemd")
            case _:
                raise AssertionError(member)


def _unknown(name: str) -> list[Any]:
    raise KeyError(name)


class FakeResolved:
    """What it was told: servers and domains by ifindex. `unknown` are links it has not heard of for so many calls."""

    def __init__(self) -> None:
        self.servers: dict[int, list[tuple[int, bytes]]] = {}
        self.domains: dict[int, list[tuple[str, bool]]] = {}
        self.unknown: dict[int, int] = {}

    def answer(self, member: str, arguments: list[Any]) -> tuple[str, list[Any]]:
        """Signature and values. Raises KeyError for a link that is not known."""
        match member, arguments:
            case "Hello", _:
                return "s", [":1.1"]
            case "SetLinkDNS", [index, servers]:
                if self.unknown.get(index, 0) > 0:
                    self.unknown[index] -= 1
                    raise KeyError(index)
                self.servers[index] = [(family, bytes(raw)) for family, raw in servers]
            case "SetLinkDomains", [index, domains]:
                self.domains[index] = domains
            case "Get", [_, "DNS"]:
                return "v", [("a(iiay)", [(i, *each) for i, these in self.servers.items() for each in these])]
            case "Get", [_, "Domains"]:
                return "v", [("a(isb)", [(i, *each) for i, these in self.domains.items() for each in these])]
            case _:
                raise AssertionError(member)
        return "", []


@contextmanager
def listening(path: Path, service: Service, greeting: bytes = b"OK 1234\r\n") -> Iterator[str]:
    """Its address, as long as the block lasts."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        thread = threading.Thread(target=_serve, args=(listener, service, greeting))
        thread.start()
        try:
            yield str(path)
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _serve(listener: socket.socket, service: Service, greeting: bytes) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection, connection.makefile("rb") as stream:
            assert stream.readline().startswith(b"\0AUTH EXTERNAL ")
            connection.sendall(greeting)
            if stream.readline() == b"BEGIN\r\n":
                while head := stream.read(16):
                    connection.sendall(_reply(head, stream, service))


def _reply(head: bytes, stream: Any, service: Service) -> bytes:
    body_size, serial, fields_size = unpack_from("<3I", head, 4)
    raw = stream.read(fields_size + -fields_size % 8)
    fields = dict(dbus.unpack("a(yv)", head[12:] + raw, 12)[0])
    arguments = dbus.unpack(fields.get(8, ""), stream.read(body_size))
    kind, error, (signature, values) = 2, [], ("", [])
    try:
        signature, values = service.answer(fields[3], arguments)
    except KeyError as missing:
        kind, error, signature, values = 3, [(4, ("s", ERROR))], "s", [f"Link {missing} not known"]
    body = dbus.pack(signature, values)
    said = [(5, ("u", serial)), *error, *([(8, ("g", signature))] if signature else [])]
    start = Struct("<4B2I").pack(ord("l"), kind, 0, 1, len(body), 1) + dbus.pack("a(yv)", [said], 12)
    return start + b"\0" * (-len(start) % 8) + body
