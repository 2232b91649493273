"""One test run: each selected test on the host's kernel if that has what it needs, else in a test kernel."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from lab import guest, request, summary
from lab.deferral import Deferral
from lab.parts import GuestPart, HostPart, outcomes
from lab.watch import CHUNK, Child, InTurn, Limits, Watch

HOST_LIMITS: Final = Limits(first_s=600, silence_s=600, total_s=3600)
GUEST_LIMITS: Final = Limits(first_s=60, silence_s=300, total_s=2400)
NOT_RUN: Final = 125


@dataclass
class Run:
    """`kernel` gives the test kernel and may have to build it, so it is asked only when a test needs one."""

    request: request.Request
    work: Path
    kernel: Callable[[], guest.GuestKernel]
    kernel_is_ready: bool
    guest_limits: Limits = GUEST_LIMITS
    found: dict[str, str] = field(default_factory=dict)
    """How each test ended, by node id, once the run has."""
    _watch: Watch = field(default_factory=Watch)
    _turns: InTurn = field(default_factory=lambda: InTurn(sys.stdout.buffer))
    _guests: list[GuestPart] = field(default_factory=list)
    _deferral: Deferral = field(default_factory=Deferral)

    def run(self) -> int:
        """Runs everything, prints it, gives the exit status."""
        began = time.monotonic()
        host = HostPart(self._turns.writer())
        with suppress(KeyboardInterrupt):
            self._start_host(host)
            self._watch.run()
            if self._deferral.tests and not self._guests and host.status in (0, 1, summary.NO_TESTS):
                self._start_guests()
                self._watch.run()
        return self._close(host, time.monotonic() - began)

    def _start_host(self, part: HostPart) -> None:
        """The host's pytest says early what it leaves to others; its pipe closes when it has said so, or died."""
        heard, told = os.pipe()
        command = ["setpriv", "--pdeathsig", "KILL", *self.request.host_command(sys.executable, self.work, told)]
        self._watch.add(Child(command, HOST_LIMITS, part, inherited=[told], own_session=False))
        os.close(told)
        words = bytearray()

        def hear() -> None:
            data = os.read(heard, CHUNK)
            words.extend(data)
            if not data:
                self._watch.forget(heard)
                os.close(heard)
                self._take(words.decode())

        self._watch.when_readable(heard, hear)

    def _take(self, told: str) -> None:
        """Guests start beside the host's tests when their kernel is at hand; a build waits until those are through."""
        if not told:
            return
        self._deferral = Deferral.from_json(told)
        if self._deferral.tests and self.kernel_is_ready:
            self._start_guests()

    def _start_guests(self) -> None:
        tests, missing = self._deferral.tests, self._deferral.missing
        kernel, cpus = self.kernel(), guest.cpus()
        number = request.number_of_guests(len(tests), len(cpus), kernel)
        note = self._turns.writer()
        note.line(
            f"\nlab: {len(tests)} tests go to {kernel.title} ({number} of it): this kernel has no {', '.join(missing)}"
        )
        note.end()
        request.lay_out(self.work, tests)
        for place in range(number):
            errand = guest.Errand(self.work, f"guest{place}")
            command = self.request.guest_command(sys.executable, self.work, self._deferral, place, number)
            errand.write(command, Path.cwd(), guest.handed_on(os.environ, kernel.guest))
            part = GuestPart(f"{kernel.title} {place + 1} of {number}", errand, self._turns.writer())
            self._guests.append(part)
            boot = kernel.command(errand, cpu=cpus[place % len(cpus)], terminal=False)
            self._watch.add(Child(boot, self.guest_limits.times(kernel.slowness), part))

    def _close(self, host: HostPart, seconds: float) -> int:
        parts = ["host", *(part.errand.name for part in self._guests)]
        if self.request.junit:
            summary.merge_junit((request.junit(self.work, part) for part in parts), self.request.junit)
        found = self.found
        for part in parts:
            found |= outcomes(request.progress(self.work, part))
        status = summary.exit_status(host.status, [part.status for part in self._guests])
        for node in sorted(node for node, what in found.items() if what == "began"):
            print(f"lab: {node} began and never ended")
        if status == 0 and (lost := [test for test in self._deferral.tests if test not in found]):
            print(f"lab: {len(lost)} tests were run by nobody, the first is {lost[0]}")
            status = NOT_RUN
        print(summary.closing_line(found, seconds, status), flush=True)
        return status
