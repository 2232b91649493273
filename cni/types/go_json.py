"""JSON into the shape a plugin wants, as Go's encoding/json reads it, in the words it has for what is wrong.

Configurations that work with the Go plugins count on what that reader does: keys are found whatever their case, `null`
is as good as absent, the last of two equal keys counts, unknown keys are no error, an integer is one of 64 bits, text
that is no UTF-8 is mended. Of several values of the wrong type the first is named.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from netkernel.frozen import Frozen
from netkernel.typed import Any, Final, NoReturn

Plain = Any
"""What a JSON text holds: dict, list, str, int, float, bool, None."""


class Misfit(Exception):
    """A text is no JSON, or a value in it is of the wrong type; `where` is the line and column, if it is known."""

    def __init__(self, message: str, where: str = "") -> None:
        super().__init__(message)
        self.where = where


class Text(Frozen):
    """`words` are the only ones that a plugin takes, `pattern` what they look like: for schemas, not for reading."""

    go: str = "string"
    words: Sequence[str] = ()
    pattern: str = ""


class Boolean(Frozen):
    go: str = "bool"


class Integer(Frozen):
    """`least` and `most` are what a plugin takes: for schemas, not for reading."""

    go: str = "int"
    least: int | None = None
    most: int | None = None


class Anything(Frozen):
    """Kept as it stands."""

    go: str = "interface {}"


class Mapped(Frozen):
    """An object with any keys."""

    of: Shape
    go: str


class Several(Frozen):
    """An array."""

    of: Shape
    go: str


class Structure(Frozen):
    """An object with known keys. `name` is that of the structure in the Go plugin, for the message.

    `together` are keys of which none stands without the others: for schemas, not for reading.
    """

    name: str
    fields: Mapping[str, Shape]
    go: str = ""
    together: Sequence[str] = ()


Shape = Text | Boolean | Integer | Anything | Mapped | Several | Structure

_HIGHEST: Final = (1 << 63) - 1
_LOWEST: Final = -(1 << 63)
_LONGEST_INTEGER: Final = 20
_HEX_DIGITS: Final = "0123456789abcdefABCDEF"
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class _Number(str):
    """A number that is no integer of 64 bits, as it was written."""


def decoded(data: bytes) -> Plain:
    """The value of a JSON text. Raises Misfit."""
    text = data.decode("utf-8", "replace")
    try:
        value = json.loads(text, parse_int=_integer, parse_float=_Number, parse_constant=_no_constant, strict=True)
    except json.JSONDecodeError as error:
        raise Misfit(_words(error), f"line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise Misfit("exceeded max depth") from None
    return _mended(value) if "\\u" in text else value


def fitted(value: Plain, shape: Structure) -> dict[str, Plain]:
    """What of `value` is known to `shape`, under the names it has there, without what is `null`. Raises Misfit."""
    if type(value) is not dict:
        raise Misfit(f"json: cannot unmarshal {_kind(value)} into Go value of type {shape.go or shape.name}")
    return _structure(value, shape, "")


def repeated(data: bytes, path: Sequence[str]) -> list[str]:
    """The keys that stand more than once in the object at a path, of a text that `decoded` takes."""
    pairs: Any = json.loads(data.decode("utf-8", "replace"), parse_int=_integer, object_pairs_hook=_Pairs)
    for name in path:
        pairs = next((value for key, value in reversed(pairs) if _fold(key) == _fold(name)), None)
        if type(pairs) is not _Pairs:
            return []
    keys = [key for key, _ in pairs]
    return sorted({key for key in keys if keys.count(key) > 1})


class _Pairs(tuple[Any, ...]):
    """An object, as it is written."""


def plain(value: Plain) -> Plain:
    """A value with nothing in it but what `json.dumps` writes."""
    if type(value) is dict:
        return {key: plain(each) for key, each in value.items()}
    if type(value) is list:
        return [plain(each) for each in value]
    return float(value) if type(value) is _Number else value


def _integer(digits: str) -> int | _Number:
    if len(digits) > _LONGEST_INTEGER or not _LOWEST <= int(digits) <= _HIGHEST:
        return _Number(digits)
    return int(digits)


def _no_constant(word: str) -> NoReturn:
    letter = word.removeprefix("-")[0]
    if word.startswith("-"):
        raise Misfit(f"invalid character '{letter}' in numeric literal")
    raise Misfit(f"invalid character '{letter}' looking for beginning of value")


def _mended(value: Plain) -> Plain:
    """Half a surrogate pair is no character: Go reads U+FFFD."""
    if type(value) is str:
        return _SURROGATE.sub("�", value)
    if type(value) is dict:
        return {_SURROGATE.sub("�", key): _mended(each) for key, each in value.items()}
    if type(value) is list:
        return [_mended(each) for each in value]
    return value


def _structure(value: dict[str, Plain], shape: Structure, path: str) -> dict[str, Plain]:
    folded = {_fold(name): name for name in shape.fields}
    found: dict[str, Plain] = {}
    for key, each in value.items():
        name = key if key in shape.fields else folded.get(_fold(key))
        if name is None or each is None:
            continue
        here = f"{path}.{name}" if path else name
        found[name] = _fit(each, shape.fields[name], shape.name, here)
    return found


def _fit(value: Plain, shape: Shape, owner: str, path: str) -> Plain:
    if type(shape) is Anything:
        return plain(value)
    if type(shape) is Structure and type(value) is dict:
        return _structure(value, shape, path)
    if type(shape) is Mapped and type(value) is dict:
        return {key: _fit(each, shape.of, owner, path) for key, each in value.items() if each is not None}
    if type(shape) is Several and type(value) is list:
        return [_fit(each, shape.of, owner, path) for each in value if each is not None]
    fits = (type(shape) is Text and type(value) is str) or (type(shape) is Boolean and type(value) is bool)
    if fits or (type(shape) is Integer and type(value) is int):
        return value
    kind = f"number {value}" if type(shape) is Integer and type(value) is _Number else _kind(value)
    wanted = shape.go or shape.name  # type: ignore[union-attr]
    raise Misfit(f"json: cannot unmarshal {kind} into Go struct field {owner}.{path} of type {wanted}")


def _kind(value: Plain) -> str:
    if type(value) is bool:
        return "bool"
    return {str: "string", dict: "object", list: "array", type(None): "null"}.get(type(value), "number")


def _fold(key: str) -> str:
    """Go folds by simple case folding: U+017F is an s, the Kelvin sign a k; nothing becomes longer."""
    if key.isascii():
        return key.lower()
    return "".join(each.upper().lower() if len(each.upper()) == 1 else each for each in key)


def _words(error: json.JSONDecodeError) -> str:
    """The scanner's message of Go for the place at which Python's gave up."""
    text, at = error.doc, error.pos
    if error.msg.startswith("Unterminated string"):
        return "unexpected end of JSON input"
    literal = next((word for word in ("true", "false", "null") if _has_begun(text, at, word)), None)
    if error.msg == "Expecting value" and literal:
        same = next(n for n, letter in enumerate(literal) if text[at + n : at + n + 1] != letter)
        return _at(text, at + same, f"in literal {literal} (expecting {literal[same]!r})")
    if error.msg == "Expecting value" and text[at : at + 1] == "-":
        return _at(text, at + 1, "in numeric literal")
    at = next((place for place in range(at, len(text)) if text[place] not in " \t\r\n"), len(text))
    match error.msg:
        case "Expecting value":
            return _at(text, at, "looking for beginning of value")
        case "Expecting ':' delimiter":
            return _at(text, at, "after object key")
        case "Expecting ',' delimiter":
            return _at(text, at, "after object key:value pair" if _is_in_object(text, at) else "after array element")
        case "Extra data":
            return _at(text, at, "after top-level value")
        case "Invalid control character at":
            return _at(text, error.pos, "in string literal")
        case "Illegal trailing comma before end of object" | "Illegal trailing comma before end of array":
            of = "object key string" if "object" in error.msg else "value"
            after = next(place for place in range(at + 1, len(text)) if text[place] not in " \t\r\n")
            return _at(text, after, f"looking for beginning of {of}")
        case message if message.startswith("Invalid \\escape"):
            return _at(text, error.pos + 1, "in string escape code")
        case message if message.startswith("Invalid \\uXXXX"):
            digits = text.index("u", error.pos) + 1
            wrong = next((n for n in range(digits, len(text)) if text[n] not in _HEX_DIGITS), len(text))
            return _at(text, wrong, "in \\u hexadecimal character escape")
    return _at(text, at, "looking for beginning of object key string")


def _has_begun(text: str, at: int, word: str) -> bool:
    return text[at : at + 1] == word[0]


def _at(text: str, at: int, what: str) -> str:
    if at >= len(text):
        return "unexpected end of JSON input"
    letter = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "'": "\\'", "\\": "\\\\"}.get(text[at], text[at])
    return f"invalid character '{letter}' {what}"


def _is_in_object(text: str, at: int) -> bool:
    """Whether the innermost bracket open at a place, outside of strings, is a brace."""
    open_brackets = []
    for token in re.finditer(r'"(?:[^"\\]|\\.)*"|[{}\[\]]', text[:at]):
        if token[0] in "{[":
            open_brackets.append(token[0])
        elif token[0] in "}]":
            open_brackets.pop()
    return open_brackets[-1:] == ["{"]
