"""An expression into its words, each with the place where it stands."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

LONGEST: Final = 4096
"""Characters of one expression; the longest in nmstate's own examples has ninety."""

_SKIPPED: Final = re.compile(r"\s*")
_WORD: Final = re.compile(r"(?:[^\s\"'|=:{}]|:(?!=))+")
_OPERATORS: Final = ("==", ":=", "|")


class Faulty(Exception):
    """An expression that says nothing, or not here: what is wrong with it, and at which character, counted from 0."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.message = message
        self.at = at


class Token(NamedTuple):
    """`kind` is an operator, "word", "text" (was in quotes) or "end"."""

    kind: str
    text: str
    at: int


def tokens(expression: str) -> list[Token]:
    """The words of an expression and its end. Raises Faulty."""
    if len(expression) > LONGEST:
        raise Faulty(f"{len(expression)} characters, wanted at most {LONGEST}", 0)
    found: list[Token] = []
    at = _after_blanks(expression, 0)
    while at < len(expression):
        token, at = _next(expression, at)
        found.append(token)
        at = _after_blanks(expression, at)
    return [*found, Token("end", "", len(expression.rstrip()))]


def _after_blanks(expression: str, at: int) -> int:
    match = _SKIPPED.match(expression, at)
    return match.end() if match else at


def _next(expression: str, at: int) -> tuple[Token, int]:
    for operator in _OPERATORS:
        if expression.startswith(operator, at):
            return Token(operator, operator, at), at + len(operator)
    if (first := expression[at]) in "\"'":
        return _quoted(expression, at, first)
    if word := _WORD.match(expression, at):
        return Token("word", word[0], at), word.end()
    meant = {"=": "wanted == to compare or := to replace", ":": "wanted := to replace"}
    raise Faulty(f"found '{first}', {meant.get(first, 'which means nothing here: put the value in quotes')}", at)


def _quoted(expression: str, start: int, quote: str) -> tuple[Token, int]:
    """Text up to the same quote; a backslash takes what follows it as it is."""
    text: list[str] = []
    at = start + 1
    while at < len(expression):
        char = expression[at]
        if char == quote:
            return Token("text", "".join(text), start), at + 1
        if char == "\\" and at + 1 < len(expression):
            at += 1
            char = expression[at]
        text.append(char)
        at += 1
    raise Faulty(f"a {quote} that is never closed", start)
