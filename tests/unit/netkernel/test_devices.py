"""Where a device is plugged in, read from where /sys has it."""

from __future__ import annotations

import pytest

from netkernel.devices import plugged_in


@pytest.mark.parametrize(
    ("place", "address"),
    [
        ("../../../devices/pci0000:00/0000:00:03.0/virtio0", "0000:00:03.0"),
        ("../../../devices/pci0000:00/0000:00:1c.4/0000:05:00.0/virtio3", "0000:05:00.0"),
        ("../../../devices/pci10000:e0/10000:e1:00.0/virtio1", "10000:e1:00.0"),
        ("../../../devices/netdevsim71", ""),
        ("../../../devices/platform/a0000000.virtio_mmio/virtio0", ""),
        ("../../../devices/vio/30000002", ""),
        ("", ""),
    ],
)
def test_a_device_behind_another_bus_is_where_the_nearest_pci_device_above_it_is(place: str, address: str) -> None:
    assert plugged_in(place) == address
