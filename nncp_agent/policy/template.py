"""Templates in a document: `{{ capture.uplink.interfaces.0.name }}` becomes what it stands for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from nncp_agent.policy.evaluator import MOST_VALUES, size
from nncp_agent.policy.lexer import Faulty
from nncp_agent.policy.parser import Reference, reference

OPEN: Final = "{{"
CLOSE: Final = "}}"
DEEPEST: Final = 128
"""Levels of a document; one that was read from text has fewer."""

Place = tuple[str | int, ...]
Value = Callable[[Reference], Any]
"""What a reference stands for. Raises Faulty, or Unknown for what was complained about already."""


class Unknown(Exception):
    """It stands for something that could not be found out, which has been said already."""


class Piece(NamedTuple):
    """One template in a text: from `start` to `end`, and where what is inside begins."""

    start: int
    end: int
    inside: str
    at: int


class Templates:
    """Fills in one tree after another; `problem` hears what is wrong where, `told` what became of which template.

    `unknown` hears where one stands that was complained about already.
    """

    def __init__(
        self,
        value: Value,
        problem: Callable[[Place, str, Faulty], None],
        unknown: Callable[[Place], None],
        told: Callable[[str, Any], None],
        strict: bool,
    ) -> None:
        self._value = value
        self._problem = problem
        self._unknown = unknown
        self._told = told
        self._strict = strict
        self._left = MOST_VALUES

    def filled(self, tree: Any, place: Place) -> Any:
        """The tree with every template replaced. What has none in it is the same object."""
        if isinstance(tree, str):
            return self._text(tree, place) if OPEN in tree else tree
        if not isinstance(tree, dict | list) or not tree:
            return tree
        if len(place) > DEEPEST:
            self._problem(place, "", Faulty(f"nested deeper than {DEEPEST} levels", 0))
            return None
        if isinstance(tree, list):
            items = [self.filled(each, (*place, position)) for position, each in enumerate(tree)]
            return items if any(new is not old for new, old in zip(items, tree, strict=True)) else tree
        values = {key: self.filled(each, (*place, key)) for key, each in tree.items()}
        return values if any(values[key] is not each for key, each in tree.items()) else tree

    def _text(self, text: str, place: Place) -> Any:
        try:
            found = list(pieces(text))
            if not self._strict:
                found = [piece for piece in found if piece.inside.split(".")[0].strip() in ("capture", "node")]
            if len(found) == 1 and found[0].start == 0 and found[0].end == len(text):
                return self._one(found[0])
            return self._joined(text, found)
        except Faulty as error:
            self._problem(place, text, error)
        except Unknown:
            self._unknown(place)
        return None

    def _joined(self, text: str, found: list[Piece]) -> str:
        """Text with templates among it; each must stand for text or a number."""
        words, end = [], 0
        for piece in found:
            value = self._one(piece)
            if isinstance(value, Mapping | list | tuple) or value is None:
                what = "a mapping" if isinstance(value, Mapping) else "nothing" if value is None else "a list"
                begin = piece.at + len(piece.inside) - len(piece.inside.lstrip())
                raise Faulty(f"stands for {what}: only text can be part of a text", begin)
            words += [text[end : piece.start], str(value).lower() if isinstance(value, bool) else str(value)]
            end = piece.end
        return "".join([*words, text[end:]])

    def _one(self, piece: Piece) -> Any:
        try:
            value = self._value(reference(piece.inside))
        except Faulty as error:
            raise Faulty(error.message, error.at + piece.at) from None
        self._left -= size(value, self._left)
        if self._left < 0:
            raise Faulty(f"with this the templates make more than {MOST_VALUES} values", piece.at)
        self._told(piece.inside.strip(), value)
        return value


def pieces(text: str) -> Iterator[Piece]:
    """Every template of a text. Raises Faulty for one without an end."""
    at = text.find(OPEN)
    while at >= 0:
        end = text.find(CLOSE, at)
        if end < 0:
            raise Faulty(f"a {OPEN} without its {CLOSE}", at)
        inside = text[at + len(OPEN) : end]
        yield Piece(at, end + len(CLOSE), inside, at + len(OPEN))
        at = text.find(OPEN, end)
