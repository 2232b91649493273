"""Completion scripts, run by the shells themselves."""

import shutil
import subprocess

import pytest

from nncp_agent.cli.parser import VERBS
from tests.unit.cli.command import nncp


def complete(*words: str) -> list[str]:
    """What bash would offer for the last of `words`."""
    script = nncp("completion", "bash").out
    line = " ".join(f"'{word}'" for word in words)
    ask = f"COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _nncp; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    done = subprocess.run(["bash", "-c", f"{script}\n{ask}"], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["nncp", "ro"], ["rollback"]),
        (["nncp", "-v", "com"], ["commit", "completion"]),
        (["nncp", "show", "-o", "t"], ["table", "tree"]),
        (["nncp", "show", "--output", "y"], ["yaml"]),
        (["nncp", "apply", "--no-c"], ["--no-commit", "--no-check"]),
        (["nncp", "draft", "bond1", "--mode", "bal"], ["balance-rr", "balance-xor", "balance-tlb", "balance-alb"]),
        (["nncp", "completion", "z"], ["zsh"]),
        (["nncp", "show", "l"], ["lo"]),
        (["nncp", "--state-dir", "/pro"], ["/proc"]),
        (["nncp", "plan", "pyproj"], ["pyproject.toml"]),
    ],
)
def test_bash_offers_what_fits(words: list[str], offered: list[str]) -> None:
    assert complete(*words) == offered


def test_bash_offers_every_verb() -> None:
    assert sorted(complete("nncp", "")) == sorted(VERBS)


def test_the_zsh_script_names_every_verb_and_option() -> None:
    script = nncp("completion", "zsh").out
    assert script.startswith("#compdef nncp\n")
    for verb, summary in VERBS.items():
        assert f"'{verb}:{summary}'" in script.replace("'\\''", "")
    assert "--no-commit[" in script
    if zsh := shutil.which("zsh"):
        subprocess.run([zsh, "-n", "-c", script], check=True)
