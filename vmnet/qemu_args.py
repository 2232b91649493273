"""QEMU's words for a VM's NICs: a `-netdev` and a `-device` each, as libvirt would say them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from netkernel.typed import Final
from vmnet.errors import PodUnfit
from vmnet.hardware import Device

_PCI: Final = re.compile(r"[0-9a-f]{4}:([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])")
OLDEST: Final[Mapping[str, tuple[int, int]]] = {"igb": (8, 0)}
"""The QEMU that first had a model."""


def arguments(
    devices: Iterable[Device], *, fds: Mapping[str, Sequence[int]] | None = None, vhost: bool = False
) -> list[str]:
    """`fds` has, by the tap's name, the open descriptors that QEMU inherits; without, it opens the tap by its name.

    Raises PodUnfit for a macvtap without.
    """
    return [word for device in devices for word in _one(device, (fds or {}).get(device.tap, ()), vhost)]


def _one(device: Device, fds: Sequence[int], vhost: bool) -> Iterator[str]:
    yield "-netdev"
    yield ",".join(_backend(device, fds, vhost))
    yield "-device"
    yield ",".join(_frontend(device))


def _backend(device: Device, fds: Sequence[int], vhost: bool) -> Iterator[str]:
    yield f"tap,id=host{device.alias}"
    if len(fds) > 1:
        yield f"fds={':'.join(map(str, fds))}"
    elif fds:
        yield f"fd={fds[0]}"
    elif device.is_macvtap:
        said = "is a macvtap, which QEMU opens by no name: `vmnet run` gives it a descriptor, and libvirt does"
        raise PodUnfit([f"{device.nic.name}: {device.tap} {said}"])
    else:
        yield f"ifname={device.tap},script=no,downscript=no"
        if device.queues > 1:
            yield f"queues={device.queues}"
    if vhost and device.nic.model == "virtio":
        yield "vhost=on"


def _frontend(device: Device) -> Iterator[str]:
    nic = device.nic
    is_virtio = nic.model == "virtio"
    yield f"virtio-net-pci{device.model.removeprefix('virtio')}" if is_virtio else nic.model
    yield f"netdev=host{device.alias},id={device.alias},mac={device.mac}"
    if is_virtio and device.queues > 1:
        yield f"mq=on,vectors={2 * device.queues + 2}"  # one to send, one to receive, for each; settings, control
    if is_virtio:
        yield f"host_mtu={device.mtu}"
    if nic.boot_order is None:
        yield "romfile="
    else:
        yield f"bootindex={nic.boot_order}"
    if nic.acpi_index is not None:
        yield f"acpi-index={nic.acpi_index}"
    if place := _PCI.fullmatch(nic.pci_address):
        bus, slot, function = (int(part, 16) for part in place.groups())
        yield f"bus={'pcie' if bus == 0 else 'pci'}.{bus},addr={slot:#x}{f'.{function:#x}' if function else ''}"
