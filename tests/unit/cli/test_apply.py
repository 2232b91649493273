"""`nncp apply`, `commit`, `rollback`, `history`: what is said, and with which code they end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Any

import pytest

from lab.demo.by_hand import TYPOS
from netkernel.frozen import replace
from nncp_agent.checkpoint import Checkpoint
from nncp_agent.options import Options
from nncp_agent.store import Store
from tests.fake_kernel import FakeKernel
from tests.unit.cli.command import NODE, Result, nncp

POLICY = b"""\
apiVersion: nmstate.io/v1
kind: NodeNetworkConfigurationPolicy
metadata: {name: storage}
spec:
  desiredState:
    interfaces:
    - name: eth2.93
      type: vlan
      state: up
      vlan: {base-iface: eth2, id: 93}
"""


@contextmanager
def unguarded(store: Store, point: Checkpoint, namespace: str | None) -> Iterator[None]:
    yield


def seams(options: Options) -> Options:
    return replace(options, guard=unguarded, resolv_conf="/dev/null")


def run(kernel: FakeKernel, state_dir: Path, *argv: str, stdin: bytes = b"", **others: Any) -> Result:
    return nncp(*argv, kernel=kernel, state_dir=state_dir, stdin=stdin, adapt=seams, **others)


def apply(kernel: FakeKernel, state_dir: Path, *argv: str, stdin: bytes = POLICY) -> Result:
    return run(kernel, state_dir, "apply", "--no-check", *argv, stdin=stdin)


def test_an_apply_prints_what_plan_printed(tmp_path: Path) -> None:
    kernel = FakeKernel(NODE)
    planned = run(kernel, tmp_path, "plan", stdin=POLICY)
    applied = apply(kernel, tmp_path)
    assert (applied.code, applied.out) == (0, planned.out)
    assert "apply 1 of `nncp history`" in applied.err
    assert "eth2.93" in kernel.snapshot().links


def test_a_second_apply_has_nothing_to_do(tmp_path: Path) -> None:
    kernel = FakeKernel(NODE)
    apply(kernel, tmp_path)
    again = apply(kernel, tmp_path)
    assert (again.code, again.out, again.err) == (0, "", "nothing to do: the host is as wanted\n")


def test_a_refusal_of_the_kernel_ends_with_1_and_the_host_as_it_was(tmp_path: Path) -> None:
    kernel = FakeKernel(NODE, refuse_at=0)
    result = apply(kernel, tmp_path)
    assert (result.code, result.out) == (1, "")
    assert result.err.startswith("error: ")
    assert "refused" in result.err
    assert result.err.endswith("the host is as it was\n")
    assert kernel.snapshot() == NODE


def test_an_uncommitted_apply_says_how_it_ends_and_can_be_kept(tmp_path: Path) -> None:
    kernel = FakeKernel(NODE)
    result = apply(kernel, tmp_path, "--no-commit", "--timeout", "300")
    assert result.code == 0
    assert "not committed: `nncp commit` keeps it, `nncp rollback` takes it back" in result.err
    assert "in 300 s" in result.err
    busy = apply(kernel, tmp_path)
    assert (busy.code, busy.out) == (1, "")
    assert "waits: `nncp commit` keeps it" in busy.err
    assert busy.err.endswith("\nnothing was changed\n")
    planned = run(kernel, tmp_path, "plan", stdin=POLICY)
    assert (planned.code, planned.out) == (0, "")
    assert planned.err.startswith("note: checkpoint ") and "waits: `nncp commit` keeps it" in planned.err
    assert run(kernel, tmp_path, "commit", "20200101-nonsense").code == 1
    kept = run(kernel, tmp_path, "commit")
    assert (kept.code, kept.out) == (0, "")
    assert kept.err.startswith("committed: checkpoint ")
    assert run(kernel, tmp_path, "plan", stdin=POLICY).err == ""
    assert run(kernel, tmp_path, "commit").err == "error: no checkpoint is pending\n"


@pytest.mark.parametrize("verb", ["apply", "plan", "validate"])
def test_what_is_misspelt_and_what_the_host_shows_are_in_one_report(verb: str, tmp_path: Path) -> None:
    kernel = FakeKernel(NODE)
    result = run(kernel, tmp_path, verb, stdin=TYPOS.encode())
    assert (result.code, result.out, kernel.executed) == (3, "", [])
    for words in ("unknown key; did you mean 'miimon'?", "found 4095, wanted 0 to 4094", "lacp_rate: found mode"):
        assert words in result.err
    assert ("eth9 is not on this host" in result.err) == (verb != "validate")
    lines = [int(line.split(":")[2]) for line in result.err.splitlines() if line.startswith("error: stdin:")]
    assert lines == ([12, 12, 13, 16] if verb != "validate" else [12, 12, 16])


def test_an_uncommitted_apply_can_be_taken_back(tmp_path: Path) -> None:
    kernel = FakeKernel(NODE)
    apply(kernel, tmp_path, "--no-commit")
    result = run(kernel, tmp_path, "rollback")
    assert (result.code, result.out) == (0, "")
    assert result.err.endswith("rolled back: the host is as it was\n")
    assert kernel.snapshot() == NODE


def test_history_lists_and_shows_what_was_applied(tmp_path: Path) -> None:
    kernel = FakeKernel(NODE)
    apply(kernel, tmp_path)
    (tmp_path / "gone.yaml").write_text("interfaces: [{name: eth2.93, state: absent}]")
    with chdir(tmp_path):
        apply(kernel, tmp_path, "gone.yaml")
    listed = run(kernel, tmp_path, "history")
    assert listed.code == 0
    header, first, second = listed.out.splitlines()
    assert header.split() == ["N", "WHEN", "OUTCOME", "CHANGES", "TOOK", "WHAT"]
    assert "committed" in first
    assert first.endswith("storage")
    assert second.endswith("nncp apply gone.yaml")
    one = json.loads(run(kernel, tmp_path, "history", "1", "-o", "json").out)
    assert one["plan"][0].startswith("create vlan eth2.93")
    assert run(kernel, tmp_path, "history", "1").out.startswith("number: 1\n")
    missing = run(kernel, tmp_path, "history", "9")
    assert (missing.code, missing.out) == (1, "")
    assert missing.err == "error: history: no entry 9: 1 to 2 are kept\n"


def test_an_earlier_state_comes_back(tmp_path: Path) -> None:
    kernel = FakeKernel(NODE)
    apply(kernel, tmp_path)
    apply(kernel, tmp_path, stdin=b"interfaces: [{name: eth2.93, state: absent}]")
    result = run(kernel, tmp_path, "rollback", "--to", "1", "--no-check")
    assert result.code == 0
    assert "eth2.93" in kernel.snapshot().links
    assert run(kernel, tmp_path, "rollback", "--to", "0", "--no-check").code == 0
    assert "eth2.93" not in kernel.snapshot().links


def test_a_dry_run_says_what_an_apply_would_do_and_does_nothing(tmp_path: Path) -> None:
    kernel = FakeKernel(NODE)
    planned = run(kernel, tmp_path, "plan", stdin=POLICY)
    assert apply(kernel, tmp_path, "--dry-run") == planned
    assert (kernel.executed, list(tmp_path.iterdir())) == ([], [])
    assert planned.out


@pytest.mark.parametrize("way", [["--to", "0"], []])
def test_a_dry_run_says_how_the_way_back_would_be(way: list[str], tmp_path: Path) -> None:
    kernel = FakeKernel(NODE)
    apply(kernel, tmp_path, *([] if way else ["--no-commit"]))
    done = len(kernel.executed)
    foretold = run(kernel, tmp_path, "rollback", *way, "--dry-run", may_configure=False)
    assert (foretold.code, foretold.err, len(kernel.executed)) == (0, "", done)
    assert "delete vlan eth2.93" in foretold.out
    run(kernel, tmp_path, "rollback", *way)
    assert foretold.out.splitlines() == [str(op) for op in kernel.executed[done:]]


def test_a_dry_run_to_where_nothing_leads_back_fails_as_the_way_would(tmp_path: Path) -> None:
    for way in (["--to", "7"], []):
        foretold = run(FakeKernel(NODE), tmp_path, "rollback", *way, "--dry-run")
        real = run(FakeKernel(NODE), tmp_path, "rollback", *way)
        assert (foretold.code, foretold.out) == (real.code, real.out) == (1, "")
        assert foretold.err == real.err.removesuffix("the host is as it was\n")


def test_options_of_an_apply_mean_nothing_to_the_rollback_of_an_uncommitted_one(tmp_path: Path) -> None:
    result = run(FakeKernel(NODE), tmp_path, "rollback", "--no-check", "--timeout", "5")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("error: nncp rollback: --timeout, --no-check goes with --to N")


def test_a_timeout_without_no_commit_is_a_misunderstanding(tmp_path: Path) -> None:
    result = apply(FakeKernel(NODE), tmp_path, "--timeout", "30")
    assert (result.code, result.out) == (2, "")
    assert result.err == "error: --timeout is how long --no-commit waits: give both, or neither\n"


def test_a_check_that_is_no_endpoint_is_refused_before_anything_happens(tmp_path: Path) -> None:
    result = apply(FakeKernel(NODE), tmp_path, "--check", "http://x")
    assert (result.code, result.out) == (2, "")
    assert result.err == "error: check 'http://x': wanted tcp://HOST:PORT\n"


def test_restore_brings_back_what_was_committed(tmp_path: Path) -> None:
    kernel = FakeKernel(NODE)
    apply(kernel, tmp_path)
    after_boot = FakeKernel(NODE)
    result = run(after_boot, tmp_path, "restore")
    assert result.code == 0
    assert "create vlan eth2.93" in result.out
    assert "eth2.93" in after_boot.snapshot().links


def test_verbose_tells_each_stage(tmp_path: Path) -> None:
    assert "verifying" in apply(FakeKernel(NODE), tmp_path, "-v").err
