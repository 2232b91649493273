"""The other ends of veths that are in another namespace: which one of those with names, and what they are called there.

ip-netns(8) keeps namespaces by name. The kernel tells of a link there, asked for by the namespace's number here
(IFLA_TARGET_NETNSID), so nobody has to go there and look.
"""

from __future__ import annotations

from collections.abc import Mapping
from struct import Struct

from netkernel import netns, tlv
from netkernel.codec import shapes
from netkernel.errors import KernelRefused, NetworkError
from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.netlink import Socket
from netkernel.records import Link
from netkernel.typed import Final

_GET_NUMBER: Final = 90  # RTM_GETNSID
_FAMILY: Final = Struct("=Bxxx")  # struct rtgenmsg
_NUMBER, _FD = 1, 3  # NETNSA_
_LINK, _TARGET = 5, 46  # IFLA_LINK, IFLA_TARGET_NETNSID


def looked_at(host: Host) -> Host:
    """`host` with what its veths are joined to, and the names of namespaces other than the calling thread's.

    What the kernel tells nobody but root, or before Linux 4.20 nobody at all, stays unknown.
    """
    names = netns.names()
    veths = [link for link in host.links.values() if link.kind == "veth"]
    if not veths:
        return replace(host, namespaces=names)
    with Socket() as through:
        numbers = _numbers(through, names) if any(link.netnsid is not None for link in veths) else {}
        told = {link.name: _told(through, link, numbers) for link in veths}
    return replace(host, links={**host.links, **told}, namespaces=names)


def _numbers(through: Socket, names: tuple[str, ...]) -> dict[int, str]:
    """The names of namespaces, by the numbers that they have in this one."""
    found: dict[int, str] = {}
    for name in names:
        try:
            with netns.opened(netns.path_of(name)) as there:
                data, start, end = through.ask(_GET_NUMBER, _FAMILY.pack(0) + tlv.u32(_FD, there))
        except NetworkError:  # it is gone, or no namespace at all
            continue
        found |= {
            tlv.read_s32(data, first, last): name
            for number, first, last in tlv.walk(data, start + _FAMILY.size, end)
            if number == _NUMBER
        }
    return found


def _told(through: Socket, link: Link, numbers: Mapping[int, str]) -> Link:
    if link.netnsid is None:
        return replace(link, attrs={**link.attrs, "peer_netns": ""}) if link.attrs.get("peer") else link
    if link.netnsid not in numbers:
        return link
    try:
        data, start, end = through.ask(shapes.GET, shapes.request(link.index))
        words = {number: (first, last) for number, first, last in tlv.walk(data, start + shapes.HEADER.size, end)}
        there = shapes.request(tlv.read_u32(data, *words[_LINK])) + tlv.u32(_TARGET, link.netnsid)
        _, peer = shapes.read_name(*through.ask(shapes.GET, there))
    except KernelRefused:
        return link
    return replace(link, attrs={**link.attrs, "peer": peer, "peer_netns": numbers[link.netnsid]})
