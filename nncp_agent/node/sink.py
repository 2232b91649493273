"""What became of policies, as YAML files in a folder: `enactments/<policy>.yaml`, for people and for `nncp`.

Without a cluster there is nobody to ask for leave, and events are lines of the log.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from netkernel.documents import Unreadable, read, yaml_writer
from nncp_agent.node.doors import Answer

log = logging.getLogger(__name__)

RUN: Final = "/run/nncp-agent"
VARIABLE: Final = "NNCP_RUN_DIR"
ENACTMENTS: Final = "enactments"
POLICIES: Final = "policies"
_SUFFIX: Final = ".yaml"


class Folder:
    """One object a file, each of which is whole or not there. What it cannot write it says once and leaves."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)
        self._is_broken = False

    def all(self) -> dict[str, Mapping[str, Any]]:
        """What is there, by the name of its file. What is no object is not there."""
        found = {}
        for path in sorted(self._path.glob(f"*{_SUFFIX}")):
            try:
                documents = read(path.read_bytes(), str(path))
            except (OSError, Unreadable) as error:
                log.warning("%s: %s", path, error)
                continue
            if documents and isinstance(documents[0].value, Mapping):
                found[path.name.removesuffix(_SUFFIX)] = documents[0].value
        return found

    def put(self, name: str, value: Mapping[str, Any]) -> None:
        draft = self._path / f".{name}{_SUFFIX}.tmp"
        try:
            self._path.mkdir(mode=0o755, parents=True, exist_ok=True)
            draft.write_text(yaml_writer.write(value), "utf-8")
            draft.rename(self._path / f"{name}{_SUFFIX}")
            self._is_broken = False
        except OSError as error:
            self._say(error)

    def drop(self, name: str) -> None:
        try:
            (self._path / f"{name}{_SUFFIX}").unlink(missing_ok=True)
        except OSError as error:
            self._say(error)

    def _say(self, error: OSError) -> None:
        if not self._is_broken:
            log.error("%s: cannot write there: %s", self._path, error.strerror)
        self._is_broken = True


class FileReports:
    """Implements `Reports` below a run directory."""

    def __init__(self, run: str | os.PathLike[str]) -> None:
        self._folder = Folder(Path(run) / ENACTMENTS)
        self._known = self._folder.all()

    def enactments(self) -> Mapping[str, Mapping[str, Any]]:
        return self._known

    def tell(self, enactment: dict[str, Any]) -> None:
        policy = enactment["metadata"]["labels"]["nmstate.io/policy"]
        self._known = {**self._known, policy: enactment}
        self._folder.put(policy, enactment)

    def forget(self, policy: str) -> None:
        self._known = {name: each for name, each in self._known.items() if name != policy}
        self._folder.drop(policy)

    def event(self, policy: str, kind: str, reason: str, message: str) -> None:
        log.log(logging.WARNING if kind == "Warning" else logging.INFO, "%s: %s: %s", policy, reason, message)


class NoSlots:
    """Implements `Slots` where one node is all there is."""

    def ask(self, policy: str, generation: int) -> Answer:
        return Answer.GRANTED

    def give_back(self, policy: str, generation: int, failed: bool) -> None:
        """Nobody waits for it."""
