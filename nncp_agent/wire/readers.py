"""Readers made from the models' types: they forgive what nmstate forgives and report everything else where it stands.

One walk instead of a library's decoder, because a policy's author wants all problems at once, with lines and guesses.
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, Final, Literal, NamedTuple, Union, get_args, get_origin

import msgspec

from nncp_agent.model import Model
from nncp_agent.spelling import Canonical, Numbered, Words
from nncp_agent.wire.report import Path, Report, Unfit, meant, shown

Scalar = Callable[[Any], Any]
"""Raises Unfit."""
Nested = Callable[[Any, Path, Report], Any]
"""Reports what is wrong and returns None for what cannot be used."""


class Reader(NamedTuple):
    """How the value of one key is read, and the field it goes to. Without either it is accepted and ignored."""

    field: str | None = None
    scalar: Scalar | None = None
    nested: Nested | None = None
    required: bool = False


IGNORED: Final = Reader()
_WHOLE: Final = re.compile(r"-?[0-9]{1,20}|0[xX][0-9A-Fa-f]{1,16}").fullmatch
_TRUE: Final = frozenset({"1", "true", "yes", "on", "y"})
_FALSE: Final = frozenset({"0", "false", "no", "off", "n"})


def flag(value: Any) -> bool:
    """A bool, or what nmstate takes for one (nmstate.md 1)."""
    if value is True or value is False:
        return bool(value)
    word = value.lower() if isinstance(value, str) else str(value) if isinstance(value, int) else ""
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise Unfit(f"found {shown(value)}, wanted true or false")


def text(value: Any) -> str:
    """Text as it stands."""
    if isinstance(value, str):
        if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
            raise Unfit(f"found {shown(value)}, wanted text in UTF-8")
        return value
    quoted = " (put it in quotes)" if isinstance(value, (int, float)) else ""
    raise Unfit(f"found {shown(value)}, wanted text{quoted}")


def whole_number(value: Any) -> int:
    """An int, or its decimal or 0x text."""
    if type(value) is int:
        return value
    if isinstance(value, str) and _WHOLE(value):
        return int(value, 16 if value[:2] in ("0x", "0X") else 10)
    raise Unfit(f"found {shown(value)}, wanted a whole number")


def between(low: int, high: int) -> Scalar:
    """A whole number from `low` to `high`."""

    def read(value: Any) -> int:
        number = value if type(value) is int else whole_number(value)
        if low <= number <= high:
            return number
        raise Unfit(f"found {shown(value)}, wanted {low} to {high}")

    return read


def word(words: Mapping[str, Any], numbered: Numbered | None = None) -> Scalar:
    """One of `words`; with `numbered` also its position."""

    def read(value: Any) -> Any:
        if isinstance(value, str) and value in words:
            return words[value]
        found = value
        if numbered is not None:
            if type(value) is bool and not numbered.flag:
                found = None
            elif isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 4:
                found = int(value)
            if isinstance(found, int) and 0 <= found < len(words):
                return list(words.values())[found]
        if isinstance(value, str):
            raise Unfit(lambda: f"found {shown(value)}, {meant(value, list(words))}")
        raise Unfit(f"found {shown(value)}, wanted one of {', '.join(words)}")

    return read


def spelled(form: Canonical) -> Scalar:
    """Text in canonical form."""

    def read(value: Any) -> str:
        if form.secret and type(value) is not str:
            raise Unfit("found no text, wanted it in quotes")
        if form.numbers and type(value) is int:
            value = str(value)
        try:
            return form.form(value if type(value) is str else text(value))
        except ValueError as error:
            found = f"{len(value)} characters" if form.secret else shown(value)
            raise Unfit(f"found {found}, wanted {error}") from None

    return read


def several(inner: Reader, hint: str) -> Nested:
    """A list, read item by item."""

    def read(value: Any, path: Path, report: Report) -> tuple[Any, ...] | None:
        if type(value) is not list:
            report.problem(path, f"found {shown(value)}, wanted a list" + (f" of {hint}" if hint else ""))
            return None
        found = [one(inner, each, (*path, position), report) for position, each in enumerate(value)]
        return tuple([each for each in found if each is not None])

    return read


def by_name(key: Scalar, inner: Reader) -> Nested:
    """A mapping whose keys are names, read entry by entry."""

    def read(value: Any, path: Path, report: Report) -> dict[str, Any] | None:
        if type(value) is not dict:
            report.problem(path, f"found {shown(value)}, wanted a mapping")
            return None
        found: dict[str, Any] = {}
        for name, each in value.items():
            at = (*path, name)
            try:
                canonical = key(name)
            except Unfit as error:
                report.problem(at, error)
                continue
            one_of_them = one(inner, each, at, report) if each is not None else None
            if one_of_them is None:
                continue
            if found.get(canonical, one_of_them) != one_of_them:
                report.problem(at, "stated twice in different words, and not the same")
            found[canonical] = one_of_them
        return found

    return read


def one(reader: Reader, value: Any, path: Path, report: Report) -> Any:
    """One value through its reader; None when there is nothing to use."""
    if reader.nested is not None:
        return reader.nested(value, path, report)
    try:
        return reader.scalar(value) if reader.scalar is not None else None
    except Unfit as error:
        report.problem(path, error)
        return None


def fill(readers: Mapping[str, Reader], tree: Mapping[Any, Any], path: Path, report: Report) -> dict[str, Any]:
    """The values of a mapping by field. null is "not stated"; unknown keys are problems."""
    values: dict[str, Any] = {}
    for key, value in tree.items():
        reader = readers.get(key)
        if reader is None:
            report.unknown(path, key, readers)
            continue
        field, scalar, nested, _ = reader
        if value is None or (scalar is None and nested is None):
            continue
        try:
            found = scalar(value) if scalar is not None else nested(value, (*path, key), report)  # type: ignore[misc]
        except Unfit as error:
            report.problem((*path, key), error)
            continue
        if found is not None and field is not None:
            if field in values and values[field] != found:
                report.problem((*path, key), "stated twice in different words, and not the same")
            values[field] = found
    return values


@cache
def struct(model: type[Model]) -> Nested:
    """A mapping read into a model; None when a key it must have is missing or unusable."""
    readers = fields(model)
    required = [(key, reader.field) for key, reader in readers.items() if reader.required and key not in model.aliases]
    hint = model.hint or "a mapping"

    def read(value: Any, path: Path, report: Report) -> Model | None:
        if type(value) is not dict:
            report.problem(path, f"found {shown(value)}, wanted {hint}")
            return None
        values = fill(readers, value, path, report)
        for key, field in required:
            if field not in values:
                if value.get(key) is None:
                    report.problem((*path, key), "missing")
                return None
        return model(**values)

    return read


@cache
def fields(model: type[Model]) -> Mapping[str, Reader]:
    """The readers of a model's keys, its aliases and its query-only keys included."""
    found = {
        field.encode_name: _reader(field.type, field.name)._replace(required=field.required)
        for field in msgspec.structs.fields(model)
    }
    found |= {alias: found[key] for alias, key in model.aliases.items()}
    return found | dict.fromkeys(model.query_only, IGNORED) | dict.fromkeys(model.later, Reader(nested=_not_yet))


def _not_yet(value: Any, path: Path, report: Report) -> None:
    report.problem(path, f"found {shown(value)}: not supported by this version yet, wanted no such key")


def _reader(annotation: Any, field: str | None = None) -> Reader:
    marks: tuple[Any, ...] = ()
    options = [annotation]
    while len(options) == 1:
        annotation, origin = options[0], get_origin(options[0])
        if origin in (Union, types.UnionType):
            options = [each for each in get_args(annotation) if each is not type(None)]
        elif origin is Annotated:
            options, marks = [get_args(annotation)[0]], (*marks, *annotation.__metadata__)
        else:
            break
    if len(options) > 1:
        return Reader(field, scalar=lambda value: value if type(value) in options else text(value))
    origin = get_origin(annotation)
    if origin is tuple:
        inner = get_args(annotation)[0]
        return Reader(field, nested=several(_reader(inner), _hint(inner)))
    if origin is Mapping:
        key, value = (_reader(each) for each in get_args(annotation))
        return Reader(field, nested=by_name(key.scalar or text, value))
    if isinstance(annotation, type) and issubclass(annotation, Model):
        return Reader(field, nested=struct(annotation))
    return Reader(field, scalar=_scalar(annotation, marks))


def _scalar(annotation: Any, marks: tuple[Any, ...]) -> Scalar:
    if get_origin(annotation) is Literal:
        numbered = next((mark for mark in marks if isinstance(mark, Numbered)), None)
        return word({each: each for each in get_args(annotation)}, numbered)
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return word({each.value: each for each in annotation})
    if annotation is bool:
        return flag
    if annotation is int:
        low = next((mark.ge for mark in marks if isinstance(mark, msgspec.Meta) and mark.ge is not None), -(2**63))
        high = next((mark.le for mark in marks if isinstance(mark, msgspec.Meta) and mark.le is not None), 2**64 - 1)
        return between(int(low), int(high))
    words = next((mark.words for mark in marks if isinstance(mark, Words)), None)
    if words is not None:
        return word({each: each for each in words})
    form = next((mark for mark in marks if isinstance(mark, Canonical)), None)
    return spelled(form) if form is not None else text


def _hint(inner: Any) -> str:
    if isinstance(inner, type) and issubclass(inner, Model):
        return inner.hint.replace("a mapping", "mappings")
    return ""
