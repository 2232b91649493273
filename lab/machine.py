"""A machine that boots as people's machines do: systemd, on a test kernel, with a disk that lasts from boot to boot.

```
machine = lab.machine.at(tmp_path, keeps=["/var/lib/thing"])
machine.lay({"/etc/systemd/system/thing.service": UNIT})
boot = machine.boot(["systemctl", "is-active", "thing"], arguments=["quiet"])
assert (boot.status, boot.output) == (0, "active\\n")
```

The root is the host's, so its interpreter, tools and this tree are there; what its owner set up to run is not. No unit
is enabled but the vendors' own and those the test enables.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lab import guest
from lab.console import Console
from lab.guest.uml import UserModeLinux
from lab.setup import kernel, systemd
from lab.setup.base import SetupFailed

INIT: Final = Path(guest.__file__).with_name("systemd.sh")
UNITS: Final = "/etc/systemd/system"
LIMIT_S: Final = 240.0
"""A boot takes two seconds on an idle machine."""
CONSOLE: Final = ("con0=null,fd:1", "systemd.show_status=0", "systemd.journald.forward_to_console=1")


@dataclass(frozen=True, slots=True)
class Boot:
    """What became of one: the command's exit status (lab.guest.NO_STATUS: it never ended), its words, the console's."""

    status: int
    output: str
    console: str


class Running:
    """A machine that is on."""

    def __init__(self, errand: guest.Errand, process: subprocess.Popen[bytes]) -> None:
        self._errand = errand
        self._console = Console(process)

    def until(self, words: str, limit_s: float = LIMIT_S) -> None:
        """Until the console has said these words: what is written to /dev/console. Raises TimeoutError."""
        self._console.until(words, limit_s)

    def end(self, limit_s: float = LIMIT_S) -> Boot:
        """Until the command has ended and the machine is off. Raises TimeoutError."""
        self._console.end(limit_s)
        return self.so_far()

    def so_far(self) -> Boot:
        output = self._errand.directory / "output"
        said = output.read_text(errors="replace") if output.exists() else ""
        return Boot(self._errand.status(), said, self._console.said)

    def cut(self) -> None:
        """The power: what is not on the disk by now is lost."""
        self._console.process.kill()
        self._console.end(LIMIT_S)


@dataclass(frozen=True, slots=True)
class Machine:
    """`directory` holds its disk and the errands of its boots; what is written below `keeps` is on the disk."""

    directory: Path
    kernel: UserModeLinux
    packages: tuple[Path, ...]
    keeps: tuple[str, ...]

    def on_disk(self, path: str) -> Path:
        """Where the machine's `path` lies; a file laid there is in the root of every later boot."""
        return self.directory / "disk" / path.lstrip("/")

    def lay(self, files: Mapping[str, str], mode: int = 0o644) -> None:
        for path, text in files.items():
            place = self.on_disk(path)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
            place.chmod(mode)

    def boot(self, command: Sequence[str], *, arguments: Iterable[str] = (), limit_s: float = LIMIT_S) -> Boot:
        """Switch it on, run `command` when it is up, in the working directory, and see it off. Raises TimeoutError."""
        with self.on(command, arguments=arguments) as running:
            return running.end(limit_s)

    @contextmanager
    def on(self, command: Sequence[str], *, arguments: Iterable[str] = ()) -> Iterator[Running]:
        """The same for a block, which sees to it itself; the machine is off after it. `arguments` are the kernel's."""
        errand = guest.Errand(self.directory, f"boot{len([*self.directory.glob('boot*')])}")
        errand.write(command, Path.cwd(), guest.handed_on(os.environ, self.kernel.guest))
        (errand.directory / "machine").write_text(self._written())
        words = [*CONSOLE, *errand.words(self.kernel.guest, terminal=False), *arguments]
        start = self.kernel.started(errand, INIT, cpu=guest.cpus()[-1], words=words)
        with subprocess.Popen(start, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as up:
            try:
                yield Running(errand, up)
            finally:
                up.kill()

    def _written(self) -> str:
        disk = self.directory / "disk"
        for path in self.keeps:
            self.on_disk(path).mkdir(parents=True, exist_ok=True)
        layers = shlex.join(str(layer) for layer in (*self.packages, disk))
        return f"DISK={shlex.quote(str(disk))}\nLAYERS=({layers})\nKEEPS=({shlex.join(self.keeps)})\n"


def at(directory: Path, *, packages: Iterable[str] = (), keeps: Iterable[str] = ()) -> Machine:
    """A machine with its disk below `directory`, with the distribution's `packages` beside systemd and dbus.

    What is enabled stays enabled, and what lies below `keeps` stays. Raises SetupFailed before `prepare`.
    """
    image, layers = kernel.at_hand(), systemd.at_hand(packages)
    if image is None or layers is None:
        raise SetupFailed("no test kernel or no systemd is at hand: `./dev test` sees to both")
    return Machine(directory, UserModeLinux(image), layers, (UNITS, *keeps))


def prepare(packages: Iterable[str] = ()) -> None:
    """Build and fetch what `at` needs. Raises SetupFailed."""
    kernel.ensure()
    systemd.ensure(packages)
