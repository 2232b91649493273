"""The ways back of each policy's applies: what the kernel held before each. `node/ways/<policy>/<number>.json`.

The history has them, too, and forgets them after fifty applies; whoever wants the host back as it was before a policy
may come much later.
"""

from __future__ import annotations

import logging
from typing import Final

from netkernel.errors import NetworkError
from netkernel.rewind import Remembered
from nncp_agent import history
from nncp_agent.errors import StoreBroken
from nncp_agent.node.memory import FOLDER
from nncp_agent.store import Store

log = logging.getLogger(__name__)

MOST: Final = 32
"""Of one policy. The first says how it all was; beyond that the ones after it go."""
_WAYS: Final = f"{FOLDER}/ways"


def keep(store: Store, policy: str, number: int) -> None:
    """Remember the way back of apply `number`, which was about the policy."""
    try:
        entry = history.kept(store, number)
        if entry is None or bytes(entry.remembered) == b"null":
            return
        store.write(f"{_WAYS}/{policy}/{number:06}.json", bytes(entry.remembered))
        names = store.names(f"{_WAYS}/{policy}")
        for name in names[1 : len(names) - MOST + 1]:
            store.remove(f"{_WAYS}/{policy}/{name}")
    except StoreBroken as error:
        log.warning("%s: deleting the policy will not restore all of what was before it", error)


def all_of(store: Store, policy: str) -> tuple[Remembered, ...]:
    """Newest first. Raises StoreBroken, NetworkError for what cannot be read back."""
    found = []
    for name in reversed(store.names(f"{_WAYS}/{policy}")):
        data = store.read(f"{_WAYS}/{policy}/{name}")
        if data is not None:
            found.append(Remembered.from_json(data))
    return tuple(found)


def forget(store: Store, policy: str) -> None:
    """They are of no use any more."""
    try:
        for name in store.names(f"{_WAYS}/{policy}"):
            store.remove(f"{_WAYS}/{policy}/{name}")
        store.path(f"{_WAYS}/{policy}").rmdir() if store.path(f"{_WAYS}/{policy}").is_dir() else None
    except (StoreBroken, OSError, NetworkError) as error:
        log.warning("%s", error)
