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
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from select import poll
from tempfile import TemporaryDirectory
from typing import Final

from lab.guest.qemu import FAST_START
from lab.parts import PANIC
from lab.setup import initrd, reference
from lab.setup.base import SetupFailed

START: Final = Path(__file__).parent / "guest" / "virtual.sh"
LEASE: Final = START.with_name("lease.sh")
DRIVERS: Final = ("virtio_pci", "virtio_net", "e1000", "8139cp", "pcnet32")
MEMORY_MB: Final = 192
LIMIT_S: Final = 180.0
"""A guest is emulated, and has said its word within ten seconds on an idle machine."""
CHUNK: Final = 1 << 16


@dataclass
class Guest:
    """One that is on."""

    process: subprocess.Popen[bytes]
    console: bytearray = field(default_factory=bytearray)

    @property
    def said(self) -> str:
        return self.console.decode(errors="replace")

    def until(self, words: str, limit_s: float = LIMIT_S) -> None:
        """Until the console has said these words. Raises TimeoutError, ChildProcessError with all it said."""
        self._listen(words.encode(), limit_s)

    def end(self, limit_s: float = LIMIT_S) -> str:
        """Until it is off; gives all it said. Raises TimeoutError, ChildProcessError."""
        self._listen(None, limit_s)
        return self.said

    def _listen(self, words: bytes | None, limit_s: float) -> None:
        assert self.process.stdout is not None
        ready, deadline = poll(), time.monotonic() + limit_s
        ready.register(self.process.stdout)
        while words is None or words not in self.console:
            if not ready.poll(max(deadline - time.monotonic(), 0) * 1000):
                raise TimeoutError(f"not within {limit_s:g} s: {words!r}; the guest said:\n{self.said}")
            if not (data := os.read(self.process.stdout.fileno(), CHUNK)):
                if words is None:
                    return
                raise ChildProcessError(f"off before it said {words!r}; it said:\n{self.said}")
            self.console += data.replace(b"\r", b"")
            if PANIC in self.console:
                raise ChildProcessError(f"the guest's kernel died:\n{self.said}")


@contextmanager
def on(nics: Sequence[str], todo: str) -> Iterator[Guest]:
    """Start one in the network of the calling thread; `nics` are QEMU's arguments, `todo` a script of busybox's shell.

    It is off after the block. Raises SetupFailed before `prepare`.
    """
    with (
        command(todo) as words,
        subprocess.Popen(
            [*words, *nics], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as up,
    ):
        try:
            yield Guest(up)
        finally:
            up.kill()


@contextmanager
def command(todo: str) -> Iterator[list[str]]:
    """QEMU and its arguments for a guest without a NIC, for the block. Raises SetupFailed before `prepare`."""
    kernel = reference.at_hand()
    if kernel is None:
        raise SetupFailed("no kernel for guests is at hand: `./dev test` sees to it")
    with TemporaryDirectory(prefix="guest-") as directory:
        archive = Path(directory) / "initrd"
        archive.write_bytes(_archive(kernel, todo))
        yield [
            *("qemu-system-x86_64", "-M", "q35", "-cpu", "max", "-accel", "tcg,tb-size=128", "-smp", "1"),
            *("-m", str(MEMORY_MB), "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"),
            *("-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console"),
            *("-kernel", str(kernel / "vmlinux"), "-initrd", str(archive)),
            *("-append", " ".join(FAST_START)),
        ]


def prepare() -> None:
    """Fetch what `on` needs. Raises SetupFailed."""
    reference.ensure()


def _archive(kernel: Path, todo: str) -> bytes:
    release = next((kernel / "modules").iterdir()).name
    files = {
        "init": START.read_bytes(),
        "lease": LEASE.read_bytes(),
        "todo": todo.encode(),
        "bin/busybox": (kernel / "busybox").read_bytes(),
    }
    return initrd.archive(files | initrd.modules(DRIVERS, kernel, release))
