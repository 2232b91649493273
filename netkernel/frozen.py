"""Frozen values that cost next to nothing to define: what records, ops, messages and options are made of.

To the reader and to the type checker they are frozen dataclasses with slots. A dataclass compiles six functions when
its module is imported, and brings `inspect` along: with forty classes that was a third of what a command took to start.
Here nothing is compiled, and a value is a tuple inside: a class takes 20 µs instead of 800, a value of 17 fields 0.4
instead of 1.7, which counts on a host with ten thousand links.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from operator import itemgetter

from netkernel.typed import TYPE_CHECKING, Any, ClassVar, NoReturn, TypeVar, dataclass_transform

V = TypeVar("V", bound="Frozen")

if TYPE_CHECKING:
    from dataclasses import replace  # the type checker knows the fields of its arguments

    _Inside = object  # nobody is to count on its being a tuple

    def make(kind: type[V], values: Iterable[Any]) -> V:
        """A value of all its fields in their order, taken as they are: for readers of ten thousand records."""
        raise NotImplementedError

else:
    _Inside, make = tuple, tuple.__new__

    def replace(value: Frozen, /, **changes: Any) -> Frozen:
        """A copy of `value` with `changes`. Raises TypeError for what is no field of it."""
        cls, values = type(value), list(value)
        for name, change in changes.items():
            if name not in cls._places:
                raise _wrong(cls, f"no field {', '.join(sorted(changes.keys() - cls._places.keys()))}")
            values[cls._places[name]] = change
        return tuple.__new__(cls, values)


__all__ = ["Frozen", "fact", "make", "replace"]


class _Fact:
    """Marks a default, in a class being defined, as that of a fact."""

    def __init__(self, default: object) -> None:
        self.default = default


def fact(*, default: Any) -> Any:
    """A field that takes no part in comparison: what is known about the value, but not what it is.

    Facts stand after all other fields.
    """
    return _Fact(default)


def _tail(fields: tuple[str, ...], defaults: dict[str, Any]) -> tuple[Any, ...]:
    """The defaults of the last fields, back to one that has none."""
    required = max((place for place, each in enumerate(fields, 1) if each not in defaults), default=0)
    return tuple([defaults[each] for each in fields[required:]])


class _Definition(type):
    """Turns the annotated names of a class into properties, and keeps their defaults apart."""

    def __new__(
        meta, name: str, bases: tuple[type, ...], namespace: dict[str, Any], *, kw_only: bool = False
    ) -> _Definition:
        annotated: dict[str, str] = namespace.get("__annotations__", {})
        fields = tuple([each for each, words in annotated.items() if not words.startswith("ClassVar")])
        stated = {each: namespace.pop(each) for each in fields if each in namespace}
        if not any(type(each) is cached_property for each in namespace.values()):
            namespace["__slots__"] = ()  # else there is a __dict__, where functools puts what it found out
        facts = [type(stated.get(each)) is _Fact for each in fields]
        defaults = {each: value.default if type(value) is _Fact else value for each, value in stated.items()}
        if facts != sorted(facts):
            raise TypeError(f"{name}: a fact stands before a field that is none")
        for place, each in enumerate(fields):
            namespace[each] = property(itemgetter(place))
        cls = super().__new__(meta, name, bases, namespace)
        values = {
            "_names": fields,
            "_places": {each: place for place, each in enumerate(fields)},
            "_defaults": defaults,
            "_tail": _tail(fields, defaults),
            "_compared": itemgetter(slice(facts.count(False))),
            "__match_args__": () if kw_only else fields,
        }
        for each, value in values.items():
            setattr(cls, each, value)
        return cls


@dataclass_transform(frozen_default=True, field_specifiers=(fact,))
class Frozen(_Inside, metaclass=_Definition):
    """A value. Subclasses state fields by annotation as a dataclass does; with `kw_only=True` they are taken by name.

    Equal are values of one class with equal fields. A default is shared by all values: it must never be changed. What a
    `functools.cached_property` found out is no part of the value, and no copy takes it along.
    """

    _names: ClassVar[tuple[str, ...]]  # of its fields; under `_fields` msgspec would see a NamedTuple
    _places: ClassVar[dict[str, int]]
    _defaults: ClassVar[dict[str, Any]]
    _tail: ClassVar[tuple[Any, ...]]  # the defaults of the last fields, back to one without
    _compared: ClassVar[Any]
    __match_args__: ClassVar[tuple[str, ...]]

    if not TYPE_CHECKING:

        def __new__(cls, *values: Any, **named: Any) -> Frozen:
            if named or len(values) != len(cls._names):
                values = _complete(cls, values, named)
            return tuple.__new__(cls, values)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return False if isinstance(other, tuple) else NotImplemented
        return bool(self._compared(self) == self._compared(other))

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self._compared(self))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{each}={getattr(self, each)!r}' for each in self._names)})"

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__}.{name}: frozen: make another value with `replace`")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__}.{name}: frozen")


def _complete(cls: type[Frozen], values: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
    """All fields in their order. Raises TypeError for what is missing, said twice or no field."""
    if len(values) > len(cls.__match_args__):
        raise _wrong(cls, f"{len(values)} values by position, wanted at most {len(cls.__match_args__)}")
    missing = len(cls._names) - len(values)
    if not named and missing <= len(cls._tail):
        return values + cls._tail[-missing:]
    stated = dict(zip(cls._names, values, strict=False))
    if not stated.keys().isdisjoint(named):
        raise _wrong(cls, f"{', '.join(stated.keys() & named.keys())} said twice")
    all_of_them = {**cls._defaults, **stated, **named}
    try:
        complete = tuple([all_of_them[each] for each in cls._names])
    except KeyError as missing:
        raise _wrong(cls, f"without {missing.args[0]}") from None
    if len(all_of_them) > len(complete):
        raise _wrong(cls, f"no field {', '.join(sorted(all_of_them.keys() - set(cls._names)))}")
    return complete


def _wrong(cls: type[Frozen], what: str) -> TypeError:
    return TypeError(f"{cls.__name__}: {what}")
