"""JSON into plain values, one or several documents in a text, with what the standard reader lets through refused."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

from netkernel.documents.base import DEEPEST, TOO_DEEP, Event, Repeated, Unreadable


def values(text: str, source: str) -> list[object] | None:
    """The value of each document; None when it may be YAML in flow style. Raises Unreadable, Repeated."""
    try:
        found = _decoded(text, _DECODER)
        if any(_is_deeper(value, DEEPEST) for value in found):
            raise RecursionError
    except RecursionError:
        raise Unreadable(source, None, TOO_DEEP) from None
    except ValueError as error:
        if not _FIRST_KEY_IS_QUOTED.match(text):
            return None
        if isinstance(error, json.JSONDecodeError):
            raise Unreadable(source, error.lineno, f"not JSON: {error.msg[:1].lower()}{error.msg[1:]}") from None
        raise Unreadable(source, None, f"not JSON: {error}") from None
    if "\\u" in text:
        _check_escapes(found, source)
    return found


def events(text: str) -> Iterator[Event] | None:
    """The steps through a JSON text; None when it is not JSON."""
    try:
        _decoded(text, json.JSONDecoder())
    except (ValueError, RecursionError):
        return None
    return _events(text)


_FIRST_KEY_IS_QUOTED: Final = re.compile(r'[\s\[]*\{\s*"')
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]|[^\s{}\[\]",:]+')
_BLANKS: Final = re.compile(r"[ \t\r\n]*")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        raise Repeated
    return mapping


def _float(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"{digits} is no finite number")
    return value


def _constant(word: str) -> object:
    raise ValueError(f"{word} is no JSON value")


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_object, parse_float=_float, parse_constant=_constant)


def _decoded(text: str, decoder: json.JSONDecoder) -> list[object]:
    found = []
    position = _after_blanks(text, 0)
    while position < len(text):
        value, position = decoder.raw_decode(text, position)
        found.append(value)
        position = _after_blanks(text, position)
    return found


def _after_blanks(text: str, position: int) -> int:
    blanks = _BLANKS.match(text, position)
    return blanks.end() if blanks else position


def _is_deeper(value: object, levels: int) -> bool:
    inner = value.values() if type(value) is dict else value if type(value) is list else ()
    if inner and not levels:
        return True
    return any(_is_deeper(each, levels - 1) for each in inner if type(each) is dict or type(each) is list)


def _check_escapes(found: list[object], source: str) -> None:
    written = json.dumps(found, ensure_ascii=False)
    try:
        written.encode()
    except UnicodeEncodeError:
        raise Unreadable(source, None, "half of a surrogate pair (\\ud800 to \\udfff)") from None
    if "\\u0000" in written.replace("\\\\", ""):
        raise Unreadable(source, None, "a NUL character (\\u0000)")


def steps(text: str) -> Iterator[tuple[str, str, int, int]] | None:
    """The same with where each step begins and ends; None when it is not JSON."""
    return _steps(text) if events(text) is not None else None


def _steps(text: str) -> Iterator[tuple[str, str, int, int]]:
    for token in _TOKEN.finditer(text):
        word = token[0]
        if word in "{}[]":
            yield word, "", *token.span()
        else:
            yield ".", json.loads(word) if word[0] == '"' else word, *token.span()


def _events(text: str) -> Iterator[Event]:
    line, counted = 1, 0
    for token in _TOKEN.finditer(text):
        line, counted = line + text.count("\n", counted, token.start()), token.start()
        word = token[0]
        if word in "{}[]":
            yield word, "", line
        else:
            yield ".", json.loads(word) if word[0] == '"' else word, line
