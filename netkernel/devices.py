"""What stands behind links: the drivers of their devices and where these are plugged in, as /sys tells it."""

from __future__ import annotations

from collections.abc import Mapping

from netkernel import sysfs
from netkernel.frozen import replace
from netkernel.records import Link
from netkernel.typed import Final

_PCI: Final = "pci"


def told(links: Mapping[str, Link]) -> Mapping[str, Link]:
    """The links, those with a device with its driver and PCI address. /sys/bus is the same in every namespace."""
    return {name: _told(link) if link.parent else link for name, link in links.items()}


def _told(link: Link) -> Link:
    bus, _, device = link.parent.partition("/")
    pci = device if bus == _PCI else plugged_in(sysfs.place(link.parent))
    return replace(link, driver=sysfs.driver(link.parent), pci=pci)


def plugged_in(place: str) -> str:
    """The PCI address in `../../../devices/pci0000:00/0000:00:03.0/virtio0`: the nearest above the device itself."""
    return next((each for each in reversed(place.split("/")[:-1]) if _is_pci(each)), "")


def _is_pci(word: str) -> bool:
    head, colon, tail = word.rpartition(":")
    domain, second, bus = head.rpartition(":")
    slot, dot, function = tail.partition(".")
    return bool(colon and second and dot and len(domain) >= 4) and all(
        part and not part.strip("0123456789abcdef") for part in (domain, bus, slot, function)
    )
