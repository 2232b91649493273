"""JSON as people write it: read to the end, with every mistake named where it stands, and the value that was meant.

Plugins stop at the first mistake, and say which character of a text without lines it was.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from netkernel.frozen import Frozen

Path = tuple[str | int, ...]


class Mistake(Frozen):
    """`offset` is counted in characters from the beginning of the text."""

    offset: int
    message: str


class Read(Frozen):
    """`value` is None where nothing was understood; `places` has the offset of each value, `keys` that of each key."""

    value: Any
    mistakes: tuple[Mistake, ...]
    places: dict[Path, int]
    keys: dict[Path, int]


class _Stop(Exception):
    """There is no going on from here."""


_BLANKS: Final = re.compile(r"\s*")
_STRING: Final = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_QUOTED: Final = re.compile(r"'(?:[^'\\\n]|\\.)*'|[“”][^“”\n]*[“”]")
_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?(?![\w.])")
_WORD: Final = re.compile(r"[\w.\-/:]+(?<!:)")
_COMMENT: Final = re.compile(r"(#|//)[^\n]*|/\*.*?\*/", re.S)
_WORDS: Final = {"true": True, "false": False, "null": None}
_OTHERS: Final = {"True": "true", "False": "false", "None": "null", "yes": "true", "no": "false", "on": "true"}


def read(text: str) -> Read:
    """Raises nothing: what cannot be understood is a mistake, too."""
    reader = _Reader(text)
    value = reader.whole()
    return Read(value, tuple(sorted(reader.mistakes, key=lambda each: each.offset)), reader.places, reader.keys)


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self.mistakes: list[Mistake] = []
        self.places: dict[Path, int] = {}
        self.keys: dict[Path, int] = {}

    def whole(self) -> Any:
        value = None
        try:
            if not self._peek():
                self._stop("empty: wanted an object, { ... }")
            if re.match(r"-\s*[{\[]", self._text[self._at :]):
                self._note("a '-' before the object: JSON has no such lists; take it away")
                self._at += 1
            value = self._value(())
            if self._peek():
                self._note("something follows the end of the object", self._at)
        except _Stop:
            pass
        except RecursionError:
            self._note("nested too deep", 0)
        return value

    def _note(self, message: str, at: int | None = None) -> None:
        self.mistakes.append(Mistake(self._at if at is None else at, message))

    def _stop(self, message: str, at: int | None = None) -> None:
        self._note(message, at)
        raise _Stop

    def _peek(self) -> str:
        """The next character that is no blank; empty at the end. Comments are noted and passed over."""
        while True:
            found = _BLANKS.match(self._text, self._at)
            self._at = found.end() if found else self._at
            comment = _COMMENT.match(self._text, self._at)
            if not comment:
                return self._text[self._at : self._at + 1]
            self._note("a comment: JSON has none")
            self._at = comment.end()

    def _value(self, path: Path) -> Any:
        self.places[path] = self._at if self._peek() else len(self._text)
        self.places[path] = self._at
        match self._peek():
            case "{":
                return self._object(path)
            case "[":
                return self._array(path)
            case "":
                self._stop("the text ends where a value is due")
        return self._scalar()

    def _scalar(self) -> Any:
        if (number := _NUMBER.match(self._text, self._at)) is not None:
            self._at = number.end()
            return json.loads(number[0])
        if self._text[self._at] in "\"'“”":
            return self._string()
        word = _WORD.match(self._text, self._at)
        if word is None:
            self._stop(f"'{self._text[self._at]}' where a value is due")
            return None
        if word[0] not in _WORDS:
            meant = _OTHERS.get(word[0])
            self._note(f"{word[0]}: JSON says {meant}" if meant else f'{word[0]} without quotes: write "{word[0]}"')
        self._at = word.end()
        return _WORDS[_OTHERS.get(word[0], word[0])] if word[0] in _WORDS or word[0] in _OTHERS else word[0]

    def _string(self) -> str:
        found = _STRING.match(self._text, self._at)
        if found is None and (found := _QUOTED.match(self._text, self._at)):
            self._note('quotes of another kind: JSON has " and no other')
            self._at = found.end()
            return found[0][1:-1]
        if found is None:
            self._stop("a quote that is never closed in its line")
            return ""
        start, self._at = self._at, found.end()
        try:
            return str(json.loads(found[0], strict=False))
        except ValueError as error:
            self._note(f"not the escape of a character: {error}", start)
            return found[0][1:-1]

    def _object(self, path: Path) -> dict[str, Any]:
        made: dict[str, Any] = {}
        opened = self._at
        self._at += 1
        while (next_ := self._peek()) != "}":
            if not next_:
                self._stop("a '{' that is never closed", opened)
            if next_ in "]:":
                self._stop(f"'{next_}' where a key or '}}' is due")
            place = self._at
            key = self._key()
            if key in made:
                self._note(f'key "{key}" stands twice; the last one counts', place)
            self.keys[*path, key] = place
            if self._peek() == ":":
                self._at += 1
            else:
                key = self._colon_in(key, path, place)
            made[key] = self._value((*path, key))
            self._comma("}")
        self._at += 1
        return made

    def _key(self) -> str:
        if self._text[self._at] in "\"'“”":
            return self._string()
        word = _WORD.match(self._text, self._at)
        if word is None:
            self._stop(f"'{self._text[self._at]}' where a key is due")
            return ""
        self._note(f'key {word[0]} without quotes: write "{word[0]}"')
        self._at = word.end()
        return word[0]

    def _colon_in(self, key: str, path: Path, place: int) -> str:
        """No ':' after the key; perhaps it is within its quotes."""
        if not key.endswith(":"):
            self._note(f"':' is missing after \"{key}\"")
            return key
        self._note(f"the ':' stands within the quotes: write \"{key[:-1]}\":", place)
        self.keys[*path, key[:-1]] = self.keys.pop((*path, key))
        return key[:-1]

    def _array(self, path: Path) -> list[Any]:
        made: list[Any] = []
        opened = self._at
        self._at += 1
        while (next_ := self._peek()) != "]":
            if not next_:
                self._stop("a '[' that is never closed", opened)
            made.append(self._value((*path, len(made))))
            self._comma("]")
        self._at += 1
        return made

    def _comma(self, closing: str) -> None:
        end = self._at
        next_ = self._peek()
        if next_ == ",":
            comma = self._at
            self._at += 1
            if self._peek() == closing:
                self._note(f"a ',' before '{closing}': take it away", comma)
        elif next_ not in (closing, ""):
            if next_ in "}]":
                self._stop(f"'{next_}' where '{closing}' is due")
            self._note("a ',' is missing here", end)
