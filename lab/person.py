"""One command, or a shell, under a full-featured kernel: natively in a throw-away namespace, or in a guest."""

from __future__ import annotations

import os
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from lab import features, guest
from lab.parts import GuestPart
from lab.setup.base import say
from lab.watch import Child, InTurn, Limits, Watch

ESSENTIAL: Final = (
    *("bonding", "bridge", "bridge_vlan", "dummy", "ipv6", "multipath"),
    *("nexthop", "policy_routing", "qinq", "tap", "veth", "vlan"),
)
"""What a host's own kernel must have for people's work in the lab to stay on it."""
SIZED: Final = ("sh", "-c", 'stty rows "$LINES" columns "$COLUMNS"; exec "$@"', "lab")
"""A guest's console does not know how large the user's window is."""
LIMITS: Final = Limits(first_s=60, silence_s=3600, total_s=4 * 3600)


def run(command: Sequence[str], work: Path, kernel: Callable[[], guest.GuestKernel], *, always_guest: bool) -> int:
    """Gives the command's exit status. `kernel` is asked only when it is needed."""
    if not always_guest:
        missing = [name for name, there in features.present(ESSENTIAL).items() if not there]
        if not missing:
            say("this machine's own kernel has all that is needed: a network namespace of its own, gone afterwards")
            return _natively(command, work)
        say(f"this machine's kernel has no {', '.join(missing)}: a test kernel runs it")
    return _in_guest(command, work, kernel())


def _natively(command: Sequence[str], work: Path) -> int:
    """In namespaces for network and mounts, so that /sys shows the right links and the state directory is no one's."""
    state = work / "state"
    state.mkdir()
    script = 'mount -t sysfs sysfs /sys && ip link set lo up && exec "$@"'
    door = ["unshare", "--net", "--mount", "sh", "-c", script, "lab", *command]
    environment = {**os.environ, "NNCP_STATE_DIR": os.environ.get("NNCP_STATE_DIR", str(state))}
    return subprocess.run(door, check=False, env=environment).returncode


def _in_guest(command: Sequence[str], work: Path, kernel: guest.GuestKernel) -> int:
    errand = guest.Errand(work, "guest")
    terminal = sys.stdin.isatty() and sys.stdout.isatty()
    errand.write([*(SIZED if terminal else ()), *command], Path.cwd(), _environment(os.environ, kernel.guest))
    boot = kernel.command(errand, cpu=guest.cpus()[0], terminal=terminal)
    if terminal:
        with _as_it_was(sys.stdin.fileno()):
            subprocess.run(boot, check=False)
        return errand.status()
    turns, watch = InTurn(sys.stdout.buffer), Watch()
    part = GuestPart(kernel.title, errand, turns.writer(), announced=False)
    watch.add(Child(boot, LIMITS.times(kernel.slowness), part))
    watch.run()
    return part.status


def _environment(own: Mapping[str, str], kind: str) -> dict[str, str]:
    """With the size of the user's window, if there is one."""
    sized = dict(own)
    if sys.stdout.isatty():
        size = os.get_terminal_size(sys.stdout.fileno())
        sized |= {"COLUMNS": str(size.columns), "LINES": str(size.lines)}
    return guest.handed_on(sized, kind)


@contextmanager
def _as_it_was(terminal: int) -> Iterator[None]:
    """The guest turns the terminal raw; whatever becomes of the guest, the user gets it back."""
    before = termios.tcgetattr(terminal)
    try:
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)
