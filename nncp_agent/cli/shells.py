"""What completion scripts of `nncp` are made of: its verbs and their options, as the parsers know them."""

from __future__ import annotations

from netkernel.completion import words
from netkernel.completion.words import Option, Program, Verb
from nncp_agent.cli.parser import Parser, verb_parser
from nncp_agent.cli.words import VERBS


def program() -> Program:
    return Program("nncp", verbs(), common())


def verbs() -> tuple[Verb, ...]:
    """All of them, in the order of the help."""
    shared = common()
    return tuple(words.verb(name, summary, verb_parser(name), shared) for name, summary in VERBS.items())


def common() -> tuple[Option, ...]:
    """The options of every verb, which may stand before it too."""
    parser = Parser("nncp", 100)
    parser.add_common()
    return tuple(words.options(parser))
