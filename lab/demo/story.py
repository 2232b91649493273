"""What tells a story: says what happens, runs what it says, and stops at the first thing that is not as promised."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from lab.demo.node import Dump, differences, dump, settled
from lab.setup.base import TREE

BOLD, DIM, RED, GREEN, PLAIN = ("\033[1m", "\033[2m", "\033[31m", "\033[32m", "\033[0m")
PROGRAMS: Final = Path(sys.executable).parent
"""Where `nncp`, `vmnet` and the plugins are."""


class Story:
    """`environment` is what its commands are given."""

    def __init__(self, directory: Path, *, colour: bool) -> None:
        self.directory = directory
        self.environment = {
            **os.environ,
            "NNCP_STATE_DIR": str(directory / "state"),
            "CNI_PATH": str(PROGRAMS),
            "PATH": f"{PROGRAMS}:{os.environ.get('PATH', os.defpath)}",
            "PYTHONPATH": str(TREE),
            "NNCP_RUN_DIR": str(directory / "run"),
        }
        self._colour = colour
        self.promises = 0

    def chapter(self, title: str) -> None:
        print(f"\n{self._in(BOLD, title)}", flush=True)

    def file(self, name: str, text: str) -> None:
        """Show a file and lay it beside the others."""
        (self.directory / name).write_text(text)
        self.look(name)

    def look(self, name: str) -> None:
        text = (self.directory / name).read_text()
        print(self._in(DIM, f"$ cat {name}"))
        print(self._in(DIM, "\n".join(f"  {line}" for line in text.splitlines())), flush=True)

    def nncp(self, *arguments: str, status: int = 0, given: str = "", quiet: bool = False) -> str:
        """Run `nncp` as a user would; see `run`."""
        line = "" if quiet else f"{'nncp show | ' if given else ''}nncp {' '.join(arguments)}"
        return self.run(["nncp", *arguments], line, status=status, given=given)

    def run(self, command: Sequence[str], line: str = "", *, status: int = 0, given: str = "") -> str:
        """Run a command, shown as `line` with its output, which is returned; nothing is shown without a line.

        Raises SystemExit on another exit status.
        """
        if line:
            print(f"$ {line}", flush=True)
        done = subprocess.run(
            command, cwd=self.directory, env=self.environment, input=given, capture_output=True, text=True, check=False
        )
        if line:
            self.say(done.stderr + done.stdout)
        if status:
            print(self._in(DIM, f"  (exit status {done.returncode})"))
        if done.returncode != status:
            raise SystemExit(
                f"demo: {' '.join(command)}: wanted exit status {status}, found {done.returncode}\n{done.stderr}"
            )
        return done.stdout

    def say(self, text: str) -> None:
        print("".join(f"  {line}\n" for line in text.splitlines()), end="", flush=True)

    def aside(self, text: str) -> None:
        """What is done without a command of ours."""
        print(self._in(DIM, f"$ {text}"), flush=True)

    def promise(self, words: str, kept: bool) -> None:
        """One thing the reader may rely on, checked by other means than our own code."""
        mark = self._in(GREEN, "verified") if kept else self._in(RED, "BROKEN")
        print(f"  {mark}: {words}", flush=True)
        if not kept:
            raise SystemExit(f"demo: {words}: not so")
        self.promises += 1

    def becomes(self, words: str, is_so: Callable[[], bool], deadline_s: float = 60.0) -> None:
        """The promise of something that comes by and by."""
        self.promise(words, settled(is_so, deadline_s))

    def unchanged(self, words: str, was: Dump, deadline_s: float = 0.0) -> None:
        """The promise that the host is as it was; what differs is shown before the story stops."""
        kept = settled(lambda: dump() == was, deadline_s)
        for line in () if kept else differences(was, dump()):
            print(f"  {line}")
        self.promise(words, kept)

    def _in(self, colour: str, text: str) -> str:
        return f"{colour}{text}{PLAIN}" if self._colour else text
