"""Which links carry the SSH session this command was typed in, so that a plan can mark them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path

from netkernel.host import Host

VARIABLE = "SSH_CONNECTION"
"""sshd(8): client address, client port, server address, server port."""


def connection(environ: Mapping[str, str], proc: str = "/proc") -> str:
    """The variable's value here or, because sudo(8) drops it, in the nearest process above that has it; else ""."""
    if VARIABLE in environ:
        return environ[VARIABLE]
    for directory in _above(Path(proc), "self"):
        try:
            variables = (directory / "environ").read_bytes().split(b"\0")
        except OSError:  # somebody else's process, or it ended
            continue
        for variable in variables:
            name, _, value = variable.partition(b"=")
            if name == VARIABLE.encode():
                return value.decode(errors="replace")
    return ""


def _above(proc: Path, process: str) -> Iterator[Path]:
    """The processes above `process`, by proc(5)'s PPid."""
    while True:
        try:
            lines = (proc / process / "status").read_text(errors="replace").splitlines()
        except OSError:
            return
        process = next((line.split()[1] for line in lines if line.startswith("PPid:")), "0")
        if process == "0":
            return
        yield proc / process


def links(host: Host, connection: str) -> frozenset[str]:
    """Names of the links that hold the session's own address or lead to its other end. Pure."""
    words = connection.split()
    if len(words) != 4:
        return frozenset()
    client, server = words[0], words[2]
    holding = {link for link, addresses in host.addresses.items() if any(_is(each.ip, server) for each in addresses)}
    return frozenset(holding | _towards(host, client) | {zone for zone in map(_zone, (client, server)) if zone})


def _zone(text: str) -> str:
    return text.partition("%")[2]


def _ip(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is(one: str, other: str) -> bool:
    address = _ip(other)
    return address is not None and _ip(one) == address


def _towards(host: Host, client: str) -> set[str]:
    """The links of the most specific route to `client`, addresses' own prefixes among them."""
    address = _ip(client)
    if address is None or address.is_link_local or address.is_loopback:
        return set()
    found: list[tuple[int, int, tuple[str, ...]]] = [
        (each.prefix, 0, (each.link,))
        for several in host.addresses.values()
        for each in several
        if address in ip_network(f"{each.ip}/{each.prefix}", strict=False)
    ]
    found += [
        (network.prefixlen, -route.metric, route.links)
        for route in host.routes
        if route.kind == "unicast" and address in (network := ip_network(route.destination, strict=False))
    ]
    return set(max(found, key=lambda each: each[:2])[2]) if found else set()
