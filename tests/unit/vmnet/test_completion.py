"""Completion scripts of `vmnet`: that of bash is run by bash, all are held against the parsers."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from netkernel.completion import SHELLS
from tests.unit.vmnet.test_cli import run
from vmnet.cli import completing, parser


def complete(*words: str, folder: Path | None = None) -> list[str]:
    """What bash would offer for the last of `words`."""
    _, script, _ = run("completion", "bash")
    line = " ".join(f"'{word}'" for word in words)
    ask = f"COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _vmnet; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    done = subprocess.run(["bash", "-c", f"{script}\n{ask}"], capture_output=True, text=True, check=True, cwd=folder)
    assert done.stderr == ""
    return [line for line in done.stdout.splitlines() if line]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["vmnet", "do"], ["domain-xml", "doctor"]),
        (["vmnet", "status", "-o", ""], ["table", "yaml", "json"]),
        (["vmnet", "status", "vm.yaml", "--w"], ["--watch"]),
        (["vmnet", "setup", "--v"], ["--verbose"]),
        (["vmnet", "validate", "--v"], []),
        (["vmnet", "doctor", "--wait", ""], []),
        (["vmnet", "completion", ""], list(SHELLS)),
        (["vmnet", "setup", "--primary", "l"], ["lo"]),
        (["vmnet", "teardown", "--state-dir", "/pro"], ["/proc"]),
        (["vmnet", "check", ""], []),
    ],
)
def test_bash_offers_what_fits(words: list[str], offered: list[str]) -> None:
    assert sorted(complete(*words)) == sorted(offered)


def test_bash_offers_every_verb_and_files(tmp_path: Path) -> None:
    (tmp_path / "my vm.yaml").touch()
    assert sorted(complete("vmnet", "")) == sorted(parser.VERBS)
    assert complete("vmnet", "setup", "my", folder=tmp_path) == ["my vm.yaml"]


@pytest.mark.parametrize("shell", SHELLS)
def test_every_script_names_every_verb_and_option(shell: str) -> None:
    code, script, _ = run("completion", shell)
    assert code == 0
    for verb in completing.program().verbs:
        assert verb.name in script
        for flag in (flag for option in verb.options for flag in option.flags if flag.startswith("--")):
            assert flag in script or f"-l {flag[2:]} " in script


def test_every_option_says_what_it_is_for() -> None:
    assert [option for verb in completing.program().verbs for option in verb.options if not option.help] == []
