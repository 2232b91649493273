"""Run on a booted machine by `test_watchdog_unit`: where there is systemd, the watchdog is a unit of its own."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nncp_agent import checkpoint, history
from nncp_agent.store import NEXT, Store
from tests.faults import raw
from tests.faults.conftest import PATIENCE_S, at_rest, settled, until
from tests.faults.scenes import BOND_BRIDGE_VLAN

CALLER = "caller.service"
WATCHDOGS = "nncp-watchdog-*.service"


@pytest.fixture
def old() -> Iterator[raw.Dump]:
    """The host before, and after the test once more: nothing is left behind."""
    store = Store("/var/lib/nncp-agent")
    before = at_rest()
    yield before
    assert raw.changes(before, settled(before)) == ""
    assert _units(WATCHDOGS) == {}
    assert _units("--failed") == {}
    assert not {checkpoint.NAME, NEXT} & {file.name for file in store.directory.iterdir()}


@pytest.fixture
def store() -> Store:
    return Store("/var/lib/nncp-agent")


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def _units(*pattern: str) -> dict[str, str]:
    """Name and state of the units that systemd still knows."""
    return {
        unit["unit"]: unit["active"] for unit in json.loads(_run("systemctl", "list-units", "-o", "json", *pattern))
    }


def _applied(tmp_path: Path, *words: str) -> None:
    """By a service, which leaves something running in its cgroup."""
    policy = tmp_path / "policy.json"
    policy.write_text(json.dumps(BOND_BRIDGE_VLAN.policy))
    apply = f"sleep inf & exec nncp -q apply --no-check --no-commit {' '.join(words)} {policy}"
    _run("systemd-run", "-q", f"--unit={CALLER}", "--service-type=oneshot", "--remain-after-exit", "sh", "-c", apply)


def _watchdog() -> tuple[str, int]:
    """The unit and its process, which stays in the unit's own cgroup."""
    [unit] = _units(WATCHDOGS)
    pid = _main_pid(unit)
    assert Path(f"/proc/{pid}/cgroup").read_text() == f"0::/system.slice/{unit}\n"
    return unit, os.pidfd_open(pid)


def _main_pid(unit: str) -> int:
    return int(_run("systemctl", "show", "--value", "-p", "MainPID", unit))


def _is_over(watchdog: tuple[str, int]) -> None:
    """Its process has ended, and systemd has forgotten the unit."""
    ended = select.poll()
    ended.register(watchdog[1])
    assert ended.poll(PATIENCE_S * 1000)
    os.close(watchdog[1])
    _is_gone(watchdog[0])


def _is_gone(unit: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while _units("--all", unit):
        assert time.monotonic() < deadline, _run("systemctl", "status", unit)


def _stop() -> None:
    _run("systemctl", "stop", CALLER)


def test_the_host_goes_back_at_the_deadline_when_all_that_the_caller_started_was_killed(
    old: raw.Dump, store: Store, tmp_path: Path
) -> None:
    _applied(tmp_path, "--timeout", "12")
    watchdog = _watchdog()
    Path("/sys/fs/cgroup/system.slice", CALLER, "cgroup.kill").write_text("1")
    _is_over(watchdog)
    _stop()
    last = history.entries(store)[-1]
    assert (last.outcome, last.error) == (history.ROLLED_BACK, "nobody committed it in time")


def test_a_rollback_by_another_process_ends_the_unit(old: raw.Dump, store: Store, tmp_path: Path) -> None:
    _applied(tmp_path)
    watchdog = _watchdog()
    _stop()
    assert raw.changes(old, raw.dump()) != ""
    _run("systemd-run", "-q", "--wait", "-p", "Environment=PATH=/usr/local/bin:/usr/bin:/bin", "nncp", "rollback")
    _is_over(watchdog)
    assert history.entries(store)[-1].outcome == history.ROLLED_BACK


def test_a_watchdog_that_was_killed_comes_back_and_keeps_the_deadline(
    old: raw.Dump, store: Store, tmp_path: Path
) -> None:
    _applied(tmp_path, "--timeout", "12")
    unit, process = _watchdog()
    _stop()
    signal.pidfd_send_signal(process, signal.SIGKILL)
    until(store, lambda: checkpoint.read(store) is None, "the second watchdog")
    os.close(process)
    _is_gone(unit)
    assert history.entries(store)[-1].error == "nobody committed it in time"


def test_an_apply_killed_half_way_is_taken_back_at_once(old: raw.Dump, store: Store) -> None:
    wreck = [
        sys.executable,
        "-m",
        "tests.faults.wreck",
        str(store.directory),
        BOND_BRIDGE_VLAN.name,
        "14",
    ]
    done = subprocess.run(
        ["systemd-run", "-q", "--wait", "--collect", "--pipe", f"--working-directory={Path.cwd()}", *wreck],
        stdout=subprocess.PIPE,
        text=True,
    )
    steps = done.stdout.splitlines()
    assert len([step for step in steps if step.startswith("op ")]) > 3
    until(store, lambda: checkpoint.read(store) is None, f"the watchdog after {steps[-1]}")


def test_a_commit_by_another_process_ends_the_unit_and_the_change_stays(store: Store, tmp_path: Path) -> None:
    _applied(tmp_path)
    watchdog = _watchdog()
    new = at_rest()
    _run("systemd-run", "-q", "--wait", "-p", "Environment=PATH=/usr/local/bin:/usr/bin:/bin", "nncp", "commit")
    _is_over(watchdog)
    _stop()
    assert raw.changes(new, settled(new)) == ""
    assert store.committed().interfaces
    assert (_units(WATCHDOGS), _units("--failed")) == ({}, {})
