"""The script for bash; it does without the bash-completion package."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from nncp_agent.cli.shells.words import Option, Takes, Values, Verb, common, verbs

SCRIPT: Final = """\
# bash completion for nncp
_nncp_offer() {{ mapfile -t COMPREPLY < <(compgen "$@"); }}
_nncp_links() {{ (cd /sys/class/net && printf '%s\\n' */) 2>/dev/null | tr -d /; }}
_nncp() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} verb= at
    if [[ $word == = ]]; then word=; elif [[ $before == = ]]; then before=${{COMP_WORDS[COMP_CWORD-2]}}; fi
    for ((at = 1; at < COMP_CWORD; at++)); do
        case ${{COMP_WORDS[at]}} in
            --state-dir) ((at++)) ;;
            {names}) verb=${{COMP_WORDS[at]}}; break ;;
        esac
    done
    COMPREPLY=()
    case $verb:$before in
{values}
    esac
    case $verb:$word in
        :-*) _nncp_offer -W "{common}" -- "$word" ;;
        :*) _nncp_offer -W "{words}" -- "$word" ;;
{options}
    esac
}}
complete -F _nncp nncp
"""
_OFFERS: Final = {
    Takes.LINK: '_nncp_offer -W "$(_nncp_links)" -- "$word"',
    Takes.LINKS: '_nncp_offer -P "${word%"${word##*,}"}" -W "$(_nncp_links)" -- "${word##*,}"',
    Takes.FILE: 'compopt -o filenames 2>/dev/null; _nncp_offer -f -- "$word"',
    Takes.DIRECTORY: 'compopt -o filenames 2>/dev/null; _nncp_offer -d -- "$word"',
    Takes.ANYTHING: ":",
}


def script() -> str:
    """What `source` takes."""
    every = verbs()
    behind = [_behind("*", option) for option in common()]
    behind += [_behind(verb.name, option) for verb in every for option in verb.options]
    return SCRIPT.format(
        names="|".join(verb.name for verb in every),
        words=" ".join(verb.name for verb in every),
        values="\n".join(line for line in behind if line),
        common=_long(common()),
        options="\n".join(_elsewhere(verb) for verb in every),
    )


def _behind(verb: str, option: Option) -> str:
    """What to offer behind an option."""
    if option.values is None:
        return ""
    names = "|".join(f"{verb}:{flag}" for flag in option.flags)
    return f"        {names}) {_offer(option.values)}; return ;;"


def _elsewhere(verb: Verb) -> str:
    """What to offer anywhere else."""
    options = f'        {verb.name}:-*) _nncp_offer -W "{_long((*verb.options, *common()))}" -- "$word" ;;'
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
    return _OFFERS[values] if isinstance(values, Takes) else f'_nncp_offer -W "{" ".join(values)}" -- "$word"'
