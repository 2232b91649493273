"""The engine's log on stderr, in the words of the command line."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from nncp_agent.cli.progress import Progress

LEVELS = (logging.ERROR, logging.WARNING, logging.INFO, logging.DEBUG)


class _Handler(logging.Handler):
    def __init__(self, stream: TextIO, progress: Progress | None) -> None:
        super().__init__()
        self._stream = stream
        self._progress = progress

    def emit(self, record: logging.LogRecord) -> None:
        if self._progress is not None:
            self._progress.clear()
        if (in_parts := getattr(self._stream, "record", None)) is not None:  # `json_lines`
            in_parts(record.levelname.lower(), record.name, record.getMessage())
            return
        word = f"{record.levelname.lower()}: " if record.levelno >= logging.WARNING else ""
        self._stream.write(f"{word}{record.getMessage()}\n")
        self._stream.flush()


@contextmanager
def shown(stream: TextIO, verbosity: int, progress: Progress | None = None) -> Iterator[None]:
    """What our packages log goes to `stream` while the block runs: errors, with `verbosity` 1 warnings, then more."""
    handler = _Handler(stream, progress)
    loggers = [logging.getLogger(name) for name in ("nncp_agent", "netkernel")]
    before = [(logger.level, logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(LEVELS[min(verbosity, len(LEVELS) - 1)])
        logger.propagate = False
    try:
        yield
    finally:
        for logger, (level, propagate) in zip(loggers, before, strict=True):
            logger.removeHandler(handler)
            logger.setLevel(level)
            logger.propagate = propagate
