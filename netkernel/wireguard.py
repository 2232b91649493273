"""What WireGuard links say of themselves over generic netlink (linux/wireguard.h). Keys that are secret are not read.

A peer is a line, with tabs between, as `wg show NAME dump` has it: public key, whether there is a preshared key,
endpoint, allowed networks, keepalive in seconds. Who may not configure the network is told nothing.
"""

from __future__ import annotations

import errno
import sys
from _socket import AF_INET, AF_INET6, inet_ntop
from base64 import b64encode
from collections.abc import Iterable
from typing import Final

from netkernel import genetlink, tlv
from netkernel.errors import KernelRefused
from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.netlink import Span
from netkernel.records import Value

KIND: Final = "wireguard"
NONE: Final = "(none)"
_GET: Final = 0
_NAME, _PRIVATE, _PUBLIC, _PORT, _MARK, _PEERS = 2, 3, 4, 6, 7, 8
_PEER_PUBLIC, _PEER_PRESHARED, _PEER_ENDPOINT, _PEER_KEEPALIVE, _PEER_NETWORKS = 1, 2, 4, 5, 9
_FAMILY, _ADDRESS, _PREFIX = 1, 2, 3


def told(host: Host) -> Host:
    """`host` with the facts of its WireGuard links, in the calling thread's namespace. Raises NetworkError."""
    names = [name for name, link in host.links.items() if link.kind == KIND]
    links = dict(host.links)
    try:
        with genetlink.socket() as through:
            family = genetlink.family(through, KIND)
            for name in names:
                spans = genetlink.dump(through, family, _GET, tlv.text(_NAME, name))
                links[name] = replace(links[name], facts=_facts(spans))
    except KernelRefused as refused:
        if refused.errno not in (errno.EPERM, errno.EACCES, errno.ENOENT, errno.ENODEV, errno.EOPNOTSUPP):
            raise
    return replace(host, links=links)


def _facts(spans: Iterable[Span]) -> dict[str, Value]:
    """Many peers come in several messages; one whose networks did not fit goes on in the next."""
    facts: dict[str, Value] = {}
    peers: dict[str, _Peer] = {}
    for data, start, end in spans:
        for number, first, last in tlv.walk(data, start, end):
            if number == _PRIVATE:
                facts["private_key"] = int(any(data[first:last]))
            elif number == _PUBLIC and any(data[first:last]):
                facts["public_key"] = _key(data[first:last])
            elif number == _PORT:
                facts["listen_port"] = tlv.read_u16(data, first, last)
            elif number == _MARK:
                facts["fwmark"] = tlv.read_u32(data, first, last)
            elif number == _PEERS:
                for _, low, high in tlv.walk(data, first, last):
                    peer = _Peer(data, low, high)
                    peers.setdefault(peer.public, peer).networks.update(peer.networks)
    return {**facts, "peers": tuple(peer.line() for peer in peers.values())}


class _Peer:
    def __init__(self, data: bytes, start: int, end: int) -> None:
        self.public, self.preshared, self.endpoint, self.keepalive = "", False, NONE, 0
        self.networks: dict[str, None] = {}
        for number, first, last in tlv.walk(data, start, end):
            if number == _PEER_PUBLIC:
                self.public = _key(data[first:last])
            elif number == _PEER_PRESHARED:
                self.preshared = any(data[first:last])
            elif number == _PEER_ENDPOINT:
                self.endpoint = _endpoint(data[first:last])
            elif number == _PEER_KEEPALIVE:
                self.keepalive = tlv.read_u16(data, first, last)
            elif number == _PEER_NETWORKS:
                self.networks |= {_network(data, low, high): None for _, low, high in tlv.walk(data, first, last)}

    def line(self) -> str:
        hidden = "(hidden)" if self.preshared else NONE
        return "\t".join(
            (self.public, hidden, self.endpoint, ",".join(self.networks) or NONE, str(self.keepalive or "off"))
        )


def _key(raw: bytes) -> str:
    return b64encode(raw).decode()


def _endpoint(raw: bytes) -> str:
    """struct sockaddr_in or sockaddr_in6."""
    family, port = int.from_bytes(raw[:2], sys.byteorder), int.from_bytes(raw[2:4], "big")
    if family == AF_INET:
        return f"{inet_ntop(AF_INET, raw[4:8])}:{port}"
    return f"[{inet_ntop(AF_INET6, raw[8:24])}]:{port}" if family == AF_INET6 else NONE


def _network(data: bytes, start: int, end: int) -> str:
    family, address, prefix = 0, b"", 0
    for number, first, last in tlv.walk(data, start, end):
        if number == _FAMILY:
            family = tlv.read_u16(data, first, last)
        elif number == _ADDRESS:
            address = data[first:last]
        elif number == _PREFIX:
            prefix = tlv.read_u8(data, first, last)
    return f"{inet_ntop(family, address)}/{prefix}"
