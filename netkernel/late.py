"""Catalogues whose entries are loaded when somebody asks for them: a host has few of the kinds there are."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping

from netkernel.typed import Any, TypeVar

V = TypeVar("V")


class Late(Mapping[str, V]):
    """By word: what stands as "module.NAME" in `package`. Which words there are is known without loading anything."""

    def __init__(self, package: str, places: Mapping[str, str]) -> None:
        self._package = package
        self._places = places
        self._loaded: dict[str, V] = {}

    def __getitem__(self, word: str) -> V:
        found = self._loaded.get(word)
        if found is None:
            found = self._loaded[word] = self._load(self._places[word])
        return found

    def get(self, word: object, default: Any = None) -> Any:
        """Asked a dozen times for each interface of a plan, and what a Mapping has of itself is three calls."""
        found = self._loaded.get(word)  # type: ignore[call-overload]  # any key may be asked for
        if found is not None:
            return found
        return self[str(word)] if word in self._places else default

    def __contains__(self, word: object) -> bool:
        return word in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def _load(self, place: str) -> Any:
        module, _, name = place.partition(".")
        __import__(whole := f"{self._package}.{module}")
        return getattr(sys.modules[whole], name)
