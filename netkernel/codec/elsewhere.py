"""Links and addresses of another namespace, asked for from this one by the id it has here (IFLA_TARGET_NETNSID).

Linux 4.20 and newer; CAP_NET_ADMIN in the user namespace that owns the other one.
"""

from __future__ import annotations

from _socket import AF_INET, AF_INET6, inet_ntop
from struct import Struct

from netkernel import tlv
from netkernel.codec import addresses, shapes
from netkernel.typed import Final

_LINK_TARGET, _ADDRESS_TARGET = 46, 10  # IFLA_TARGET_NETNSID, IFA_TARGET_NETNSID
_ADDRESS, _NAME = 1, 3  # IFLA_*
_IFA_ADDRESS, _IFA_LOCAL = 1, 2
_IFADDRMSG: Final = Struct("=BBBBI")
_WIDTHS: Final = {AF_INET: 4, AF_INET6: 16}
_GLOBAL: Final = 0  # RT_SCOPE_UNIVERSE


def link_request(namespace: int, index: int) -> bytes:
    return shapes.request(index) + tlv.u32(_LINK_TARGET, namespace)


def read_link(data: bytes, start: int, end: int) -> tuple[str, str]:
    """Name and MAC address. Raises MalformedMessage."""
    name = mac = ""
    for number, first, last in tlv.walk(data, start + shapes.HEADER.size, end):
        if number == _NAME:
            name = data[first:last].rstrip(b"\0").decode("utf-8", "surrogateescape")
        elif number == _ADDRESS:
            mac = data[first:last].hex(":")
    return name, mac


def addresses_request(namespace: int, index: int) -> bytes:
    return addresses.dump_request(link=index) + tlv.u32(_ADDRESS_TARGET, namespace)


def read_address(data: bytes, start: int, end: int) -> str:
    """A global address with its prefix; empty for any other. Raises MalformedMessage."""
    family, prefix, _, scope, _ = _IFADDRMSG.unpack_from(data, start)
    found = {}
    for number, first, last in tlv.walk(data, start + _IFADDRMSG.size, end):
        if number in (_IFA_ADDRESS, _IFA_LOCAL) and last - first == _WIDTHS.get(family):
            found[number] = data[first:last]
    raw = found.get(_IFA_LOCAL, found.get(_IFA_ADDRESS))
    return f"{inet_ntop(family, raw)}/{prefix}" if raw and scope == _GLOBAL else ""
