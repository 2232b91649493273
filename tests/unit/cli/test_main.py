"""Words, help, exit codes, and everything that goes wrong before a policy is even read."""

import errno
import fcntl
import io
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from nncp_agent.cli.words import VERBS
from tests.unit.cli.command import nncp


def test_help_names_every_verb_and_fits_a_terminal() -> None:
    result = nncp("--help")
    assert result.code == 0
    assert result.err == ""
    for verb, summary in VERBS.items():
        assert f"  {verb:<12} {summary}\n" in result.out


@pytest.mark.parametrize("verb", [[], *([verb] for verb in VERBS)])
def test_help_is_as_wide_as_the_terminal(verb: list[str]) -> None:
    for columns in ("80", "120"):
        lines = nncp(*verb, "--help", environ={"COLUMNS": columns}).out.splitlines()
        assert max(map(len, lines)) <= int(columns)
    narrow = nncp(*verb, "--help", environ={"COLUMNS": "40"}).out.split("examples:")[0]
    assert "\n  -q, --quiet" in narrow


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_a_help_with_examples(verb: str) -> None:
    result = nncp(verb, "--help")
    assert result.code == 0
    assert result.out.startswith(f"usage: nncp {verb} ")
    assert f"nncp {verb}" in result.out.split("everywhere:")[1]
    assert nncp("help-me", verb).code == 2


def test_help_and_version_are_words_and_options() -> None:
    assert nncp("help") == nncp("--help")
    assert nncp("help", "show") == nncp("show", "--help")
    assert nncp("help", "shwo").err == "nncp: no verb 'shwo': did you mean show?\nTry nncp --help\n"
    assert nncp("--version") == nncp("version")


def test_no_words_at_all_are_answered_with_the_help() -> None:
    result = nncp()
    assert (result.code, result.out) == (2, "")
    assert "nncp VERB --help" in result.err
    assert nncp("-v") == result


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["aply"], "nncp: no verb 'aply': did you mean apply?\nTry nncp --help\n"),
        (["xyzzy"], "nncp: no verb 'xyzzy'\nTry nncp --help\n"),
        (["-x"], "nncp: unrecognized arguments: -x\nTry nncp --help\n"),
        (["--frobnicate", "show"], "nncp: unrecognized arguments: --frobnicate\nTry nncp --help\n"),
        (["show", "-o", "xml"], "nncp show: argument -o/--output: invalid choice: 'xml'"),
        (["apply", "--timeout", "-3", "x"], "nncp apply: argument --timeout: '-3': wanted a number of seconds"),
        (["apply", "--timeout", "x", "x"], "nncp apply: argument --timeout: 'x': wanted a number of seconds"),
        (["history", "first"], "nncp history: argument N: invalid int value: 'first'"),
        (["diff", "one"], "nncp diff: the following arguments are required: B"),
        (["draft", "b", "--vlan", "9999"], "nncp draft: argument --vlan: '9999': VLAN ids go from 1 to 4094"),
        (["draft", "b", "--vlan", "x"], "nncp draft: argument --vlan: 'x': wanted a VLAN id or a range"),
        (
            ["draft", "b", "--address", "192.0.2.1"],
            "nncp draft: argument --address: '192.0.2.1': wanted a prefix length",
        ),
        (["draft", "b", "--option", "x"], "nncp draft: argument --option: 'x': wanted KEY=VALUE"),
        (["completion", "tcsh"], "nncp completion: argument shell: invalid choice: 'tcsh'"),
    ],
)
def test_words_that_make_no_command_are_answered_with_what_to_type(argv: list[str], message: str) -> None:
    result = nncp(*argv)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(message)


def test_global_options_stand_before_or_after_the_verb(tmp_path: Path) -> None:
    for argv in (["-q", "--state-dir", str(tmp_path), "history"], ["history", "--state-dir", str(tmp_path), "-q"]):
        result = nncp(*argv)
        assert (result.code, result.out, result.err) == (0, "", "")
    assert nncp("history", "--state-dir", str(tmp_path)).err == "nothing was applied yet\n"
    assert nncp("history", environ={"NNCP_STATE_DIR": str(tmp_path)}).err == "nothing was applied yet\n"


@pytest.mark.parametrize("verb", ["apply", "commit", "rollback", "restore"])
def test_who_may_not_change_the_network_is_told_before_anything_is_tried(verb: str) -> None:
    result = nncp(verb, may_configure=False)
    assert (result.code, result.out) == (2, "")
    assert result.err == (
        f"error: nncp {verb}: changing the network needs root (CAP_NET_ADMIN): try sudo nncp {verb}\n"
    )


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    assert nncp("validate", "no/such.yaml").err == "error: no/such.yaml: cannot read it: No such file or directory\n"
    directory = nncp("validate", str(tmp_path))
    assert directory.code == 2
    assert directory.err == f"error: {tmp_path}: a directory: name its files, as in {tmp_path}/*.yaml\n"
    assert nncp("validate", "a\0b").code == 2
    assert nncp("validate", terminal=True).err == "error: nncp validate: no FILE, and nothing on stdin\n"


def test_all_files_that_are_no_documents_are_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\x7fELF\x02\xff")
    (tmp_path / "empty.yaml").write_text("# nothing yet\n")
    (tmp_path / "tab.yaml").write_text("a:\n\tb: 1\n")
    paths = [str(tmp_path / name) for name in ("binary", "empty.yaml", "tab.yaml")]
    result = nncp("validate", *paths, "-", stdin=b"a: 1\na: 2\n")
    assert (result.code, result.out) == (3, "")
    assert result.err.splitlines() == [
        f"error: {paths[0]}:1: not UTF-8 text (byte 0xff)",
        f"error: {paths[1]}: empty: wanted a policy or a network state",
        f"error: {paths[2]}:2: not YAML: a tab cannot indent: use blanks",
        "error: stdin:2: key 'a' stands twice, first in line 1",
        "4 problems; nothing was changed",
    ]


def test_more_problems_than_anybody_reads_are_counted() -> None:
    result = nncp("validate", stdin=b"interfaces:\n" + b"".join(b"- {name: e%d, mtuu: 5}\n" % n for n in range(3000)))
    assert result.code == 3
    assert result.err.splitlines()[-3:] == [
        "error: stdin:201: e199: mtuu: unknown key; did you mean 'mtu'?",
        "error: and 2800 more problems",
        "3000 problems; nothing was changed",
    ]


class Full(io.StringIO):
    """/dev/full, or a pipe without a reader."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number

    def flush(self) -> None:
        raise OSError(self._number, "said the kernel")


@pytest.mark.parametrize(("number", "code"), [(errno.EPIPE, 141), (errno.ENOSPC, 1)])
def test_a_result_nobody_can_take_is_no_traceback(number: int, code: int) -> None:
    err = io.StringIO()
    result = nncp("version", stdout=Full(number), stderr=err)
    assert result.code == code
    assert err.getvalue() == ("" if number == errno.EPIPE else "error: cannot write the result: said the kernel\n")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_leaves_half_way_is_noticed(unbuffered: str) -> None:
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    command = [sys.executable, "-m", "nncp_agent.cli", "draft", "eth1", "--vlan", "1-200"]
    environ = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    with subprocess.Popen(command, stdout=writing, stderr=subprocess.PIPE, env=environ) as process:
        os.close(writing)
        os.read(reading, 1)
        os.close(reading)
        assert process.communicate() == (None, b"")
    assert process.returncode == 141


class Impatient:
    """A user with a finger on ^C."""

    def overview(self, protocols: Any, also: Any) -> Any:
        raise KeyboardInterrupt


def test_control_c_ends_a_command_in_one_line() -> None:
    result = nncp("show", kernel=Impatient())
    assert (result.code, result.out, result.err) == (130, "", "error: interrupted\n")


def test_control_c_in_a_real_process_is_no_traceback(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "policy.yaml")
    command = [sys.executable, "-m", "nncp_agent", "validate", str(tmp_path / "policy.yaml")]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process,
        open(tmp_path / "policy.yaml", "w"),  # which waits until the command reads it
    ):
        process.send_signal(signal.SIGINT)
        assert process.communicate() == (b"", b"error: interrupted\n")
    assert process.returncode == 130


def test_control_c_while_the_command_still_loads_just_ends_it() -> None:
    asked = "import nncp_agent.__main__, signal; print(signal.getsignal(signal.SIGINT) is signal.SIG_DFL)"
    assert subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True).stdout == "True\n"


def test_version_says_which_kernel() -> None:
    result = nncp("version")
    assert result.code == 0
    assert result.out.startswith("nncp ")
    assert len(result.out.splitlines()) == 2
