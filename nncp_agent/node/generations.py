"""Which edit of a policy a file has: an API server counts them, a directory does not. `node/generations.json`."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Final

import msgspec

from netkernel.digests import sha256
from netkernel.frozen import replace
from nncp_agent.errors import StoreBroken
from nncp_agent.files import VERSION
from nncp_agent.node.memory import FOLDER
from nncp_agent.objects.policy import Policy
from nncp_agent.store import Store

log = logging.getLogger(__name__)

_FILE: Final = f"{FOLDER}/generations.json"


class _Known(msgspec.Struct, frozen=True):
    """By policy: the digest of its spec, and its number."""

    policies: dict[str, tuple[str, int]] = {}
    version: int = VERSION


class Generations:
    """Remembered over a restart, if the disk takes it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        try:
            self._known = (store.read_as(_FILE, _Known) or _Known()).policies
        except StoreBroken as error:
            log.error("%s: counting edits from the beginning", error)
            self._known = {}

    def numbered(self, policy: Policy) -> Policy:
        """The policy with the generation that its spec is."""
        digest = _digest(policy)
        known, number = self._known.get(policy.name, ("", 0))
        if known != digest:
            number += 1
            self._known = {**self._known, policy.name: (digest, number)}
            try:
                self._store.write(_FILE, msgspec.json.encode(_Known(self._known)))
            except StoreBroken as error:
                log.warning("%s: after a restart edits are counted otherwise", error)
        tree = policy.source
        metadata = tree.get("metadata")
        source = {**tree, "metadata": {**(metadata if isinstance(metadata, Mapping) else {}), "generation": number}}
        return replace(policy, generation=number, source=source)


def _digest(policy: Policy) -> str:
    spec = policy.source.get("spec")
    return sha256(json.dumps(spec, sort_keys=True, default=str).encode()).hexdigest()[:16]
