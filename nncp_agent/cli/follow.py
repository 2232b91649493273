"""A text that is shown again whenever what it tells of has changed, until somebody presses Ctrl-C."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from typing import Final, TextIO

from nncp_agent.cli.terminal import Style

HEARTBEAT_S: Final = 10.0
"""Not everything that can be seen sends an event: no socket tells of a written sysctl."""
QUIET_S: Final = 0.1
"""A change rarely comes alone: so long nothing more must come before it is looked at again."""
PATIENCE: Final = 10
"""So many times; after that it is looked at although it never rests."""


def run(look: Callable[[], str], wait: Callable[[float], bool], out: TextIO, style: Style, between: str) -> None:
    """Write what `look` gives, and again each time it gives something else. Ctrl-C ends it.

    `wait(seconds)` is True as soon as something changed. A terminal is redrawn in place, what is new in bold; elsewhere
    one text follows the other with `between` before each but the first.
    """
    last: str | None = None
    with suppress(KeyboardInterrupt):
        while True:
            if (text := look()) != last:
                out.write(
                    _screen(text, last, style, _rows(out)) if out.isatty() else text if last is None else between + text
                )
                out.flush()
                last = text
            if wait(HEARTBEAT_S):
                for _ in range(PATIENCE):
                    if not wait(QUIET_S):
                        break


def _screen(text: str, last: str | None, style: Style, rows: int) -> str:
    """The terminal from its upper left corner on; a line it has no room for is not begun."""
    old = set((last or text).splitlines())
    lines = [line if line in old else style.bold(line) for line in text.splitlines()]
    if len(lines) >= rows:
        lines = [*lines[: rows - 2], style.dim(f"… {len(lines) - rows + 2} more lines")]
    return "\x1b[H" + "".join(f"{line}\x1b[K\n" for line in lines) + "\x1b[J"


def _rows(out: TextIO) -> int:
    try:
        return max(os.get_terminal_size(out.fileno()).lines, 3)
    except OSError:  # a terminal that knows no size; io.UnsupportedOperation is one too
        return 1_000_000
