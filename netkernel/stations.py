"""Who a bridge knows behind which port: its forwarding database (linux/neighbour.h, AF_BRIDGE)."""

from __future__ import annotations

from _socket import AF_BRIDGE
from struct import Struct

from netkernel import tlv
from netkernel.codec.forms import Names, mac
from netkernel.errors import MalformedMessage
from netkernel.frozen import Frozen
from netkernel.netlink import Socket
from netkernel.typed import Final

_GET: Final = 30  # RTM_GETNEIGH
_HEADER: Final = Struct("=BxxxiHBB")  # struct ndmsg: family, ifindex, state, flags, type
_ADDRESS, _VLAN, _MASTER = 2, 5, 9  # NDA_LLADDR, NDA_VLAN, NDA_MASTER
_PERMANENT, _NO_ARP = 0x80, 0x40  # NUD_PERMANENT: the port's own; NUD_NOARP: somebody configured it


class Station(Frozen):
    """A MAC address behind a port of a bridge. `vlan` is 0 where the bridge does not filter VLANs.

    `is_learned`: a frame came from it, and not very long ago (the bridge's ageing time).
    """

    port: str
    mac: str
    vlan: int = 0
    is_learned: bool = True


def of_bridge(socket: Socket, bridge: int, names: Names) -> list[Station]:
    """All that the bridge with this ifindex knows. Raises KernelRefused, DumpInterrupted."""
    spans = socket.dump(_GET, _HEADER.pack(AF_BRIDGE, 0, 0, 0, 0) + tlv.u32(_MASTER, bridge))
    return [found for span in spans if (found := read(*span, names)) is not None]


def read(data: bytes, start: int, end: int, names: Names) -> Station | None:
    """The entry in a message; None for one of a port that is not among `names`. Raises MalformedMessage."""
    if end - start < _HEADER.size:
        raise MalformedMessage(f"an entry of a bridge of {end - start} bytes")
    _, index, state, _, _ = _HEADER.unpack_from(data, start)
    address, vlan = "", 0
    for number, first, last in tlv.walk(data, start + _HEADER.size, end):
        if number == _ADDRESS:
            address = mac(data[first:last])
        elif number == _VLAN:
            vlan = tlv.read_u16(data, first, last)
    port = names.get(index, "")
    if not port or not address:
        return None
    return Station(port, address, vlan, not state & (_PERMANENT | _NO_ARP))
