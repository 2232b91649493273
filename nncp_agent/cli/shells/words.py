"""What can be typed after each verb, as the parsers know it: what all shells' scripts are made from."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from enum import Enum, auto
from typing import Final, NamedTuple

from nncp_agent.cli.parser import Parser, verb_parser
from nncp_agent.cli.words import VERBS


class Takes(Enum):
    """What a word stands for that has no fixed choices."""

    LINK = auto()
    LINKS = auto()  # with commas between them
    FILE = auto()
    DIRECTORY = auto()
    ANYTHING = auto()  # a number, an address: nothing to offer


Values = Takes | tuple[str, ...]
"""What to offer: names of some sort, or one of these words."""

_BY_METAVAR: Final[Mapping[object, Takes]] = {
    "NAME": Takes.LINK, "NAME,…": Takes.LINKS, "FILE": Takes.FILE, "A": Takes.FILE, "B": Takes.FILE,
    "DIR": Takes.DIRECTORY,
}  # fmt: skip


class Option(NamedTuple):
    """One option. `values` is None where it takes none."""

    flags: tuple[str, ...]
    help: str
    values: Values | None
    repeats: bool


class Verb(NamedTuple):
    """One verb. `options` are its own; `values` its plain words, None where it takes none.

    `actions` are what its first word may be where others follow.
    """

    name: str
    summary: str
    options: tuple[Option, ...]
    values: Values | None
    actions: tuple[str, ...] = ()


def verbs() -> tuple[Verb, ...]:
    """All of them, in the order of the help."""
    return tuple(_verb(name, summary) for name, summary in VERBS.items())


def common() -> tuple[Option, ...]:
    """The options of every verb, which may stand before it too."""
    parser = Parser("nncp", 100)
    parser.add_common()
    return tuple(_options(parser))


def _verb(name: str, summary: str) -> Verb:
    parser, shared = verb_parser(name), common()
    plain = [_values(action) for action in parser._get_positional_actions()]
    own = tuple(option for option in _options(parser) if option not in shared)
    if len(plain) > 1 and isinstance(plain[0], tuple):
        return Verb(name, summary, own, plain[1], plain[0])
    return Verb(name, summary, own, plain[0] if plain else None)


def _options(parser: Parser) -> Iterator[Option]:
    for action in parser._actions:  # argparse has no public way to list them
        if action.option_strings:
            values = None if action.nargs == 0 else _values(action)
            repeats = isinstance(action, argparse._AppendAction | argparse._CountAction)
            yield Option(tuple(action.option_strings), action.help or "", values, repeats)


def _values(action: argparse.Action) -> Values:
    if action.choices:
        return tuple(map(str, action.choices))
    return _BY_METAVAR.get(action.metavar, Takes.ANYTHING)
