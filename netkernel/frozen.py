"""Frozen values that cost next to nothing to define: what records, ops, messages and options are made of.

To the reader and to the type checker they are frozen dataclasses with slots. A dataclass compiles six functions when
its module is imported, and brings `inspect` along: with forty classes that was a third of what a command took to start.
Here nothing is compiled: a class takes 20 µs instead of 800, and making a value takes less, too.
"""

from __future__ import annotations

from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, dataclass_transform

if TYPE_CHECKING:
    from dataclasses import replace  # the type checker knows the fields of its arguments
else:

    def replace(value: Frozen, /, **changes: Any) -> Frozen:
        """A copy of `value` with `changes`. Raises TypeError for what is no field of it."""
        cls = type(value)
        copy = object.__new__(cls)
        for name, put, get in cls._slots:
            put(copy, changes.pop(name) if name in changes else get(value))
        if changes:
            raise _wrong(cls, f"no field {', '.join(sorted(changes))}")
        return copy


__all__ = ["Frozen", "fact", "replace"]


class _Fact:
    """Marks a default, in a class being defined, as that of a fact."""

    def __init__(self, default: object) -> None:
        self.default = default


def fact(*, default: Any) -> Any:
    """A field that takes no part in comparison: what is known about the value, but not what it is."""
    return _Fact(default)


class _Definition(type):
    """Turns the annotated names of a class into slots, and keeps their defaults apart."""

    def __new__(
        meta, name: str, bases: tuple[type, ...], namespace: dict[str, Any], *, kw_only: bool = False
    ) -> _Definition:
        annotated: dict[str, str] = namespace.get("__annotations__", {})
        fields = tuple([each for each, words in annotated.items() if not words.startswith("ClassVar")])
        stated = {each: namespace.pop(each) for each in fields if each in namespace}
        # where functools puts what it found out
        more = ("__dict__",) if any(type(each) is cached_property for each in namespace.values()) else ()
        cls = super().__new__(meta, name, bases, {**namespace, "__slots__": (*fields, *more)})
        compared = [each for each in fields if type(stated.get(each)) is not _Fact]
        values = {
            "_fields": fields,
            "_defaults": {each: value.default if type(value) is _Fact else value for each, value in stated.items()},
            "_setters": tuple(vars(cls)[each].__set__ for each in fields),
            "_slots": tuple((each, vars(cls)[each].__set__, vars(cls)[each].__get__) for each in fields),
            "_compared": attrgetter(*compared) if compared else type,
            "__match_args__": () if kw_only else fields,
        }
        for each, value in values.items():
            setattr(cls, each, value)
        return cls


@dataclass_transform(frozen_default=True, field_specifiers=(fact,))
class Frozen(metaclass=_Definition):
    """A value. Subclasses state fields by annotation as a dataclass does; with `kw_only=True` they are taken by name.

    Equal are values of one class with equal fields. A default is shared by all values: it must never be changed. What a
    `functools.cached_property` found out is no part of the value, and no copy takes it along.
    """

    _fields: ClassVar[tuple[str, ...]]
    _defaults: ClassVar[dict[str, Any]]
    _setters: ClassVar[tuple[Any, ...]]
    _slots: ClassVar[tuple[tuple[str, Any, Any], ...]]
    _compared: ClassVar[Any]
    __match_args__: ClassVar[tuple[str, ...]]

    def __init__(self, *values: Any, **named: Any) -> None:
        if named or len(values) != len(self._setters):
            values = _complete(type(self), values, named)
        for put, value in zip(self._setters, values, strict=True):
            put(self, value)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return bool(self._compared(self) == self._compared(other))

    def __hash__(self) -> int:
        return hash(self._compared(self))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{each}={getattr(self, each)!r}' for each in self._fields)})"

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__}.{name}: frozen: make another value with `replace`")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__}.{name}: frozen")


def _complete(cls: type[Frozen], values: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
    """All fields in their order. Raises TypeError for what is missing, said twice or no field."""
    if len(values) > len(cls.__match_args__):
        raise _wrong(cls, f"{len(values)} values by position, wanted at most {len(cls.__match_args__)}")
    stated = dict(zip(cls._fields, values, strict=False))
    if not stated.keys().isdisjoint(named):
        raise _wrong(cls, f"{', '.join(stated.keys() & named.keys())} said twice")
    all_of_them = {**cls._defaults, **stated, **named}
    try:
        complete = tuple([all_of_them[each] for each in cls._fields])
    except KeyError as missing:
        raise _wrong(cls, f"without {missing.args[0]}") from None
    if len(all_of_them) > len(complete):
        raise _wrong(cls, f"no field {', '.join(sorted(all_of_them.keys() - set(cls._fields)))}")
    return complete


def _wrong(cls: type[Frozen], what: str) -> TypeError:
    return TypeError(f"{cls.__name__}: {what}")
