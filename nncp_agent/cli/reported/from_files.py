"""What the daemon of this node writes below its run directory: the same objects as in a cluster, a file each."""

from __future__ import annotations

import os
import select
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from netkernel import inotify
from netkernel.documents import Unreadable, read
from netkernel.errors import NetworkError
from nncp_agent import node_file
from nncp_agent.cli.reported.reading import Object

ENACTMENTS: Final = "enactments"
POLICIES: Final = "policies"
STATE: Final = "state.yaml"


class Files:
    """Implements `Reading`. A folder that is not there yet has nothing in it; the run directory has to be there."""

    def __init__(self, run_dir: str) -> None:
        self._place = Path(run_dir)

    def policies(self) -> list[Object]:
        return self._objects(POLICIES)

    def enactments(self) -> list[Object]:
        return self._objects(ENACTMENTS)

    def states(self) -> list[Object]:
        self._has_to_be_there()
        return list(_read(self._place / STATE))

    def nodes(self) -> list[Object]:
        found = node_file.node()
        metadata: dict[str, Any] = {"name": found.name, "labels": dict(found.labels)}
        metadata["annotations"] = dict(found.annotations)
        return [{"apiVersion": "v1", "kind": "Node", "metadata": metadata}]

    def beats(self) -> Mapping[str, str]:
        return {}

    @contextmanager
    def news(self) -> Iterator[Callable[[float], None]]:
        self._has_to_be_there()
        with ExitStack() as held:
            there = held.enter_context(inotify.several())
            for folder in (self._place, self._place / POLICIES, self._place / ENACTMENTS):
                with suppress(OSError):
                    inotify.also(there, folder, inotify.PLACED | inotify.CLOSED | inotify.CREATED | inotify.REMOVED)

            def wait(for_s: float) -> None:
                if select.select([there], [], [], for_s)[0]:
                    os.read(there, 65536)

            yield wait

    def _objects(self, folder: str) -> list[Object]:
        self._has_to_be_there()
        files = sorted((self._place / folder).glob("[!.]*.yaml"))
        return [each for file in files for each in _read(file)]

    def _has_to_be_there(self) -> None:
        if not self._place.is_dir():
            raise NetworkError(
                f"{self._place} is not there: no daemon has run on this node; --cluster asks the cluster instead"
            )


def _read(file: Path) -> Sequence[Object]:
    """None while it is replaced or was removed. Raises NetworkError."""
    try:
        return [each.value for each in read(file.read_bytes(), str(file)) if isinstance(each.value, dict)]
    except FileNotFoundError:
        return []
    except (OSError, Unreadable) as error:
        raise NetworkError(f"{file}: cannot be read: {error}") from error
