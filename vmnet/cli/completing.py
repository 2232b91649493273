"""The verb that teaches a shell the words of `vmnet`."""

from __future__ import annotations

from netkernel import completion
from netkernel.completion import words
from netkernel.completion.words import Program
from vmnet.cli import parser
from vmnet.cli.call import Call


def run(call: Call) -> int:
    call.stdout.write(completion.script(call.options.shell, program()))
    return 0


def program() -> Program:
    parsers = parser.parsers()
    return Program("vmnet", tuple(words.verb(verb, help, parsers[verb]) for verb, help in parser.VERBS.items()))
