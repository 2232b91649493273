"""A guest: a small Linux that QEMU starts on the NICs a test gives it, does what it is told, and switches itself off.

```
with virtual.on(arguments, "udhcpc -i eth0 -q -n -s /lease; ping -c 1 10.0.2.1 && echo PONG") as guest:
    guest.until("PONG")
```

The kernel is the distribution's own, unpacked and not installed; the rest is busybox.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from lab.console import Console
from lab.guest.qemu import FAST_START
from lab.setup import initrd, peers, reference
from lab.setup.base import SetupFailed, run
from lab.setup.base import cache as cache_folder

START: Final = Path(__file__).parent / "guest" / "virtual.sh"
LEASE, LEASE6 = START.with_name("lease.sh"), START.with_name("lease6.sh")
DHCLIENT: Final = "isc-dhcp-client"
"""The package of a client of DHCPv6: busybox as distributions have it has none."""
DRIVERS: Final[Mapping[str, tuple[str, ...]]] = {
    "virtio": ("virtio_pci", "virtio_net"),
    "e1000": ("e1000",),
    "e1000e": ("e1000e",),
    "igb": ("igb",),
    "rtl8139": ("8139cp",),
    "pcnet": ("pcnet32",),
    "ne2k_pci": ("ne2k_pci",),
}
"""By KubeVirt's name of a NIC's model."""
MEMORY_MB: Final = 192
KVM, BOOT_ID = "/dev/kvm", "/proc/sys/kernel/random/boot_id"
WITH_KVM, EMULATOR = "kvm", "tcg,tb-size=128"
TRIAL_S: Final = 10.0
"""A guest on KVM has said its word within a second."""
LIMIT_S: Final = 180.0
"""A guest is emulated, and has said its word within ten seconds on an idle machine."""
LISTEN: Final = 'stty -echo; echo LISTENING; while read -r words </dev/console; do eval "$words"; done'
"""The end of a script whose guest is to be told more (`Guest.do`)."""
DONE: Final = "<done>"


class Guest:
    """One that is on."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._console = Console(process)

    @property
    def said(self) -> str:
        return self._console.said

    def until(self, words: str, limit_s: float = LIMIT_S, since: int = 0) -> None:
        """Until the console has said these words behind its first `since` characters.

        Raises TimeoutError, ChildProcessError with all it said.
        """
        self._console.until(words, limit_s, since)

    def do(self, command: str, limit_s: float = LIMIT_S) -> str:
        """Have its shell do something, where `todo` came to `LISTEN`; gives what that printed. Raises as `until`."""
        return self._console.answer(f"{{ {command}; }} 2>&1; printf '{DONE}'", DONE, limit_s).partition(DONE)[0]


@contextmanager
def on(nics: Sequence[str], todo: str, programs: Iterable[Path] = ()) -> Iterator[Guest]:
    """Start one in the network of the calling thread; `nics` are QEMU's arguments, `todo` a script of busybox's shell.

    `programs` are put into its /bin with the libraries they need. It is off after the block. Raises SetupFailed before
    `prepare`.
    """
    devices = [word.partition(",")[0].partition("-")[0] for word in nics]
    models = [each for each in DRIVERS if each in devices]
    with (
        command(todo, models, programs) as words,
        subprocess.Popen(
            [*words, *nics], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as up,
    ):
        try:
            yield Guest(up)
        finally:
            up.kill()


@cache
def accelerator() -> str:
    """What runs the guest's instructions: KVM where a guest comes up with it, else an emulator.

    That /dev/kvm is there says nothing: in a machine that is a guest itself, one may never say a word with it. Tried
    once for each start of the machine. Raises SetupFailed before `prepare`.
    """
    if not os.access(KVM, os.R_OK | os.W_OK):
        return EMULATOR
    known = cache_folder() / f"kvm-{Path(BOOT_ID).read_text().strip()}"
    if not known.exists():
        known.write_text(WITH_KVM if _comes_up(WITH_KVM) else EMULATOR)
    return known.read_text()


def _comes_up(how: str) -> bool:
    with (
        command("echo UP", models=(), how=how) as words,
        subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as up,
    ):
        try:
            Console(up).until("UP\n", TRIAL_S)
        except (TimeoutError, ChildProcessError):
            return False
        finally:
            up.kill()
    return True


@contextmanager
def command(
    todo: str, models: Iterable[str] = ("virtio",), programs: Iterable[Path] = (), how: str = ""
) -> Iterator[list[str]]:
    """QEMU and its arguments for a guest without a NIC, for the block; `how` is to run it where not by `accelerator`.

    Raises SetupFailed before `prepare`.
    """
    kernel = reference.at_hand()
    if kernel is None:
        raise SetupFailed("no kernel for guests is at hand: `./dev test` sees to it")
    drivers = [driver for model in models for driver in DRIVERS[model]]
    with TemporaryDirectory(prefix="guest-") as directory:
        archive = Path(directory) / "initrd"
        archive.write_bytes(_archive(kernel, todo, drivers, programs))
        yield [
            *("qemu-system-x86_64", "-M", "q35", "-cpu", "max", "-accel", how or accelerator(), "-smp", "1"),
            *("-m", str(MEMORY_MB), "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"),
            *("-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console"),
            *("-kernel", str(kernel / "vmlinux"), "-initrd", str(archive)),
            *("-append", " ".join(FAST_START)),
        ]


def models() -> set[str]:
    """Those of `DRIVERS` that this machine's QEMU has; all where there is no QEMU yet."""
    try:
        shown = run(["qemu-system-x86_64", "-device", "help"], failing="QEMU does not say what it has")
    except FileNotFoundError:
        return set(DRIVERS)
    return {model for model in DRIVERS if f'name "{model}"' in shown} | {"virtio"}


def prepare() -> None:
    """Fetch what `on` and `dhclient` need, and try KVM. Raises SetupFailed."""
    reference.ensure()
    accelerator()
    peers.unpacked(DHCLIENT)


def dhclient() -> Path:
    """One of a guest's `programs`; `dhclient -6 -1 -sf /lease6 eth0` asks for an address and says LEASE6.

    Raises SetupFailed before `prepare`.
    """
    found = next(peers.home_of(DHCLIENT).glob("**/sbin/dhclient"), None)
    if found is None:
        raise SetupFailed("no client of DHCPv6 is at hand: `./dev test` sees to it")
    return found


def _archive(kernel: Path, todo: str, drivers: Iterable[str], programs: Iterable[Path]) -> bytes:
    release = next((kernel / "modules").iterdir()).name
    files = {
        "init": START.read_bytes(),
        "lease": LEASE.read_bytes(),
        "lease6": LEASE6.read_bytes(),
        "todo": todo.encode(),
        "bin/busybox": (kernel / "busybox").read_bytes(),
    }
    for program in programs:
        files[f"bin/{program.name}"] = program.read_bytes()
        files |= {str(path).lstrip("/"): path.read_bytes() for path in _libraries(program)}
    return initrd.archive(files | initrd.modules(drivers, kernel, release))


def _libraries(program: Path) -> list[Path]:
    """With the loader, as the loader itself finds them."""
    shown = run(["ldd", str(program)], failing=f"{program} cannot be looked at")
    return [Path(word) for line in shown.splitlines() for word in line.split() if word.startswith("/")]
