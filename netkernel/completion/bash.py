"""The script for bash; it does without the bash-completion package."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from netkernel.completion.words import Option, Program, Takes, Values, Verb

SCRIPT: Final = """\
# bash completion for {name}
_{name}_offer() {{ mapfile -t COMPREPLY < <(compgen "$@"); }}
_{name}_links() {{ (cd /sys/class/net && printf '%s\\n' */) 2>/dev/null | tr -d /; }}
_{name}() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} verb= at
    if [[ $word == = ]]; then word=; elif [[ $before == = ]]; then before=${{COMP_WORDS[COMP_CWORD-2]}}; fi
    for ((at = 1; at < COMP_CWORD; at++)); do
        case ${{COMP_WORDS[at]}} in
{passed}            {names}) verb=${{COMP_WORDS[at]}}; break ;;
        esac
    done
    COMPREPLY=()
    case $verb:$before in
{values}
    esac
    case $verb:$word in
        :-*) _{name}_offer -W "{common}" -- "$word" ;;
        :*) _{name}_offer -W "{words}" -- "$word" ;;
{options}
    esac
}}
complete -F _{name} {name}
"""
_OFFERS: Final = {
    Takes.LINK: '_NAME_offer -W "$(_NAME_links)" -- "$word"',
    Takes.LINKS: '_NAME_offer -P "${word%"${word##*,}"}" -W "$(_NAME_links)" -- "${word##*,}"',
    Takes.NETNS: '_NAME_offer -W "$(ls /run/netns 2>/dev/null)" -- "$word"',
    Takes.FILE: 'compopt -o filenames 2>/dev/null; _NAME_offer -f -- "$word"',
    Takes.DIRECTORY: 'compopt -o filenames 2>/dev/null; _NAME_offer -d -- "$word"',
    Takes.ANYTHING: ":",
}


def script(program: Program) -> str:
    """What `source` takes."""
    every, common = program.verbs, program.common
    behind = [_behind("*", option) for option in common]
    behind += [_behind(verb.name, option) for verb in every for option in verb.options]
    values = "\n".join(line for line in behind if line)
    options = "\n".join(_elsewhere(verb, common) for verb in every)
    return SCRIPT.format(
        name=program.name,
        passed="".join(f"            {flag}) ((at++)) ;;\n" for flag in program.with_value),
        names="|".join(verb.name for verb in every),
        words=" ".join(verb.name for verb in every),
        values=values.replace("_NAME_", f"_{program.name}_"),
        common=_long(common),
        options=options.replace("_NAME_", f"_{program.name}_"),
    )


def _behind(verb: str, option: Option) -> str:
    """What to offer behind an option."""
    if option.values is None:
        return ""
    names = "|".join(f"{verb}:{flag}" for flag in option.flags)
    return f"        {names}) {_offer(option.values)}; return ;;"


def _elsewhere(verb: Verb, common: Iterable[Option]) -> str:
    """What to offer anywhere else."""
    options = f'        {verb.name}:-*) _NAME_offer -W "{_long((*verb.options, *common))}" -- "$word" ;;'
    if verb.values is None:
        return options
    first = f"        {verb.name}:*) if [[ $before == {verb.name} ]]; then {_offer(verb.actions)}; else "
    offered = (
        f"{first}{_offer(verb.values)}; fi ;;" if verb.actions else f"        {verb.name}:*) {_offer(verb.values)} ;;"
    )
    return f"{options}\n{offered}"


def _long(options: Iterable[Option]) -> str:
    return " ".join(flag for option in options for flag in option.flags if flag.startswith("--"))


def _offer(values: Values) -> str:
    return _OFFERS[values] if isinstance(values, Takes) else f'_NAME_offer -W "{" ".join(values)}" -- "$word"'
