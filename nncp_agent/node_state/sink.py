"""A node's state as a file, for people and for `nncp`; its time is when the watcher was last known to be alive."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from netkernel.documents import Unreadable, read, yaml_writer
from nncp_agent.objects.node_state import About

log = logging.getLogger(__name__)

NAME: Final = "state.yaml"
FRESH_S: Final = 90.0
"""Older than three beats: whoever should write it is gone or stuck."""


class StateFile:
    """Implements `Publisher` below a run directory. What it cannot write it says once, and tries again each time."""

    def __init__(self, run: str | os.PathLike[str], about: Callable[[], About | None]) -> None:
        self._path = Path(run) / NAME
        self._about = about
        self._is_broken = False
        self._has_told = False
        self._refresh: Callable[[], None] = lambda: None
        self._late: Mapping[str, Any] | None = None

    def start(self, refresh: Callable[[], None]) -> None:
        self._refresh = refresh

    def stop(self) -> None: ...

    def about(self) -> About | None:
        return self._about()

    def published(self) -> Mapping[str, Any] | None:
        """What an earlier process said is old: it was not watching meanwhile."""
        if not self._has_told:
            return None
        try:
            there = found(self._path.parent, 0.0)
        except (OSError, Unreadable):
            return None
        return there.object if there is not None else None

    def tell(self, state: dict[str, Any]) -> None:
        draft = self._path.with_name(f".{NAME}.tmp")
        try:
            self._path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            draft.write_text(yaml_writer.write(state), "utf-8")
            draft.replace(self._path)
            self._late, self._is_broken, self._has_told = None, False, True
        except OSError as error:
            self._late = state
            self._say(error)

    def beat(self) -> None:
        """Also the time to write what could not be written, and what somebody took away."""
        if self._late is not None:
            self.tell(dict(self._late))
            return
        try:
            os.utime(self._path)
        except FileNotFoundError:
            self._refresh()
        except OSError as error:
            self._say(error)

    def _say(self, error: OSError) -> None:
        if not self._is_broken:
            log.error("%s: cannot write it: %s", self._path, error.strerror)
        self._is_broken = True


class Found:
    """What a state file says; `age_s` is for how long nobody was known to be alive who would write news there."""

    def __init__(self, object: Mapping[str, Any], age_s: float) -> None:
        self.object = object
        self.age_s = age_s

    @property
    def state(self) -> dict[str, Any]:
        """As `show` prints it."""
        return dict((self.object.get("status") or {}).get("currentState") or {})

    @property
    def is_fresh(self) -> bool:
        return self.age_s <= FRESH_S


def found(run: str | os.PathLike[str], now: float) -> Found | None:
    """What is published below a run directory; None when nothing is. `now` is the time of day in seconds.

    Raises OSError, Unreadable.
    """
    path = Path(run) / NAME
    try:
        text = path.read_bytes()
        written = path.stat().st_mtime
    except FileNotFoundError:
        return None
    documents = read(text, str(path))
    if not documents or not isinstance(documents[0].value, dict):
        raise Unreadable(str(path), None, "no NodeNetworkState")
    return Found(documents[0].value, max(now - written, 0.0))
