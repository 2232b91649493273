"""Guests that hang, panic, die or talk at the same time: none may hang the runner or leave anything behind."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lab.guest import NO_STATUS, Errand, contained
from lab.parts import TIMED_OUT, GuestPart
from lab.watch import Child, InTurn, Limits, Watch
from tests.lab.stand_in import StandIn

PATIENT = Limits(first_s=20, silence_s=20, total_s=40)
FOREVER = "while :; do read -r -t 1000 <> <(:); done"


def run(kernel: StandIn, work: Path, script: str, limits: Limits = PATIENT) -> tuple[GuestPart, str]:
    errand = Errand(work, "guest")
    errand.write(["bash", "-c", script], work, {})
    screen = io.BytesIO()
    part = GuestPart("the guest", errand, InTurn(screen).writer())
    watch = Watch()
    watch.add(Child(kernel.command(errand, cpu=0, terminal=False), limits, part))
    began = time.monotonic()
    watch.run()
    assert time.monotonic() - began < PATIENT.total_s
    return part, screen.getvalue().decode()


pytestmark = pytest.mark.needs_kernel("bridge")  # as root: a guest stands in a PID namespace of its own


def test_a_guest_says_what_its_errand_says_and_gives_its_status(tmp_path: Path) -> None:
    part, said = run(StandIn(), tmp_path, "echo hello; exit 7")
    assert said == "lab: the guest is up\nhello\n"
    assert part.status == 7


def test_a_guest_that_does_not_come_up_is_killed_and_its_console_shown(tmp_path: Path) -> None:
    part, said = run(StandIn(before=FOREVER), tmp_path, "echo hello", Limits(0.3, 20, 40))
    assert part.status == NO_STATUS
    assert "booting" in said and "did not come up within" in said


def test_a_guest_that_falls_silent_is_killed_in_time(tmp_path: Path) -> None:
    part, said = run(StandIn(), tmp_path, f"echo hello; {FOREVER}", Limits(20, 0.3, 40))
    assert part.status == TIMED_OUT
    assert "hello" in said and "said nothing for" in said


def test_a_guest_that_never_stops_talking_is_killed_in_time(tmp_path: Path) -> None:
    part, said = run(StandIn(), tmp_path, "while :; do echo more; done | head -c 1000000000", Limits(20, 20, 0.5))
    assert part.status == TIMED_OUT
    assert "was not done after" in said[-300:]


def test_a_guest_whose_kernel_panics_is_not_waited_for(tmp_path: Path) -> None:
    dying = f"echo 'Kernel panic - not syncing: Oops'; {FOREVER}"
    part, said = run(StandIn(), tmp_path, dying)
    assert part.status == NO_STATUS
    assert "died: Kernel panic - not syncing: Oops" in said


def test_a_guest_that_ends_early_has_no_status(tmp_path: Path) -> None:
    part, said = run(StandIn(before="exit 0"), tmp_path, "true")
    assert part.status == NO_STATUS
    assert "ended without a result" in said


def test_two_guests_talk_at_once_and_are_read_one_after_the_other() -> None:
    screen = io.BytesIO()
    turns = InTurn(screen)
    first, second = turns.writer(), turns.writer()
    second.line("b1")
    first.line("a1")
    second.line("b2")
    first.line("a2")
    second.end()
    assert screen.getvalue() == b"a1\na2\n"
    first.end()
    assert screen.getvalue() == b"a1\na2\nb1\nb2\n"


RUNNER = """
import subprocess, sys
from lab.guest import contained
subprocess.run(contained(["bash", "-c", "echo $PPID; exec sleep 1000"]))
"""


def test_nothing_of_a_guest_outlives_a_runner_that_is_killed() -> None:
    """The runner gets no chance to clean up; the guest's own processes hold the pipe's other end, and let it go."""
    with subprocess.Popen([sys.executable, "-c", RUNNER], stdout=subprocess.PIPE, text=True) as runner:
        assert runner.stdout is not None
        runner.stdout.readline()
        os.kill(runner.pid, signal.SIGKILL)
        assert runner.stdout.read() == ""  # the end of the file comes when the last of them is gone


def test_a_contained_command_sees_itself_as_the_first_process() -> None:
    said = subprocess.run(contained(["bash", "-c", "echo $$"]), check=True, capture_output=True, text=True).stdout
    assert said.strip() == "1"


def test_a_guest_s_mark_of_the_end_is_not_shown_though_it_comes_byte_by_byte(tmp_path: Path) -> None:
    screen = io.BytesIO()
    part = GuestPart("the guest", Errand(tmp_path, "guest"), InTurn(screen).writer(), announced=False)
    for byte in b"booting\n\x1eup\r\nhello \x1e[1mworld\n\x1edown\npowering off\n":
        part.hear(bytes([byte]))
    assert screen.getvalue() == b"hello \x1e[1mworld\n"
