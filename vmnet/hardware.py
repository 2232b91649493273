"""What a guest sees of a NIC, as it is known once the pod is wired: the device that libvirt or QEMU is to make."""

from __future__ import annotations

from collections.abc import Sequence

from netkernel.frozen import Frozen
from netkernel.host import Host
from vmnet import names
from vmnet.addressing import guest_mac
from vmnet.errors import PodUnfit
from vmnet.kept import Kept
from vmnet.target import mtu
from vmnet.vm import MACVTAP, TAP, Nic, Vm
from vmnet.wiring import Wiring


class Device(Frozen):
    """One NIC of the guest: on which tap, with which MAC, MTU and number of queues.

    `is_macvtap`: what a plugin made is one; `multi_queue`: the tap can have several queues, whatever the guest gets.
    """

    nic: Nic
    tap: str
    mac: str
    mtu: int
    queues: int
    transitional: bool = False
    is_macvtap: bool = False
    multi_queue: bool = False

    @property
    def alias(self) -> str:
        return names.alias(self.nic.name)

    @property
    def model(self) -> str:
        """In libvirt's words; QEMU's are the same behind `virtio-net-pci`."""
        if self.nic.model != "virtio":
            return self.nic.model
        return "virtio-transitional" if self.transitional else "virtio-non-transitional"


def devices(vm: Vm, wirings: Sequence[Wiring], kept: Kept | None, pod: Host) -> tuple[Device, ...]:
    """Of every NIC that is to be there. Raises PodUnfit for one whose link nobody knows."""
    found, lacking = [], []
    for wiring in wirings:
        nic = wiring.nic
        if nic.state == "absent":
            continue
        taken = kept.of(nic.name) if kept else None
        own = taken.was.links.get(wiring.link) if taken else pod.links.get(wiring.link)
        if own is None:
            lacking.append(f"{nic.name}: the pod has no link {wiring.link!r}")
            continue
        size = own.mtu if nic.binding == TAP else mtu(nic, own)
        tap, queues = pod.links.get(wiring.tap), vm.queues(nic)
        several = bool(tap.attrs.get("multi_queue")) if tap else queues > 1
        is_macvtap = tap is not None and tap.kind == MACVTAP
        mac = guest_mac(vm, nic, own)
        found.append(Device(nic, wiring.tap, mac, size, queues, vm.transitional, is_macvtap, several))
    if lacking:
        raise PodUnfit(lacking)
    return tuple(found)
