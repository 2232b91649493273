"""What stands around a VM on its node: device files, programs, settings, room. Nothing of it is changed."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from netkernel import conntrack, sysctl, tun_device
from netkernel.errors import KernelRefused
from netkernel.frozen import Frozen
from netkernel.typed import Final
from vmnet import qemu_args
from vmnet.kept import DIRECTORY
from vmnet.target import NETFILTER

KVM, VHOST, QEMU = "/dev/kvm", "/dev/vhost-net", "qemu-system-x86_64"
SHOWING: Final = ("nsenter", "ip", "bridge", "nft", "tcpdump", "sysctl")
"""Programs of the commands that `vmnet doctor` names."""
_CREATE_VM: Final = 0xAE01
"""KVM_CREATE_VM (linux/kvm.h); gives a descriptor."""
_NEARLY_FULL: Final = 0.9
_PATIENCE_S: Final = 10.0
_EVERYBODY: Final = stat.S_IROTH | stat.S_IWOTH


class Found(Frozen):
    """One thing a VM may need. `lacking` is "" where it is there, else why not; `matters`: none can do without."""

    name: str
    lacking: str = ""
    matters: bool = True
    instead: str = ""

    @property
    def plain(self) -> dict[str, object]:
        """For JSON."""
        return {"name": self.name, "lacking": self.lacking, "matters": self.matters, "instead": self.instead}

    def __str__(self) -> str:
        if not self.lacking:
            return f"ok       {self.name}"
        said = f"{self.name}: {self.lacking}{f'; {self.instead}' if self.instead else ''}"
        return f"{'MISSING' if self.matters else 'without':8} {said}"


def found(in_new_namespace: Mapping[str, str]) -> Iterator[Found]:
    """`in_new_namespace` are those of NETFILTER's settings that a namespace of its own has. Raises KernelRefused."""
    yield Found("KVM", opened(KVM, _CREATE_VM), False, "QEMU emulates the CPU, many times slower")
    yield Found("vhost-net", opened(VHOST), False, "QEMU moves the frames itself")
    said = "QEMU is handed descriptors (vmnet run), or runs as root"
    yield Found("taps for any user", _closed_to_others(), False, said)
    yield from _programs()
    yield Found("room for connections", _crowded(conntrack.looked_at()), False, "new ones are dropped")
    said = "no guest reaches itself by its pod's address"
    yield Found("br_netfilter by pod", _of_the_host(in_new_namespace), False, said)
    yield Found("state directory", _unwritable(Path(DIRECTORY)), True, "--state-dir names another")


def _programs() -> Iterator[Found]:
    path = shutil.which(QEMU)
    yield Found(QEMU, "" if path else "not on the path", False, "domain-xml needs none")
    if path and (version := _version(path)):
        for model, oldest in qemu_args.OLDEST.items():
            said = f"QEMU {_dotted(version)} has none, {_dotted(oldest)} was the first" if version < oldest else ""
            yield Found(f"NIC model {model}", said, False, "the others are there")
    is_there = any(shutil.which(each) for each in ("virsh", "libvirtd", "virtqemud"))
    yield Found("libvirt", "" if is_there else "not on the path", False, "qemu-args and run need none")
    missing = [each for each in SHOWING if shutil.which(each) is None]
    lacking = f"{', '.join(missing)} not on the path" if missing else ""
    yield Found("commands that doctor names", lacking, False, "vmnet itself runs none of them")


def opened(path: str, request: int = 0) -> str:
    """Why not, "" if it can be. A device that is there may still do nothing: a `request` it has to answer, too."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            if request:
                os.close(fcntl.ioctl(descriptor, request, 0))
        finally:
            os.close(descriptor)
    except OSError as error:
        return f"{path}: {error.strerror}"
    return ""


def _closed_to_others() -> str:
    try:
        mode = os.stat(tun_device.DEVICE).st_mode
    except OSError as error:
        return f"{tun_device.DEVICE}: {error.strerror}"
    return "" if mode & _EVERYBODY == _EVERYBODY else f"{tun_device.DEVICE} is not open to everybody"


def _version(path: str) -> tuple[int, int] | None:
    try:
        done = subprocess.run([path, "-version"], capture_output=True, text=True, timeout=_PATIENCE_S)
    except (OSError, subprocess.TimeoutExpired):
        return None
    said = re.search(r"version (\d+)\.(\d+)", done.stdout)
    return (int(said[1]), int(said[2])) if said else None


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))


def _crowded(tracking: conntrack.Tracking) -> str:
    if not tracking.limit or tracking.count < tracking.limit * _NEARLY_FULL:
        return ""
    return f"{tracking.count} of {tracking.limit} (net.netfilter.nf_conntrack_max) are there"


def _of_the_host(in_new_namespace: Mapping[str, str]) -> str:
    """Before Linux 5.3 a namespace had none of its own (net/bridge/br_netfilter_hooks.c)."""
    for path in NETFILTER:
        try:
            is_on = sysctl.read(path) == "1"
        except KernelRefused:
            continue
        if is_on and path not in in_new_namespace:
            return f"{path.replace('/', '.')} is on for the whole host, and no namespace has its own"
    return ""


def _unwritable(directory: Path) -> str:
    there = next(each for each in (directory, *directory.parents) if each.exists())
    return "" if os.access(there, os.W_OK) else f"{there} cannot be written"
