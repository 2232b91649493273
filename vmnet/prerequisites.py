"""What a node lacks before any VM starts: kernel features, device files and programs, each tried for real."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from functools import partial

from netkernel import netns, ruleset, sysctl, tun_device
from netkernel.errors import NetworkError
from netkernel.frozen import Frozen
from netkernel.kernel import LinuxKernel
from netkernel.nftables import Nftables
from netkernel.ops import CreateLink
from netkernel.records import Attrs
from netkernel.ruleset import Table
from netkernel.typed import Final
from vmnet import frame_rules, masquerade
from vmnet.addressing import Inside
from vmnet.frame_rules import Guarded
from vmnet.masquerade import Masqueraded

KVM, VHOST = "/dev/kvm", "/dev/vhost-net"
_CREATE_VM: Final = 0xAE01
"""KVM_CREATE_VM (linux/kvm.h); gives a descriptor."""


class Found(Frozen):
    """One thing a VM may need. `lacking` is "" where it is there, else why not; `matters`: none can do without."""

    name: str
    lacking: str = ""
    matters: bool = True
    instead: str = ""

    def __str__(self) -> str:
        if not self.lacking:
            return f"ok       {self.name}"
        said = f"{self.name}: {self.lacking}{f'; {self.instead}' if self.instead else ''}"
        return f"{'MISSING' if self.matters else 'without':8} {said}"


def found() -> Iterator[Found]:
    """In a throw-away namespace. Raises NetworkError when there can be none."""
    try:
        with netns.throw_away():
            yield from _tried()
    except OSError as error:
        raise NetworkError(f"no network namespace to try things in: {error.strerror} (are you root?)") from error
    yield Found("KVM", _opened(KVM, _CREATE_VM), False, "QEMU emulates the CPU, many times slower")
    yield Found("vhost-net", _opened(VHOST), False, "QEMU moves the frames itself")
    is_there = shutil.which("qemu-system-x86_64") is not None
    yield Found("qemu-system-x86_64", "" if is_there else "not on the path", False, "domain-xml needs none")


def _tried() -> Iterator[Found]:
    yield Found("bridge", _refused(lambda: _make("br", "bridge")))
    yield Found("tap", _refused(lambda: _make("tap", "tun", {"mode": "tap"})), True, f"is {tun_device.DEVICE} there?")
    several: Attrs = {"mode": "tap", "multi_queue": 1}
    yield Found("tap with several queues", _refused(lambda: _make("tap", "tun", several)), False, "one queue only")
    yield Found("dummy", _refused(lambda: _make("d", "dummy")), False, "a bridge that is down keeps the addresses")
    filtering: Attrs = {"vlan_filtering": 1}
    yield Found("bridge VLAN filtering", _refused(lambda: _make("b", "bridge", filtering)), False, "no vlan for NICs")
    for family in (4, 6):
        yield Found(f"nftables NAT for IPv{family}", _refused(partial(_put_up, _nat(family))))
    guarded = frame_rules.table(Guarded(tap="tap0", mac="02:00:00:00:00:01", mode="ip", send_kbps=64))
    yield Found("nftables bridge family", _refused(lambda: _put_up(guarded)), False, "no antiSpoof, no rateLimit")
    for name in ("net/ipv4/conf/lo/forwarding", "net/ipv6/conf/all/forwarding"):
        yield Found(name.replace("/", "."), _refused(partial(sysctl.read, name)))


def _nat(family: int) -> Table:
    side = Inside("10.0.2.1", "10.0.2.2", 24) if family == 4 else Inside("fd10:0:2::1", "fd10:0:2::2", 120)
    return masquerade.table(Masqueraded(link="eth0", bridge="k6t-eth0", addresses=(), inside=(side,)))


def _put_up(table: Table) -> None:
    with Nftables() as door:
        door.commit(ruleset.messages([table]))


def _make(name: str, kind: str, attrs: Attrs | None = None) -> None:
    with netns.throw_away(), LinuxKernel() as kernel:
        kernel.execute([CreateLink(name, kind, attrs or {})])


def _refused(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except NetworkError as error:
        return str(getattr(error, "reason", error))
    return ""


def _opened(path: str, request: int = 0) -> str:
    """A device that is there may still do nothing: with a `request` it has to answer that, too."""
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
