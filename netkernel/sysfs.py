"""The door to /sys: attributes of devices on their bus, which are the same whatever network namespace is asked."""

from __future__ import annotations

import os

from netkernel.errors import KernelRefused, NetworkError
from netkernel.typed import Final

_BUSES: Final = "/sys/bus"


def read(device: str, attribute: str) -> str | None:
    """The value of an attribute of `device`, which is "pci/0000:00:03.0"; None where there is none."""
    try:
        with open(_path(device, attribute), encoding="ascii", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return None


def write(device: str, attribute: str, value: str) -> None:
    """Raises KernelRefused."""
    try:
        fd = os.open(_path(device, attribute), os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(fd, value.encode())
        finally:
            os.close(fd)
    except OSError as error:
        what = f"write {attribute} {value} of {device}"
        raise KernelRefused(what, error.errno or 0, error.strerror or str(error)) from error


def linked(device: str, attribute: str) -> str | None:
    """The device that a link of `device` leads to, on the same bus: `virtfn0` is that of a virtual function."""
    try:
        target = os.readlink(_path(device, attribute))
    except OSError:
        return None
    return f"{device.partition('/')[0]}/{os.path.basename(target)}"


def driver(device: str) -> str:
    """The name of its driver; "" where it has none, or /sys shows none."""
    return os.path.basename(_read_link(_path(device, "driver")))


def place(device: str) -> str:
    """Where a device hangs in the tree of all devices, as `../../../devices/pci0000:00/0000:00:03.0/virtio0`."""
    return _read_link(_directory(device))


def _read_link(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""


def _path(device: str, attribute: str) -> str:
    if attribute in (".", "..", "") or "/" in attribute:
        raise NetworkError(f"{attribute}: not an attribute of a device")
    return f"{_directory(device)}/{attribute}"


def _directory(device: str) -> str:
    bus, _, name = device.partition("/")
    if not name or {bus, name} & {".", "..", ""} or "/" in name:
        raise NetworkError(f"{device}: not a device on a bus")
    return f"{_BUSES}/{bus}/devices/{name}"
