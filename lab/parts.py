"""The processes a test run is made of, as listeners: the host's own pytest, and the guests."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from lab import guest
from lab.watch import Limits, Writer

TIMED_OUT: Final = 124
PANIC: Final = b"Kernel panic - not syncing"
LAST_WORDS_S: Final = 1.0
"""What a kernel that panicked still prints; not each of them ends by itself then."""
SILENT: Final = "said nothing for {:.0f} s"
NOT_UP: Final = "did not come up within {:.0f} s"


@dataclass
class HostPart:
    """pytest on the host's own kernel; its words are its words."""

    writer: Writer
    status: int = guest.NO_STATUS

    def hear(self, data: bytes) -> None:
        self.writer.write(data)

    def patience(self, limits: Limits) -> tuple[float, str]:
        return limits.silence_s, SILENT.format(limits.silence_s)

    def ended(self, returncode: int, killed_because: str) -> None:
        self.status = TIMED_OUT if killed_because else returncode if returncode >= 0 else 128 - returncode
        if killed_because:
            self.writer.line(f"\nlab: pytest was killed: it {killed_because}")
        self.writer.end()


@dataclass
class GuestPart:
    """A guest. What its console says before it is up and after it is done is shown only when something went wrong."""

    title: str
    errand: guest.Errand
    writer: Writer
    announced: bool = True
    status: int = guest.NO_STATUS
    _console: bytearray = field(default_factory=bytearray)
    _shown: int = -1
    _panicked: int = -1
    _is_down: bool = False

    def hear(self, data: bytes) -> None:
        searched = max(0, len(self._console) - len(PANIC))
        self._console += data.replace(b"\r", b"")
        if self._panicked < 0:
            self._panicked = self._console.find(PANIC, searched)
        if not self.is_up():
            self._shown = self._after(guest.UP)
            if not self.is_up():
                return
            if self.announced:
                self.writer.line(f"lab: {self.title} is up")
        if not self._is_down:
            self._show(self._sayable())

    def is_up(self) -> bool:
        return self._shown >= 0

    def patience(self, limits: Limits) -> tuple[float, str]:
        if self._panicked >= 0:
            return LAST_WORDS_S, "was dead"
        if not self.is_up():
            return limits.first_s, NOT_UP.format(limits.first_s)
        return limits.silence_s, SILENT.format(limits.silence_s)

    def ended(self, returncode: int, killed_because: str) -> None:
        timed_out = killed_because and self.is_up() and self._panicked < 0
        self.status = TIMED_OUT if timed_out else self.errand.status()
        console = self.errand.directory / "console.log"
        console.write_bytes(self._console)
        if why := self._cause_of_death(killed_because):
            if not self.is_up():
                self.writer.write(bytes(self._console))
            self.writer.line(f"\nlab: {self.title} {why}; its console is in {console}")
        self.writer.end()

    def _cause_of_death(self, killed_because: str) -> str:
        if self._panicked >= 0:
            return "died: " + self._console[self._panicked :].split(b"\n", 1)[0].decode(errors="replace")
        if killed_because:
            return f"was killed: it {killed_because}"
        return "ended without a result" if self.errand.status() == guest.NO_STATUS else ""

    def _after(self, mark: bytes) -> int:
        at = self._console.find(mark)
        newline = self._console.find(b"\n", at)
        return newline + 1 if at >= 0 and newline >= 0 else -1

    def _sayable(self) -> int:
        """Up to the mark of the end, or to what may become one: a serial line brings it byte by byte."""
        end = self._console.find(guest.DOWN, self._shown)
        if end >= 0:
            self._is_down = True
            return end
        begun = self._console.rfind(guest.DOWN[:1], max(self._shown, len(self._console) - len(guest.DOWN)))
        return begun if begun >= 0 else len(self._console)

    def _show(self, end: int) -> None:
        if end > self._shown:
            self.writer.write(bytes(self._console[self._shown : end]))
            self._shown = end


def outcomes(progress: Path) -> dict[str, str]:
    """How each test of a part ended, by node id; `began` for one that never did. Takes a half-written last line."""
    if not progress.exists():
        return {}
    found: dict[str, str] = {}
    for line in progress.read_text().splitlines():
        try:
            node, what = json.loads(line)
        except ValueError:
            continue
        found[node] = what
    return found
