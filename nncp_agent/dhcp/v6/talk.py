"""How a DHCPv6 client speaks on a link: by UDP, from the link's own address to all servers."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Final

from netkernel.errors import MalformedMessage
from netkernel.packets import dhcp6
from netkernel.packets.dhcp6 import ALL_SERVERS, CLIENT_PORT, SERVER_PORT, Message

_LARGEST: Final = 65536
_MOST_AT_ONCE: Final = 32


class Talk:
    """Raises OSError where there is no such link."""

    def __init__(self, link: str) -> None:
        self._link = link
        self._socket = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        try:
            self._socket.setblocking(False)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, link.encode("utf-8", "surrogateescape"))
            self._socket.bind(("::", CLIENT_PORT))
        except OSError:
            self._socket.close()
            raise

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()

    def send(self, message: Message) -> None:
        """To all servers; the scope of where it goes makes the kernel choose a link-local source. Raises OSError."""
        self._socket.sendto(message.pack(), (ALL_SERVERS, SERVER_PORT, 0, socket.if_nametoindex(self._link)))

    def receive(self) -> list[Message]:
        """What has come and makes sense. Raises OSError when the link is gone."""
        found: list[Message] = []
        for _ in range(_MOST_AT_ONCE):
            try:
                data = self._socket.recv(_LARGEST)
            except BlockingIOError:
                break
            with suppress(MalformedMessage):
                found.append(dhcp6.parse(data))
        return found
