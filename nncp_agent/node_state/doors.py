"""What the watcher of a node stands between: who publishes the state, and who hears of news.

A cluster and a directory have a publisher each. None of it may block, and none of it decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from netkernel.host import Host
from nncp_agent.objects.node_state import About


class Publisher(Protocol):
    """Where a node's state is published."""

    def start(self, refresh: Callable[[], None]) -> None:
        """Begin. `refresh` is for any thread and cheap: somebody wants a new look (the label), or it is gone."""

    def stop(self) -> None: ...

    def about(self) -> About | None:
        """Whose state it is, as is known now; None: not known yet, then nothing is told until `refresh`."""

    def published(self) -> Mapping[str, Any] | None:
        """The object as it stands there now, which may be what an earlier process said. None: there is none."""

    def tell(self, state: dict[str, Any]) -> None:
        """The last one wins, and the publisher goes on trying until it is there."""

    def beat(self) -> None:
        """The watcher is alive and knows of no news: what tells a frozen one from a quiet node. Cheap."""


class Listener(Protocol):
    """Who else is interested in what is seen."""

    def seen(self, host: Host) -> None:
        """After each look, in the watcher's thread."""
