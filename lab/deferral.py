"""What the native pytest tells the runner: the tests its kernel cannot run, and how pytest was called."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Deferral:
    """`options` are pytest's arguments without the selection, for the processes that run the deferred tests."""

    tests: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Deferral:
        return cls(**{field: tuple(words) for field, words in json.loads(text).items()})
