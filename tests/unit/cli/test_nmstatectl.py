"""`nncp` called nmstatectl: its verbs, flags, output and exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.command import NODE, Result, Still, nncp

HERE = {"kernel": Still(NODE), "called": "nmstatectl"}


def nmstatectl(*argv: str, **others: Any) -> Result:
    return nncp(*argv, **{**HERE, **others})


def test_show_is_yaml_of_everything_also_on_a_terminal() -> None:
    shown = nmstatectl("show", terminal=True)
    assert shown.out == nmstatectl("s", "-k").out == nncp("show", "-o", "yaml", kernel=Still(NODE)).out


def test_show_of_one_interface_has_its_routes_and_of_an_unknown_one_nothing() -> None:
    state = json.loads(nmstatectl("show", "--json", "bond0").out)
    assert [each["name"] for each in state["interfaces"]] == ["bond0"]
    assert [each["destination"] for each in state["routes"]["config"]] == ["0.0.0.0/0"]
    unknown = nmstatectl("show", "nosuch")
    assert unknown.code == 0
    assert [line for line in unknown.out.splitlines() if not line.endswith((":", "[]"))] == []


def test_the_running_config_has_nothing_that_can_only_be_looked_at() -> None:
    for state in (nmstatectl("show", "-r", "--json"), nncp("show", "-r", "--json", kernel=Still(NODE))):
        found = json.loads(state.out)
        assert "running" not in found["routes"]
        assert all("max-mtu" not in each for each in found["interfaces"])


@pytest.mark.parametrize(
    ("argv", "stdin", "code"),
    [
        (("shw",), b"", 64),
        ((), b"", 64),
        (("show", "--nosuch"), b"", 64),
        (("format",), b"a: [", 65),
        (("apply",), b"a: [", 65),
        (("apply", "-"), b"interfaces: [{name: eth2, mtu: many}]", 1),
        (("apply", "/nosuch.yml"), b"", 64),
        (("edit", "nosuch"), b"", 65),
        (("gr", "-"), b"interfaces: []", 0),
        (("service", "-c", "/nosuch"), b"", 0),
    ],
)
def test_exit_codes_are_those_of_nmstatectl(argv: tuple[str, ...], stdin: bytes, code: int, tmp_path: Path) -> None:
    assert nmstatectl(*argv, stdin=stdin, state_dir=tmp_path).code == code


@pytest.mark.parametrize(("argv", "code"), [(("format",), 3), (("edit", "nosuch"), 3)])
def test_nncp_keeps_its_own_exit_codes(argv: tuple[str, ...], code: int, tmp_path: Path) -> None:
    assert nncp(*argv, stdin=b"a: [", kernel=Still(NODE), state_dir=tmp_path).code == code


def test_set_is_apply_and_said_to_be_old(tmp_path: Path) -> None:
    done = nmstatectl("-v", "set", stdin=b"interfaces: [{name: eth2, mtu: 1500}]", state_dir=tmp_path)
    assert done.code == 0
    assert done.err.startswith("Using 'set' is deprecated, use 'apply' instead.\n")
    assert done.out == "{}\n"


def test_a_verb_that_is_none_is_said_in_the_words_of_nmstatectl() -> None:
    done = nmstatectl("shw")
    assert done.err == "nmstatectl: error: invalid choice: 'shw': did you mean show?\n"
    assert nmstatectl("show", "--nosuch").err.startswith("nmstatectl show: unrecognized arguments: --nosuch")


def test_files_are_applied_one_after_the_other_until_one_fails(tmp_path: Path) -> None:
    same, wrong = tmp_path / "same.yml", tmp_path / "wrong.yml"
    same.write_text("interfaces: [{name: eth2, type: ethernet, mtu: 1500}]")
    wrong.write_text("interfaces: [{name: eth2, mtu: many}]")
    done = nmstatectl("apply", str(same), str(wrong), str(same), state_dir=tmp_path / "state")
    assert (done.code, done.out) == (1, "{}\n")
    assert done.err.startswith(f"error: {wrong}:1: eth2: mtu: found 'many'")


def test_version_is_one_line() -> None:
    assert nmstatectl("--version").out == nmstatectl("version").out
    assert nmstatectl("version").out.startswith("nmstatectl ")


def test_the_name_of_the_symlink_counts(tmp_path: Path) -> None:
    link = tmp_path / "nmstatectl"
    link.write_text("from nncp_agent.__main__ import command\ncommand()\n")
    done = subprocess.run(
        [sys.executable, link, "version"], capture_output=True, text=True, env={"PYTHONPATH": os.getcwd()}
    )
    assert done.stdout.startswith("nmstatectl ")
