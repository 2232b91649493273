"""The reference: the distribution's own kernel in QEMU, which emulates every instruction, so any host will do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lab.guest import INIT, NO_DEVICES, Errand, contained

MEMORY: Final = "2G"
FAST_START: Final = (
    *("console=ttyS0", "quiet", "loglevel=3", "panic=-1", "mitigations=off", "nokaslr"),
    *("tsc=reliable", "no_timer_check", "random.trust_cpu=on"),
)


@dataclass(frozen=True, slots=True)
class Reference:
    """`directory` is what `lab.setup.reference` made. One CPU: emulated ones wait for each other by spinning."""

    directory: Path
    guest: str = "qemu"
    slowness: float = 10.0

    @property
    def release(self) -> str:
        return next((self.directory / "modules").iterdir()).name

    @property
    def title(self) -> str:
        return f"Linux {self.release} in QEMU"

    def command(self, errand: Errand, *, cpu: int, terminal: bool) -> list[str]:
        words = [
            *FAST_START,
            *NO_DEVICES,
            *errand.words(self.guest, terminal=terminal),
            f"LAB_INIT={INIT}",
            f"LAB_MODULES={self.directory / 'modules' / self.release}",
        ]
        machine = [
            *("qemu-system-x86_64", "-M", "q35", "-cpu", "max", "-accel", "tcg,tb-size=512", "-smp", "1", "-m", MEMORY),
            *("-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"),
            *("-chardev", f"stdio,id=console,signal={'off' if terminal else 'on'}", "-serial", "chardev:console"),
            *("-kernel", str(self.directory / "vmlinux"), "-initrd", str(self.directory / "initrd")),
            *_shared("root", Path("/"), ",readonly=on,multidevs=remap"),
            *_shared("out", errand.shared, ",multidevs=remap"),
            *("-append", " ".join(words)),
        ]
        return contained(["taskset", "-c", str(cpu), *machine])


def _shared(tag: str, directory: Path, options: str) -> list[str]:
    return [
        *("-fsdev", f"local,id={tag},path={directory},security_model=none{options}"),
        *("-device", f"virtio-9p-pci,fsdev={tag},mount_tag={tag}"),
    ]
