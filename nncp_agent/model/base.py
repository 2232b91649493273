"""What all models are made of: keys on the wire, and what is stated over what is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from functools import cache, partial
from typing import Any, ClassVar, TypeVar, get_args, get_origin

import msgspec


class Model(msgspec.Struct, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True, omit_defaults=True):
    """Base of everything with a wire form. Keys are kebab-case as in nmstate; kinds rename fields where it is not.

    `aliases`: other words users write for a key. `query_only`: keys that are shown and mean nothing when asked for.
    `later`: keys of nmstate's that this version does not do. `hint`: what to write instead of text where one of these
    is wanted.
    """

    aliases: ClassVar[Mapping[str, str]] = {}
    query_only: ClassVar[frozenset[str]] = frozenset()
    later: ClassVar[frozenset[str]] = frozenset()
    hint: ClassVar[str] = ""


M = TypeVar("M", bound=msgspec.Struct)
N = TypeVar("N", bound=Model)


def merge(desired: M | None, current: M | None) -> M | None:
    """`desired` over `current`: what is stated wins, models and mappings merge, lists and scalars replace."""
    if desired is None or current is None or type(desired) is not type(current):
        return desired if desired is not None else current
    return with_changes(
        current, {field: _over(value, getattr(current, field)) for field, value in stated(desired).items()}
    )


def with_changes(model: M, fields: Mapping[str, Any]) -> M:
    """`model` with these fields; itself where it has them already, as most have."""
    changes = {field: value for field, value in fields.items() if getattr(model, field) != value}
    return msgspec.structs.replace(model, **changes) if changes else model


def _over(value: Any, current: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        return merge(value, current)
    return {**(current or {}), **value} if isinstance(value, dict) else value


def of_tree(kind: type[N], tree: Mapping[str, Any]) -> N:
    """A model of plain values that are known to be right (see `shown`); keys that are no fields are left out."""
    fields, values = _fields(kind), {}
    for key, value in tree.items():
        if key in fields:
            name, make = fields[key]
            values[name] = value if make is _as_it_is else make(value)
    return kind(**values)


@cache
def _fields(kind: type[Model]) -> dict[str, tuple[str, Callable[[Any], Any]]]:
    """By key: the field, and what its values are made of."""
    return {each.encode_name: (each.name, _maker(each.type)) for each in msgspec.structs.fields(kind)}


def _maker(annotation: Any) -> Callable[[Any], Any]:
    if isinstance(annotation, type):
        if issubclass(annotation, Model):
            return partial(of_tree, annotation)
        # as calling the Enum, which costs what a whole small model does
        return {each.value: each for each in annotation}.__getitem__ if issubclass(annotation, Enum) else _as_it_is
    inner = [_maker(each) for each in get_args(annotation) if each is not Ellipsis]
    make = next((each for each in inner if each is not _as_it_is), _as_it_is)
    return (lambda items: tuple([make(each) for each in items])) if get_origin(annotation) is tuple else make


def _as_it_is(value: Any) -> Any:
    return value


def stated(model: msgspec.Struct) -> dict[str, Any]:
    """What a model says, by field; the fields it does not state are left out."""
    pairs = zip(model.__struct_fields__, msgspec.structs.astuple(model), strict=True)
    return {field: value for field, value in pairs if value is not None}
