"""What tells a network where a guest that has moved is now: frames for switches (RARP) and neighbours (ARP, ND)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from netkernel.frozen import Frozen
from netkernel.packets import arp, ethernet, ipv6, nd
from netkernel.packets.arp import Arp
from netkernel.packets.ethernet import BROADCAST, Frame
from netkernel.typed import Final
from vmnet.addressing import global_addresses, guest_mac
from vmnet.kept import Kept, Taken
from vmnet.vm import MASQUERADE, Nic, Vlan, Vm
from vmnet.wiring import Wiring

RARP: Final = 0x8035
_ASK_OWN: Final = 3  # reverse request (RFC 903): what QEMU's announce-self sends
_TAGGED: Final = 0x8100
_ALL_NODES: Final = "ff02::1"
_LEAST_FRAME: Final = 60


class Announcement(Frozen):
    """A whole frame, and the pod's link that it goes out of."""

    link: str
    frame: bytes


def announcements(vm: Vm, wirings: Iterable[Wiring], kept: Kept) -> list[Announcement]:
    """Of every NIC that we wired: on a bridge in the guest's name, behind masquerade in the pod's."""
    found: list[Announcement] = []
    for wiring in wirings:
        taken = kept.of(wiring.nic.name)
        if taken is not None and wiring.nic.state != "absent":
            found += _of(vm, wiring, taken)
    return found


def _of(vm: Vm, wiring: Wiring, taken: Taken) -> Iterator[Announcement]:
    nic, own = wiring.nic, taken.was.links[wiring.link]
    if nic.binding == MASQUERADE:
        for frame in _neighbours(_addresses(wiring, taken), own.address):
            yield Announcement(wiring.link, _padded(frame.pack()))
        return
    mac = guest_mac(vm, nic, own)
    frames = [_for_switches(mac), *_neighbours(vm.kept_addresses.get(nic.name) or _addresses(wiring, taken), mac)]
    for vlan in _vlans(nic):
        for frame in frames:
            yield Announcement(wiring.renamed, _padded(_tagged(frame, vlan).pack()))


def _addresses(wiring: Wiring, taken: Taken) -> tuple[str, ...]:
    return tuple(each.ip for family in (4, 6) for each in global_addresses(taken.was, wiring.link, family))


def _vlans(nic: Nic) -> Iterator[int | None]:
    """Those of the wire; None for no tag."""
    vlan: Vlan | None = nic.vlan
    if vlan is None:
        yield None
    elif vlan.access is not None:
        yield vlan.access
    else:
        yield from sorted({id for first, last in (*vlan.trunk, *_native(vlan)) for id in range(first, last + 1)})


def _native(vlan: Vlan) -> Iterator[tuple[int, int]]:
    if vlan.native is not None:
        yield vlan.native, vlan.native


def _for_switches(mac: str) -> Frame:
    return Frame(BROADCAST, mac, RARP, Arp(_ASK_OWN, mac, arp.UNSTATED, mac, arp.UNSTATED).pack())


def _neighbours(addresses: Iterable[str], mac: str) -> Iterator[Frame]:
    """Who has one of these in mind with another MAC takes this one (RFC 5227 section 3, RFC 4861 section 7.2.6)."""
    for ip in addresses:
        if ":" not in ip:
            yield Frame(BROADCAST, mac, arp.ETHERTYPE, Arp(arp.REQUEST, mac, ip, target_ip=ip).pack())
            continue
        message = nd.Advertisement(ip, mac, override=True).pack()
        packet = ipv6.icmp(ip, _ALL_NODES, message, nd.HOP_LIMIT)
        yield Frame(ethernet.of_group(_ALL_NODES), mac, ethernet.IPV6, packet.pack())


def _tagged(frame: Frame, vlan: int | None) -> Frame:
    if vlan is None:
        return frame
    inner = vlan.to_bytes(2) + frame.type.to_bytes(2) + frame.payload
    return Frame(frame.target, frame.source, _TAGGED, inner)


def _padded(frame: bytes) -> bytes:
    return frame.ljust(_LEAST_FRAME, b"\0")
