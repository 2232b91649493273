"""Completion scripts for bash and zsh, made from the parsers themselves."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from nncp_agent.cli.parser import VERBS, verb_parser

TAKES_LINKS = ("show", "draft")
"""Verbs whose plain words are interfaces; those of the others are files."""

BASH = """\
# bash completion for nncp
_nncp() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}} verb= each
    for each in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
        case $each in {verbs}) verb=$each; break ;; esac
    done
    case $verb:$before in
        *:--state-dir) COMPREPLY=($(compgen -d -- "$word")); return ;;
{choices}
    esac
    case $verb:$word in
        :*) COMPREPLY=($(compgen -W "{words}" -- "$word")) ;;
{options}
        {links}) COMPREPLY=($(compgen -W "$(ls /sys/class/net)" -- "$word")) ;;
        *) COMPREPLY=($(compgen -f -- "$word")) ;;
    esac
}}
complete -o filenames -F _nncp nncp
"""

ZSH = """\
#compdef nncp
# zsh completion for nncp
_nncp() {{
    local verb=${{words[(r)({verbs})]}}
    case $verb in
{cases}
        *) local -a verbs=(
{summaries}
            )
            _describe verb verbs ;;
    esac
}}
compdef _nncp nncp
"""


def script(shell: str) -> str:
    """The script for `bash` or `zsh`."""
    return _bash() if shell == "bash" else _zsh()


def _actions(verb: str) -> Iterator[argparse.Action]:
    yield from verb_parser(verb)._actions  # argparse has no public way to list them


def _bash() -> str:
    options, choices = [], []
    for verb in VERBS:
        flags = " ".join(flag for action in _actions(verb) for flag in action.option_strings if flag.startswith("--"))
        options.append(f'        {verb}:-*) COMPREPLY=($(compgen -W "{flags}" -- "$word")) ;;')
        for action in _actions(verb):
            if action.choices and action.option_strings:
                before = "|".join(f"{verb}:{flag}" for flag in action.option_strings)
                choices.append(f"        {before}) {_reply(action)} ;;")
            elif action.choices:
                options.append(f"        {verb}:*) {_reply(action)} ;;")
    return BASH.format(
        verbs="|".join(VERBS),
        words=" ".join(VERBS),
        choices="\n".join(choices),
        options="\n".join(options),
        links="|".join(f"{verb}:*" for verb in TAKES_LINKS),
    )


def _reply(action: argparse.Action) -> str:
    words = " ".join(map(str, action.choices or ()))
    return f'COMPREPLY=($(compgen -W "{words}" -- "$word")); return'


def _zsh() -> str:
    cases = []
    for verb in VERBS:
        specs = [spec for action in _actions(verb) for spec in _zsh_specs(action)]
        rest = "'*:interface:_net_interfaces'" if verb in TAKES_LINKS else "'*:file:_files'"
        specs += [rest] if not any(spec.startswith("':") for spec in specs) else []
        cases.append(f"        {verb}) shift words; (( CURRENT-- )); _arguments " + " ".join(specs) + " ;;")
    summaries = "\n".join(f"            {_quoted(f'{verb}:{summary}')}" for verb, summary in VERBS.items())
    return ZSH.format(verbs="|".join(VERBS), cases="\n".join(cases), summaries=summaries)


def _zsh_specs(action: argparse.Action) -> Iterator[str]:
    words = f"({' '.join(map(str, action.choices))})" if action.choices else ""
    if not action.option_strings:
        yield from [_quoted(f":{action.dest}:{words}")] if words else []
        return
    for flag in action.option_strings:
        value = "" if action.nargs == 0 else f":{action.dest}:{words or '_files' * (action.dest == 'state_dir')}"
        repeats = "*" if type(action).__name__ == "_AppendAction" else ""
        yield _quoted(f"{repeats}{flag}[{(action.help or '').replace('[', '(').replace(']', ')')}]{value}")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
