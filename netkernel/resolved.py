"""The door to systemd-resolved, which keeps name servers for each link (org.freedesktop.resolve1, over D-Bus).

What it is told so lasts as long as the link; it forgets it when the machine restarts.
"""

from __future__ import annotations

import os
import select
import time
from collections.abc import Mapping
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton
from typing import Any, Final

from netkernel.dbus import Bus, BusRefused
from netkernel.errors import KernelRefused, NetworkError
from netkernel.files import SYSTEM_BUS
from netkernel.records import LinkDns

SERVICE: Final = "org.freedesktop.resolve1"
PATH: Final = "/org/freedesktop/resolve1"
MANAGER: Final = "org.freedesktop.resolve1.Manager"
UNKNOWN_LINK: Final = "org.freedesktop.resolve1.NoSuchLink"
NETWORKD: Final = "/run/systemd/netif/links"
"""A file for each link that systemd-networkd knows, by its index."""
_LINK_S: Final = 5.0
"""How long it may take to hear of a link that was just made."""
_AGAIN_S: Final = 0.05


class Resolved:
    """What is behind the bus at `address`; `root` is where the files of systemd-networkd begin."""

    def __init__(self, address: str = SYSTEM_BUS, root: str = "/") -> None:
        self._address = address
        self._root = root

    def all(self, names: Mapping[int, str]) -> dict[str, LinkDns]:
        """What each link of `names` (by ifindex) has. Empty where nobody answers."""
        servers: dict[int, list[str]] = {index: [] for index in names}
        domains: dict[int, list[str]] = {index: [] for index in names}
        try:
            with Bus(self._address) as bus:
                for index, family, raw in _property(bus, "DNS"):
                    if index in servers and (server := _text(family, bytes(raw))):
                        servers[index].append(server)
                for index, domain, is_route in _property(bus, "Domains"):
                    if index in domains:
                        domains[index].append("~" * is_route + domain)
        except NetworkError:
            return {}
        return {
            name: LinkDns(tuple(servers[index]), tuple(domains[index]), is_networkds=self._is_networkds(index))
            for index, name in names.items()
        }

    def write(self, link: str, index: int, new: LinkDns) -> None:
        """Give a link these servers and domains. Raises KernelRefused with what systemd-resolved says."""
        servers = [_address(server) for server in new.servers]
        domains = [(domain.removeprefix("~") or ".", domain.startswith("~")) for domain in new.domains]
        deadline = time.monotonic() + _LINK_S
        try:
            with Bus(self._address) as bus:
                while True:
                    try:
                        bus.call(SERVICE, PATH, MANAGER, "SetLinkDNS", "ia(iay)", index, servers)
                        bus.call(SERVICE, PATH, MANAGER, "SetLinkDomains", "ia(sb)", index, domains)
                        return
                    except BusRefused as refused:
                        if refused.name != UNKNOWN_LINK or time.monotonic() > deadline:
                            raise
                    select.select([], [], [], _AGAIN_S)  # it hears of new links as we do, from the kernel
        except NetworkError as error:
            raise KernelRefused(f"set name servers of {link}", 0, str(error)) from error

    def _is_networkds(self, index: int) -> bool:
        """Whether systemd-networkd configures the link, and so its servers."""
        path = os.path.join(self._root, NETWORKD.lstrip("/"), str(index))
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                states = [line.strip() for line in file if line.startswith("ADMIN_STATE=")]
        except OSError:
            return False
        return bool(states) and states[0] not in ("ADMIN_STATE=unmanaged", "ADMIN_STATE=initialized")


def _property(bus: Bus, name: str) -> Any:
    return bus.call(SERVICE, PATH, "org.freedesktop.DBus.Properties", "Get", "ss", MANAGER, name)[0]


def _text(family: int, raw: bytes) -> str:
    """ "" for a family we do not know."""
    size = 4 if family == AF_INET else 16 if family == AF_INET6 else -1
    return inet_ntop(family, raw) if len(raw) == size else ""


def _address(server: str) -> tuple[int, bytes]:
    """Zones go without saying: the link is named beside it."""
    address = server.partition("%")[0]
    family = AF_INET6 if ":" in address else AF_INET
    return family, inet_pton(family, address)
