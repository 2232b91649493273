"""The script for zsh: to be sourced, or to lie in a folder of $fpath as `_<command>`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from netkernel.completion.words import Option, Program, Takes, Values, Verb

SCRIPT: Final = """\
#compdef {name}
# zsh completion for {name}
_{name}() {{
    local at
    for (( at = 2; at < CURRENT; at++ )); do
        case $words[at] in
{passed}            {names}) break ;;
        esac
    done
    if (( at >= CURRENT )); then
        local -a verbs=(
{summaries}
        )
        if [[ $PREFIX == -* {asked}]]; then
            _arguments {common}
        else
            _describe verb verbs
        fi
        return
    fi
    words=("${{(@)words[at,-1]}}")
    (( CURRENT -= at - 1 ))
    case $words[1] in
{cases}
    esac
}}
if [[ $funcstack[1] == _{name} ]]; then _{name} "$@"; else compdef _{name} {name}; fi
"""
_OFFERS: Final = {
    Takes.LINK: "_net_interfaces",
    Takes.LINKS: "_sequence _net_interfaces",
    Takes.NETNS: "($(ls /run/netns 2>/dev/null))",
    Takes.FILE: "_files",
    Takes.DIRECTORY: "_files -/",
    Takes.ANYTHING: " ",
}


def script(program: Program) -> str:
    """What `source` takes."""
    every, common = program.verbs, program.common
    return SCRIPT.format(
        name=program.name,
        passed="".join(f"            {flag}) (( at++ )) ;;\n" for flag in program.with_value),
        asked="".join(f"|| $words[CURRENT-1] == {flag} " for flag in program.with_value),
        names="|".join(verb.name for verb in every),
        summaries="\n".join(f"            {_quoted(f'{verb.name}:{verb.summary}')}" for verb in every),
        common=" ".join(spec for option in common for spec in _specs(option)),
        cases="\n".join(f"        {verb.name}) _arguments {' '.join(_arguments(verb, common))} ;;" for verb in every),
    )


def _arguments(verb: Verb, common: Iterable[Option]) -> Iterator[str]:
    for option in (*verb.options, *common):
        yield from _specs(option)
    if verb.actions:
        yield _quoted(f"1:action:{_offer(verb.actions)}")
    if verb.values is not None:
        yield _quoted(f"*:{verb.name}:{_offer(verb.values)}")


def _specs(option: Option) -> Iterator[str]:
    """One for each spelling; each excludes the others unless it may be repeated."""
    before = "*" if option.repeats else f"({' '.join(option.flags)})" if len(option.flags) > 1 else ""
    text = option.help.replace("[", "(").replace("]", ")").replace(":", "\\:")
    value = "" if option.values is None else f":{option.flags[-1].lstrip('-')}:{_offer(option.values)}"
    for flag in option.flags:
        sign = "=" if value and flag.startswith("--") else ""  # --output=json as well as --output json
        yield _quoted(f"{before}{flag}{sign}[{text}]{value}")


def _offer(values: Values) -> str:
    return _OFFERS[values] if isinstance(values, Takes) else f"({' '.join(values)})"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
