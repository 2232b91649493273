"""The log as a JSON object for each line, for who collects logs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final, TextIO, cast

from netkernel.frozen import replace
from nncp_agent.cli.world import World

FORMATS: Final = ("text", "json")
_WORDS: Final = ("error", "warning")


def spoken(world: World) -> World:
    """A world whose stderr is such a log."""
    return replace(world, stderr=cast(TextIO, JsonLines(world.stderr)))


class JsonLines:
    """As a stream: the word that a line begins with for people is its `level`."""

    def __init__(self, stream: TextIO, now: Callable[[], float] = time.time) -> None:
        self._stream = stream
        self._now = now

    def write(self, text: str) -> int:
        for line in text.splitlines():
            word, separator, rest = line.partition(": ")
            if separator and word in _WORDS:
                self.record(word, "nncp", rest)
            elif line:
                self.record("info", "nncp", line)
        return len(text)

    def record(self, level: str, logger: str, message: str) -> None:
        time = datetime.fromtimestamp(self._now(), UTC).isoformat(timespec="milliseconds")
        said = {"time": time.replace("+00:00", "Z"), "level": level, "logger": logger, "message": message}
        self._stream.write(json.dumps(said) + "\n")
        self._stream.flush()

    def flush(self) -> None:
        self._stream.flush()
