"""policies, enactments, nodes and wait on what a daemon left below its run directory."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from netkernel.documents import read, yaml_writer
from nncp_agent.objects.conditions import AVAILABLE, FAILED, POLICY_AVAILABLE, POLICY_DEGRADED
from tests.unit.cli.command import Result, nncp
from tests.unit.cli.reported.objects import policy, report, state


def put(folder: Path, name: str, value: Any) -> None:
    """Whole or not there, as the daemon does it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f".{name}").write_text(yaml_writer.write(value))
    (folder / f".{name}").rename(folder / f"{name}.yaml")


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    put(tmp_path / "policies", "bond1", policy("bond1", POLICY_AVAILABLE, "1/1 nodes successfully configured"))
    put(tmp_path / "policies", "br1", policy("br1", POLICY_DEGRADED, "1/1 nodes failed to configure"))
    put(tmp_path / "enactments", "bond1", report("here", "bond1", AVAILABLE))
    put(tmp_path / "enactments", "br1", report("here", "br1", FAILED, "br1: no eth9"))
    put(tmp_path, "state", state("here", "lo", "eth0"))
    return tmp_path


def run(run_dir: Path, *words: str, **more: Any) -> Result:
    return nncp(*words, "--run-dir", str(run_dir), **more)


def test_policies_are_a_table_a_list_or_names(run_dir: Path) -> None:
    assert [line.split()[:2] for line in run(run_dir, "policies").out.splitlines()[1:]] == [
        ["bond1", "Available"],
        ["br1", "Degraded"],
    ]
    assert run(run_dir, "policies", "-o", "name").out == (
        "nodenetworkconfigurationpolicy/bond1\nnodenetworkconfigurationpolicy/br1\n"
    )
    listed = json.loads(run(run_dir, "policies", "br1", "-o", "json").out)
    assert (listed["kind"], [each["metadata"]["name"] for each in listed["items"]]) == ("List", ["br1"])
    (document,) = read(run(run_dir, "policies", "-o", "yaml").out.encode(), "out")
    assert len(document.value["items"]) == 2


def test_a_policy_that_is_not_there_is_said_with_what_is(run_dir: Path) -> None:
    done = run(run_dir, "policies", "bnod1")
    assert (done.code, done.err) == (1, "error: 'bnod1' is not there: did you mean 'bond1'?\n")


def test_enactments_may_be_those_of_some_policies_or_a_node(run_dir: Path) -> None:
    assert "br1: no eth9" in run(run_dir, "enactments").out
    assert "bond1" not in run(run_dir, "enactments", "br1").out
    assert run(run_dir, "enactments", "--of-node", "elsewhere").out == ""


def test_no_daemon_is_not_the_same_as_no_policies(tmp_path: Path) -> None:
    done = run(tmp_path / "none", "policies")
    assert done.code == 1
    assert "no daemon has run on this node; --cluster asks the cluster instead" in done.err
    assert run(tmp_path, "policies").code == 0


def test_a_file_that_is_broken_is_named(run_dir: Path) -> None:
    (run_dir / "enactments" / "odd.yaml").write_text("a: [")
    done = run(run_dir, "enactments")
    assert done.code == 1
    assert "odd.yaml" in done.err


def test_a_wait_ends_at_once_with_what_is_so_already(run_dir: Path) -> None:
    well = run(run_dir, "wait", "bond1")
    assert (well.code, well.out) == (0, "bond1: Available: 1/1 nodes successfully configured\n")
    both = run(run_dir, "wait")
    assert (both.code, both.err) == (1, "error: here: br1: no eth9\n")


def test_a_wait_for_what_does_not_come_says_what_is_missing(run_dir: Path) -> None:
    done = run(run_dir, "wait", "later", "bond1", "--timeout", "0")
    assert (done.code, done.err) == (5, "error: not in 0 s: later\n")


def test_a_wait_hears_of_a_policy_as_soon_as_its_file_is_there(run_dir: Path) -> None:
    put(run_dir / "policies", "later", policy("later"))
    come = policy("later", POLICY_AVAILABLE, "1/1 nodes successfully configured")
    writer = threading.Timer(0.2, put, (run_dir / "policies", "later", come))
    writer.start()
    done = run(run_dir, "wait", "later", "--timeout", "60")
    writer.join()
    assert done.code == 0
    assert done.out.splitlines()[-1] == "later: Available: 1/1 nodes successfully configured"
