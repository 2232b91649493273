"""`vmnet` on the command line: what it prints, and what it says to mistakes."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from tests.unit.vmnet.test_manifest import DEMO
from vmnet import cli
from vmnet.cli import parser


def run(*words: str, stdin: str = "") -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    return cli.main(words, out, err, io.StringIO(stdin)), out.getvalue(), err.getvalue()


@pytest.mark.parametrize("verb", parser.VERBS)
def test_each_verb_has_its_help(verb: str) -> None:
    code, out, err = run(verb, "--help")
    assert (code, err) == (0, "")
    assert parser.VERBS[verb][1:10] in out


def test_help_lists_every_verb() -> None:
    _, out, _ = run("--help")
    assert all(verb in out for verb in parser.VERBS)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "the following arguments are required: VERB"), (("setpu",), "invalid choice: 'setpu'"),
        (("setup", "vm.yaml"), "required: --netns"), (("plan", "x", "--netns", "p", "--link", "a"), "wanted NIC=NAME"),
    ],
)  # fmt: skip
def test_mistakes_are_told_in_a_line(words: tuple[str, ...], said: str) -> None:
    code, out, err = run(*words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert said in err


def test_a_manifest_is_read_from_a_file_or_from_standard_input(tmp_path: Path) -> None:
    path = tmp_path / "vm.yaml"
    path.write_text(DEMO)
    assert run("validate", str(path)) == (0, "default/demo-vm: 2 NICs, all well\n", "")
    assert run("validate", "-", stdin=DEMO)[0] == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            DEMO.replace("virtio", "virtoi", 1),
            "error: standard input:13: spec.template.spec.domain.devices.interfaces[0].model",
        ),
        (DEMO.replace("metadata:\n", ""), "error: standard input:3: not YAML"),
        ("", "error: standard input: found no VirtualMachine"),
    ],
)
def test_what_is_wrong_with_it_is_said_with_its_line(text: str, said: str) -> None:
    code, out, err = run("validate", "-", stdin=text)
    assert (code, out) == (3, "")
    assert err.startswith(said)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("validate", "/nonexistent"), "error: /nonexistent: cannot be read: No such file or directory\n"),
        (
            ("teardown", "--netns", "never"),
            "error: /run/netns/never: no such network namespace: No such file or directory\n",
        ),
        (
            ("teardown", "--netns", "4194305"),
            "error: /proc/4194305/ns/net: no such network namespace: No such file or directory\n",
        ),
    ],
)
def test_what_is_not_there_is_no_traceback(words: tuple[str, ...], said: str) -> None:
    assert run(*words) == (1, "", said)
