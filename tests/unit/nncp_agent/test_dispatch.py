"""Dispatch scripts: which are due after a change, how they run, and who may have none."""

from __future__ import annotations

from pathlib import Path

import pytest

from netkernel.ops import CreateLink, DeleteLink, SetLink
from nncp_agent.committed import commit
from nncp_agent.dispatch import Due, due, refused, run
from nncp_agent.model import NetworkState
from nncp_agent.observe import notes
from nncp_agent.shown import Note
from tests.fake_kernel import FakeKernel
from tests.host_text import policy
from tests.unit.cli.command import NODE, nncp

BOTH = Note(dispatch={"post-activation": "a", "post-deactivation": "d"})
UP = SetLink("eth1", "", new={"up": True}, old={"up": False})


def test_what_came_up_and_what_went_down_have_their_scripts() -> None:
    made = CreateLink("d1", "dummy", {"up": True})
    assert due([made, UP], {"eth1": BOTH}, {"eth1": BOTH, "d1": BOTH}) == [Due("eth1", "up", "a"), Due("d1", "up", "a")]
    assert due([DeleteLink("d1", "dummy")], {"d1": BOTH}, {}) == [Due("d1", "down", "d")]
    assert due([UP.inverse()], {"eth1": BOTH}, {"eth1": BOTH}) == [Due("eth1", "down", "d")]


def test_a_new_script_runs_though_nothing_else_changes_and_an_old_one_does_not() -> None:
    assert due([], {}, {"eth1": BOTH}) == [Due("eth1", "up", "a")]
    assert due([], {"eth1": BOTH}, {"eth1": BOTH}) == []
    assert due([], {}, {"eth1": Note(dispatch={"post-activation": "a"}, is_up=False)}) == []


def test_scripts_get_the_name_and_the_action_and_what_fails_is_said(tmp_path: Path) -> None:
    said: list[str] = []
    out = tmp_path / "out"
    run([Due("eth1", "up", f'echo "$1 $2" >{out}'), Due("eth2", "down", "echo broken >&2; exit 3")], said.append)
    assert out.read_text() == "eth1 up\n"
    assert said == ["eth2: dispatch script for down ended with 3: broken"]
    run([Due("eth1", "up", "exec tail -f /dev/null")], said.append, longest_s=0.2)
    assert said[1:] == ["eth1: dispatch script for up: not done after 0.2 s, ended"]


def test_empty_text_takes_a_script_away_and_the_other_stays() -> None:
    first = policy("interfaces: [{name: eth1, dispatch: {post-activation: a, post-deactivation: d}}]")
    both = commit(NetworkState(), first)
    one = commit(both, policy('interfaces: [{name: eth1, dispatch: {post-activation: ""}}]'))
    assert notes(one)["eth1"].dispatch == {"post-deactivation": "d"}
    none = commit(one, policy('interfaces: [{name: eth1, dispatch: {post-deactivation: ""}}]'))
    assert notes(none)["eth1"].dispatch == {}


def test_only_the_command_line_may_have_scripts() -> None:
    (problem,) = refused(policy("interfaces: [{name: eth1, dispatch: {post-activation: reboot}}, {name: eth2}]"))
    assert str(problem) == "eth1: dispatch: scripts are run by the command line only: nncp apply"
    assert refused(policy('interfaces: [{name: eth1, dispatch: {post-activation: ""}}]')) == []


@pytest.mark.parametrize("again", [False, True])
def test_an_apply_runs_them_and_shows_them_and_once_is_enough(tmp_path: Path, again: bool) -> None:
    text = f"interfaces: [{{name: eth2, mtu: 1500, dispatch: {{post-activation: 'echo $1 >>{tmp_path}/ran'}}}}]"
    kernel = FakeKernel(NODE)
    for _ in range(1 + again):
        assert nncp("apply", stdin=text.encode(), kernel=kernel, state_dir=tmp_path / "state").code == 0
    assert (tmp_path / "ran").read_text() == "eth2\n"


def test_what_is_remembered_is_shown(tmp_path: Path) -> None:
    from tests.unit.cli.command import Still

    text = b"interfaces: [{name: eth2, mtu: 1500, dispatch: {post-activation: 'true'}}]"
    nncp("apply", stdin=text, kernel=FakeKernel(NODE), state_dir=tmp_path)
    shown = nncp("show", "eth2", kernel=Still(NODE), state_dir=tmp_path).out
    assert '  dispatch:\n    post-activation: "true"\n' in shown
    assert nncp("plan", "-", stdin=shown.encode(), kernel=Still(NODE), state_dir=tmp_path).out == ""
