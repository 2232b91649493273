"""YAML through libyaml's event parser into plain values: no tags, no bombs, no YAML 1.1 surprises.

`documents.read` is the way in. Events instead of PyYAML's constructor, because that one types what it should not,
takes the last of two equal keys in silence and costs twice the time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import yaml

from netkernel.documents.base import DEEPEST, MOST_NODES, TOO_DEEP, Event, Repeated, Unreadable

_WORDS: Final[dict[str, bool | None]] = {
    **{word: True for word in ("true", "True", "TRUE")},
    **{word: False for word in ("false", "False", "FALSE")},
    **{word: None for word in ("null", "Null", "NULL", "~", "")},
}
_INTEGER: Final = re.compile(r"[-+]?(0|[1-9][0-9]{0,30})|0x[0-9a-fA-F]{1,16}")
_FLOAT: Final = re.compile(r"[-+]?[0-9]+\.[0-9]*([eE][-+]?[0-9]{1,3})?")

# libyaml is missing from a PyYAML built without it; its own parser says the same events, slower.
_Parser: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def values(text: str, source: str) -> list[object]:
    """The value of each document, empty ones as None. Raises Unreadable, Repeated."""
    return _Builder(text, source).documents()


_MARKS: Final = {
    yaml.ScalarEvent: ".",
    yaml.AliasEvent: ".",
    yaml.MappingStartEvent: "{",
    yaml.SequenceStartEvent: "[",
    yaml.MappingEndEvent: "}",
    yaml.SequenceEndEvent: "]",
}


def events(text: str, source: str) -> Iterator[Event]:
    """The text as steps for whoever looks for lines; an alias is one scalar. Raises Unreadable."""
    for mark, words, event in _marked(text, source):
        yield mark, words, event.start_mark.line + 1


def steps(text: str, source: str) -> Iterator[tuple[str, str, int, int]]:
    """The same with where each step begins and ends, counted in characters. Raises Unreadable."""
    for mark, words, event in _marked(text, source):
        yield mark, words, event.start_mark.index, event.end_mark.index


def _marked(text: str, source: str) -> Iterator[tuple[str, str, Any]]:
    parser = _Parser(text)
    try:
        while (event := _next(parser, text, source)) is not None:
            if mark := _MARKS.get(type(event)):
                yield mark, "*" if type(event) is yaml.AliasEvent else getattr(event, "value", ""), event
    finally:
        parser.dispose()


def _next(parser: Any, text: str, source: str) -> Any:
    try:
        return parser.get_event()
    except yaml.YAMLError as error:
        raise _unreadable(error, text, source) from None


class _Builder:
    """Builds values from events; `nodes` counts them, those that aliases repeat included."""

    def __init__(self, text: str, source: str) -> None:
        self._text = text
        self._source = source
        self._parser = _Parser(text)
        self._event = self._parser.get_event
        self._plain: dict[str, object] = {}
        self._anchors: dict[str, tuple[object, int] | None] = {}
        self._nodes = 0

    def documents(self) -> list[object]:
        found: list[object] = []
        try:
            while (event := self._event()) is not None:
                if type(event) is yaml.DocumentStartEvent:
                    self._anchors.clear()
                    found.append(self._value(self._event(), DEEPEST))
        except yaml.YAMLError as error:
            raise _unreadable(error, self._text, self._source) from None
        finally:
            self._parser.dispose()
        return found

    def _value(self, event: Any, levels: int) -> object:
        self._nodes += 1
        if self._nodes > MOST_NODES:
            raise self._refused(event, f"more than {MOST_NODES} values, counting what aliases repeat")
        if type(event) is yaml.AliasEvent:
            return self._alias(event)
        if event.tag is not None and event.tag != "!":
            raise self._refused(event, f"tag {event.tag}: tags are not understood here, write the plain value")
        anchor, start = event.anchor, self._nodes
        if anchor is not None:
            self._anchors[anchor] = None
        value: object
        if type(event) is yaml.ScalarEvent:
            value = self._scalar(event)
        elif not levels:
            raise self._refused(event, TOO_DEEP)
        elif type(event) is yaml.MappingStartEvent:
            value = self._mapping(levels - 1)
        else:
            value = self._list(levels - 1)
        if anchor is not None:
            self._anchors[anchor] = value, self._nodes - start
        return value

    def _scalar(self, event: Any) -> object:
        text: str = event.value
        if not event.implicit[0]:
            if "\0" in text:
                raise self._refused(event, "a NUL character")
            return text
        if text not in self._plain:
            self._plain[text] = plain(text)
        return self._plain[text]

    def _list(self, levels: int) -> list[object]:
        items = []
        while type(event := self._event()) is not yaml.SequenceEndEvent:
            items.append(self._value(event, levels))
        return items

    def _mapping(self, levels: int) -> dict[str, object]:
        mapping: dict[str, object] = {}
        merged: list[dict[str, object]] = []
        while type(event := self._event()) is not yaml.MappingEndEvent:
            if type(event) is not yaml.ScalarEvent:
                raise self._refused(event, "a key must be plain text")
            key: str = event.value
            if "\0" in key:
                raise self._refused(event, "a NUL character")
            if event.anchor is not None:
                self._anchors[event.anchor] = key, 0
            value = self._value(self._event(), levels)
            if key == "<<" and event.implicit[0]:
                merged += self._mappings(event, value)
            elif key in mapping:
                raise Repeated
            else:
                mapping[key] = value
        for more in merged:
            mapping = {**more, **mapping}
        return mapping

    def _mappings(self, event: Any, value: object) -> list[dict[str, object]]:
        """What `<<` brings in, the strongest first."""
        several = value if isinstance(value, list) else [value]
        mappings = [each for each in several if isinstance(each, dict)]
        if len(mappings) < len(several):
            raise self._refused(event, "'<<' merges mappings: wanted an alias of one, or a list of them")
        return mappings

    def _alias(self, event: Any) -> object:
        if event.anchor not in self._anchors:
            raise self._refused(event, f"alias *{event.anchor}: no anchor &{event.anchor} before it")
        known = self._anchors[event.anchor]
        if known is None:
            raise self._refused(event, f"alias *{event.anchor} stands inside what it repeats")
        self._nodes += known[1]
        return known[0]

    def _refused(self, event: Any, message: str) -> Unreadable:
        return Unreadable(self._source, event.start_mark.line + 1, message)


def plain(text: str) -> object:
    """What an unquoted word means: YAML 1.2's core schema without octals and without what merely looks a number."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text) and abs(value := float(text)) != float("inf"):
        return value
    return text


_WHAT_TO_DO: Final = {
    "mapping values are not allowed": "a ':' where no key can stand: quote the value, or mend the indentation",
    "did not find expected key": "no key where one is due: mend the indentation, or quote the value above",
    "did not find expected '-' indicator": "no '-' where a list goes on: mend the indentation",
    "could not find expected ':'": "a line without ':' where a key is due",
    "did not find expected ',' or '}'": "a '{' without its '}', or a ',' missing before this",
    "did not find expected ',' or ']'": "a '[' without its ']', or a ',' missing before this",
    "did not find expected node content": "a '{' or '[' without its end, or a value missing",
    "found unexpected end of stream": "a quote that is never closed",
    "block sequence entries are not allowed": "a list item where none can stand: mend the indentation",
}


def _unreadable(error: yaml.YAMLError, text: str, source: str) -> Unreadable:
    """libyaml speaks about tokens; say what to do where we know it."""
    if isinstance(error, yaml.reader.ReaderError):
        line = text.encode()[: max(int(error.position), 0)].count(b"\n") + 1
        return Unreadable(source, line, "not YAML: a control character: this is not a text file")
    mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
    if mark is None:
        return Unreadable(source, None, f"not YAML: {error}")
    row = "".join(text.split("\n")[mark.line : mark.line + 1])
    problem = str(getattr(error, "problem", "")) or "cannot be understood"
    begun = getattr(error, "context_mark", None)
    if begun is not None and ("expected ':'" in problem or "end of stream" in problem):
        mark = begun  # these are noticed at the end of what began there
    if row[: len(row) - len(row.lstrip())].count("\t"):
        problem = "a tab cannot indent: use blanks"
    elif "cannot start any token" in problem:
        problem = f"nothing begins with '{row[mark.column : mark.column + 1]}': quote it"
    advice = (advice for words, advice in _WHAT_TO_DO.items() if words in problem)
    return Unreadable(source, mark.line + 1, f"not YAML: {next(advice, problem)}")
