"""Completion scripts: that of bash is run by bash; those of zsh and fish are held against the parsers."""

import subprocess
from pathlib import Path

import pytest

from netkernel.completion import SHELLS
from nncp_agent.cli.shells import verbs
from nncp_agent.cli.words import VERBS
from tests.unit.cli.command import nncp


def complete(*words: str, folder: Path | None = None) -> list[str]:
    """What bash would offer for the last of `words`."""
    script = nncp("completion", "bash").out
    line = " ".join(f"'{word}'" for word in words)
    ask = f"COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _nncp; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    done = subprocess.run(["bash", "-c", f"{script}\n{ask}"], capture_output=True, text=True, check=True, cwd=folder)
    assert done.stderr == ""
    return [line for line in done.stdout.splitlines() if line]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["nncp", "ro"], ["rollback"]),
        (["nncp", "-v", "com"], ["commit", "completion"]),
        (["nncp", "--q"], ["--quiet"]),
        (["nncp", "--state-dir", "show", "sh"], ["show"]),
        (["nncp", "show", "-o", "t"], ["table", "tree"]),
        (["nncp", "show", "--output", "y"], ["yaml"]),
        (["nncp", "show", "--output", "=", "y"], ["yaml"]),
        (["nncp", "show", "--output", "="], ["table", "yaml", "json", "tree", "svg"]),
        (["nncp", "show", "--find", ""], []),
        (["nncp", "apply", "--no-c"], ["--no-commit", "--no-check"]),
        (["nncp", "apply", "--timeout", ""], []),
        (["nncp", "draft", "bond1", "--mode", "bal"], ["balance-rr", "balance-xor", "balance-tlb", "balance-alb"]),
        (["nncp", "draft", "bond1", "--ports", "l"], ["lo"]),
        (["nncp", "draft", "bond1", "--ports", "eth7,l"], ["eth7,lo"]),
        (["nncp", "completion", ""], list(SHELLS)),
        (["nncp", "version", ""], []),
        (["nncp", "commit", ""], []),
        (["nncp", "show", "l"], ["lo"]),
        (["nncp", "--state-dir", "/pro"], ["/proc"]),
        (["nncp", "plan", "pyproj"], ["pyproject.toml"]),
    ],
)
def test_bash_offers_what_fits(words: list[str], offered: list[str]) -> None:
    assert complete(*words) == offered


def test_bash_offers_every_verb() -> None:
    assert sorted(complete("nncp", "")) == sorted(VERBS)


def test_a_file_is_one_word_whatever_it_is_called(tmp_path: Path) -> None:
    (tmp_path / "my bond.yaml").touch()
    assert complete("nncp", "apply", "my", folder=tmp_path) == ["my bond.yaml"]


@pytest.mark.parametrize("shell", SHELLS)
def test_every_script_names_every_verb_and_option(shell: str) -> None:
    script = nncp("completion", shell).out
    for verb in verbs():
        assert verb.name in script
        for flag in (flag for option in verb.options for flag in option.flags if flag.startswith("--")):
            assert flag in script or f"-l {flag[2:]} " in script


@pytest.mark.parametrize(
    ("shell", "lines"),
    [
        (
            "zsh",
            [
                "            'commit:keep what `apply --no-commit` changed'\n",
                "'(-o --output)--output=[table, yaml, json, tree or svg]:output:(table yaml json tree svg)'",
                "'--ports=[make NAME a bond of these]:ports:_sequence _net_interfaces'",
                "'*:show:_net_interfaces'",
                "'--policy=[the policy'\\''s name]:policy: '",
            ],
        ),
        (
            "fish",
            [
                "\ncomplete -c nncp -n __fish_use_subcommand -a commit -d 'keep what `apply --no-commit` changed'\n",
                "from show' -s o -l output -x -a 'table yaml json tree svg' -d 'table, yaml, json, tree or svg'\n",
                "from apply' -l timeout -x -d ",
                "from apply' -F\n",
                "-l policy -x -d 'the policy\\'s name'\n",
            ],
        ),
    ],
)
def test_a_script_says_what_each_word_stands_for(shell: str, lines: list[str]) -> None:
    script = nncp("completion", shell).out
    assert [line for line in lines if line not in script] == []
