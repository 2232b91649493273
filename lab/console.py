"""A console: what something that was switched on says until a test has heard enough of it."""

from __future__ import annotations

import os
import subprocess
import time
from select import poll
from typing import Final

from lab.parts import PANIC

CHUNK: Final = 1 << 16


class Console:
    """The output of a process; with an input, lines can be typed as well."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        self.process = process
        self._output = process.stdout
        self._said = bytearray()

    @property
    def said(self) -> str:
        """All of it so far."""
        return self._said.decode(errors="replace")

    def until(self, words: str, limit_s: float, since: int = 0) -> None:
        """Until it has said these words behind its first `since` bytes.

        Raises TimeoutError when it does not in time or is off before, ChildProcessError when its kernel dies.
        """
        self._listen(words.encode(), limit_s, since)

    def end(self, limit_s: float) -> None:
        """Until it is off. Raises as `until`."""
        self._listen(None, limit_s, 0)

    def answer(self, line: str, words: str, limit_s: float) -> str:
        """Type a line and wait for these words; gives what was said since. Raises as `until`."""
        assert self.process.stdin is not None
        since = len(self._said)
        self.process.stdin.write(f"{line}\n".encode())
        self.process.stdin.flush()
        self.until(words, limit_s, since)
        return self._said[since:].decode(errors="replace")

    def _listen(self, words: bytes | None, limit_s: float, since: int) -> None:
        """Until these words or, without any, to the end."""
        ready, deadline = poll(), time.monotonic() + limit_s
        ready.register(self._output)
        while words is None or self._said.find(words, since) < 0:
            if not ready.poll(max(deadline - time.monotonic(), 0) * 1000):
                raise TimeoutError(f"not within {limit_s:g} s: {words!r}; the console:\n{self.said}")
            if not (data := os.read(self._output.fileno(), CHUNK)):
                if words is None:
                    return
                raise TimeoutError(f"off before it said {words!r}; the console:\n{self.said}")
            self._said += data.replace(b"\r", b"")
            if PANIC in self._said:
                raise ChildProcessError(f"the kernel died; the console:\n{self.said}")
