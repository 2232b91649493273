"""Test kernels as values: how each is started, and how to hand a guest its errand and read what became of it."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

INIT: Final = Path(__file__).with_name("init.sh")
UP: Final = b"\x1eup"
DOWN: Final = b"\x1edown"
"""What the guest says on its console before its errand begins, and after it ended."""

NO_STATUS: Final = 125
"""The guest never came to the end of its errand."""

# built-in drivers make bond0, dummy0 and ifb0 when they start, and tunnels make a device in every namespace
NO_DEVICES: Final = (
    "bonding.max_bonds=0",
    "dummy.numdummies=0",
    "ifb.numifbs=0",
    "sysctl.net.core.fb_tunnels_only_for_init_net=2",
)

HANDED_ON: Final = (
    *("CI", "COLUMNS", "HOME", "LANG", "LINES", "PATH", "TERM", "VIRTUAL_ENV"),
    *("KUBEBUILDER_ASSETS", "KUBE_APISERVER", "XDG_CACHE_HOME"),
)
HANDED_ON_PREFIXES: Final = ("HYPOTHESIS_", "LC_", "NNCP_", "PYTEST_", "PYTHON")


@dataclass(frozen=True, slots=True)
class Errand:
    """What one guest does: a script in `shared`/`name`. `shared` is the directory that all guests of a run see."""

    shared: Path
    name: str

    @property
    def directory(self) -> Path:
        return self.shared / self.name

    def write(self, command: Sequence[str], directory: Path, environment: Mapping[str, str]) -> None:
        """The command is executed in `directory` of the guest's view of the host."""
        self.directory.mkdir(parents=True, exist_ok=True)
        exported = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in sorted(environment.items()))
        script = f"{exported}cd {shlex.quote(str(directory))} || exit {NO_STATUS}\nexec {shlex.join(command)}\n"
        (self.directory / "command.sh").write_text(script)

    def status(self) -> int:
        """The exit status; NO_STATUS when the guest died before its end."""
        try:
            return int((self.directory / "status").read_text())
        except (FileNotFoundError, ValueError):
            return NO_STATUS

    def words(self, guest: str, *, terminal: bool) -> list[str]:
        """The kernel's command line from `init.sh`'s point of view: NAME=VALUE becomes its environment."""
        asked = ["LAB_TERMINAL=1"] if terminal else []
        return [f"LAB_GUEST={guest}", f"LAB_OUT={self.shared}", f"LAB_NAME={self.name}", *asked]


class GuestKernel(Protocol):
    """One kind of guest. `slowness`: how many times longer than User Mode Linux everything takes; limits grow by it."""

    @property
    def title(self) -> str: ...

    @property
    def guest(self) -> str: ...

    @property
    def slowness(self) -> float: ...

    def command(self, errand: Errand, *, cpu: int, terminal: bool) -> list[str]:
        """What to execute to boot it and have it do its errand. With `terminal` the guest's console is our terminal."""
        ...


def handed_on(environment: Mapping[str, str], guest: str) -> dict[str, str]:
    """The part of the user's environment that makes sense in a guest, and the word that says where programs are."""
    kept = {
        name: value for name, value in environment.items() if name in HANDED_ON or name.startswith(HANDED_ON_PREFIXES)
    }
    return {**kept, "LAB_GUEST": guest, "PYTHONDONTWRITEBYTECODE": "1"}


def cpus() -> list[int]:
    """The CPUs this process may use; each guest is pinned to one of them."""
    return sorted(os.sched_getaffinity(0))


def contained(command: Sequence[str], *, memory: str = "") -> list[str]:
    """The command in a PID namespace of its own: nothing of it outlives its first process, nor that one its parent.

    `memory` is the size of a private /dev/shm, for guests whose memory is a file there.
    """
    shell = f"mount -t tmpfs -o size={memory} tmpfs /dev/shm && exec {shlex.join(command)}" if memory else ""
    return [
        *("setpriv", "--pdeathsig", "KILL"),
        *("unshare", "--pid", "--fork", "--kill-child", "--mount-proc"),
        *(("sh", "-c", shell) if shell else command),
    ]
