"""What the disk remembers of the policies of this node: `node/policies.json` in the state directory.

It tells a policy that was applied from one that is new, so that a restart of the daemon changes nothing; one that
failed from one that was never tried; and what a policy has made, for when it is deleted.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from nncp_agent.errors import StoreBroken
from nncp_agent.files import VERSION
from nncp_agent.store import Store

log = logging.getLogger(__name__)

FOLDER: Final = "node"
FILE: Final = f"{FOLDER}/policies.json"

Outcome = Literal["", "trying", "kept", "failed", "aborted", "gone"]


class Captured(msgspec.Struct, frozen=True):
    """What a capture found. `nics` are those the machine had then."""

    expression: str
    state: dict[str, Any]
    nics: tuple[str, ...] = ()


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """One policy, at the generation that was seen last. `edited` counts the edits this node has seen, of all policies
    together; `wanted` is the mark of what was tried of it, as far as it counts beside others, and `outcome` what came
    of that; `asked` is the state that was applied last, in nmstate form.

    `history` is the number of the last apply that was about it, `made` the links that came with it; `left` is whether
    the node no longer matches. `deletion` is its deletionPolicy, for when the policy is gone.
    """

    uid: str = ""
    generation: int = 0
    edited: int = 0
    wanted: str = ""
    outcome: Outcome = ""
    message: str = ""
    tries: int = 0
    history: int = 0
    asked: dict[str, Any] = {}
    captured: dict[str, Captured] = {}
    made: tuple[str, ...] = ()
    deletion: str = "Retain"
    left: bool = False


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """All of them, by name. `edits` is the number of the last edit seen, `boot` the boot of the machine in which what
    was applied has been looked at.
    """

    policies: dict[str, Record] = {}
    edits: int = 0
    boot: str = ""
    version: int = VERSION

    def of(self, policy: str) -> Record:
        return self.policies.get(policy, Record())

    def having(self, records: Mapping[str, Record]) -> Memory:
        return msgspec.structs.replace(self, policies={**self.policies, **records})

    def without(self, policy: str) -> Memory:
        kept = {name: each for name, each in self.policies.items() if name != policy}
        return msgspec.structs.replace(self, policies=kept)


class Remembering:
    """The memory and its file. A disk that is full or read-only costs what a restart would have known, and no more."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._is_broken = False
        self.now = self._read()

    def _read(self) -> Memory:
        try:
            return self._store.read_as(FILE, Memory) or Memory()
        except StoreBroken as error:
            log.error("%s: going on as if nothing had been applied yet", error)
            return Memory()

    def keep(self, memory: Memory) -> None:
        """From now on it is `memory`, after a restart as well if the disk takes it."""
        if memory == self.now and not self._is_broken:
            return
        self.now = memory
        try:
            self._store.write(FILE, msgspec.json.encode(memory))
            self._is_broken = False
        except StoreBroken as error:
            if not self._is_broken:
                log.error("%s: what became of policies is known until the daemon ends", error)
            self._is_broken = True
