"""What can be typed after each verb of a command, as its parsers know it: what all shells' scripts are made from."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Iterator, Mapping
from enum import Enum, auto
from typing import Final, NamedTuple


class Takes(Enum):
    """What a word stands for that has no fixed choices."""

    LINK = auto()
    LINKS = auto()  # with commas between them
    NETNS = auto()  # a network namespace with a name
    FILE = auto()
    DIRECTORY = auto()
    ANYTHING = auto()  # a number, an address: nothing to offer


Values = Takes | tuple[str, ...]
"""What to offer: names of some sort, or one of these words."""

BY_METAVAR: Final[Mapping[object, Takes]] = {
    "NAME": Takes.LINK, "NAME,…": Takes.LINKS, "NETNS": Takes.NETNS, "FILE": Takes.FILE, "A": Takes.FILE,
    "B": Takes.FILE, "DIR": Takes.DIRECTORY,
}  # fmt: skip
"""What the words stand for that help texts have for values."""


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


class Program(NamedTuple):
    """A command, its verbs in the order of its help, and the options of every verb, which may stand before it too."""

    name: str
    verbs: tuple[Verb, ...]
    common: tuple[Option, ...] = ()

    @property
    def with_value(self) -> tuple[str, ...]:
        """The common options that a word follows which is no verb."""
        return tuple(flag for option in self.common if option.values is not None for flag in option.flags)


def verb(name: str, summary: str, parser: argparse.ArgumentParser, common: Collection[Option] = ()) -> Verb:
    """A verb whose words `parser` takes."""
    plain = [_values(action) for action in parser._get_positional_actions()]
    own = tuple(option for option in options(parser) if option not in common)
    if len(plain) > 1 and isinstance(plain[0], tuple):
        return Verb(name, summary, own, plain[1], plain[0])
    return Verb(name, summary, own, plain[0] if plain else None)


def options(parser: argparse.ArgumentParser) -> Iterator[Option]:
    for action in parser._actions:  # argparse has no public way to list them
        if action.option_strings:
            values = None if action.nargs == 0 else _values(action)
            repeats = isinstance(action, argparse._AppendAction | argparse._CountAction)
            yield Option(tuple(action.option_strings), action.help or "", values, repeats)


def _values(action: argparse.Action) -> Values:
    if action.choices:
        return tuple(map(str, action.choices))
    return BY_METAVAR.get(action.metavar, Takes.ANYTHING)
