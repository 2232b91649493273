"""The script for fish: to be sourced, or to lie in ~/.config/fish/completions as `<command>.fish`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from netkernel.completion.words import Option, Program, Takes, Values, Verb

_OFFERS: Final = {
    Takes.LINK: "-x -a '(__fish_print_interfaces)'",
    Takes.LINKS: "-x -a '(__fish_append , (__fish_print_interfaces))'",
    Takes.NETNS: "-x -a '(ls /run/netns 2>/dev/null)'",
    Takes.FILE: "-r -F",
    Takes.DIRECTORY: "-x -a '(__fish_complete_directories)'",
    Takes.ANYTHING: "-x",
}


def script(program: Program) -> str:
    """What `source` takes."""
    return "".join(f"{line}\n" for line in _lines(program))


def _lines(program: Program) -> Iterator[str]:
    name = program.name
    yield f"# fish completion for {name}"
    yield f"complete -c {name} -f"
    yield from (f"complete -c {name} {_option(option)}" for option in program.common)
    for verb in program.verbs:
        yield f"complete -c {name} -n __fish_use_subcommand -a {verb.name} -d {_quoted(verb.summary)}"
    for verb in program.verbs:
        yield from _of_a_verb(name, verb)


def _of_a_verb(program: str, verb: Verb) -> Iterator[str]:
    given = f"complete -c {program} -n '__fish_seen_subcommand_from {verb.name}'"
    yield from (f"{given} {_option(option)}" for option in verb.options)
    if verb.actions:
        yield f"{given} {_offer(verb.actions).removeprefix('-x ')}"
    if verb.values not in (None, Takes.ANYTHING):
        yield f"{given} {_offer(verb.values).removeprefix('-x ').removeprefix('-r ')}"


def _option(option: Option) -> str:
    names = [f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in option.flags]
    values = [] if option.values is None else [_offer(option.values)]
    return " ".join([*names, *values, *([f"-d {_quoted(option.help)}"] if option.help else [])])


def _offer(values: Values | None) -> str:
    return _OFFERS[values] if isinstance(values, Takes) else f"-x -a '{' '.join(values or ())}'"


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
