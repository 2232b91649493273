"""Frozen values as JSON and back, with every type checked on the way in."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar, get_type_hints

import msgspec

from netkernel.frozen import Frozen

V = TypeVar("V", bound=Frozen)


def encode(value: Frozen) -> bytes:
    """Each value an object of its fields, bytes in Base64."""
    return msgspec.json.encode(_plain(value))


def decode(data: bytes, kind: type[V]) -> V:
    """Raises ValueError with words for what is no JSON of that kind; what else an object holds is left out."""
    try:
        return msgspec.json.decode(data, type=kind, dec_hook=_made)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ValueError(str(error)) from error


def _plain(value: object) -> object:
    """`value` without any Frozen in it, which msgspec would take for the tuples they are inside."""
    if isinstance(value, Frozen):
        return {name: _plain(getattr(value, name)) for name in value._names}
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, tuple | frozenset):
        return [_plain(each) for each in value]
    return value


def _made(kind: type, found: object) -> Any:
    """What msgspec asks where a type is not its own; it tells the place when this raises ValueError or TypeError."""
    if not issubclass(kind, Frozen):
        raise NotImplementedError
    if not isinstance(found, dict):
        raise TypeError(f"wanted {kind.__name__}, found {type(found).__name__}")
    types = _types(kind)
    stated = {name: msgspec.convert(found[name], types[name], dec_hook=_made) for name in kind._names if name in found}
    return kind(**stated)


@cache
def _types(kind: type[Frozen]) -> dict[str, Any]:
    return get_type_hints(kind)
