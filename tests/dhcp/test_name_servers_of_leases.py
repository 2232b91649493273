"""Name servers of a lease: running while it lasts, never config, whatever policies, undo and the history do beside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.dhcp.segment import DEADLINE_S, RANGE, Segment

pytestmark = pytest.mark.needs_kernel("veth", "bridge")

ROOT = Path(__file__).resolve().parents[2]
MINE = "# mine\noptions timeout:2\nnameserver 198.51.100.1\n"
DHCP = {"name": "eth1", "type": "ethernet", "state": "up", "ipv4": {"enabled": True, "dhcp": True}}
STATIC = {"dns-resolver": {"config": {"server": ["198.51.100.7"], "search": ["static.example"]}}}
LENT = {"server": ["192.0.2.53", "192.0.2.54"], "search": ["a.example"]}

Nncp = Callable[..., str]


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    """The files of a host of our own."""
    folder = tmp_path / "root/etc"
    folder.mkdir(parents=True)
    (folder / "resolv.conf").write_text(MINE)
    return folder


@pytest.fixture
def nncp(segment: Segment, state: Path, etc: Path) -> Nncp:
    """The command on a segment whose server gives names."""
    names = ("dns-server,192.0.2.53,192.0.2.54", "domain-search,a.example")
    segment.server("192.0.2.1/24", *RANGE, *(f"--dhcp-option=option:{each}" for each in names)).start()
    return command(state, etc)


def command(state: Path, etc: Path) -> Nncp:
    """`nncp`, whose host has the files beside `etc`."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "NNCP_STATE_DIR": str(state), "NNCP_ROOT": str(etc.parent)}

    def run(*words: str, given: Any = None, code: int = 0) -> str:
        command, text = [sys.executable, "-m", "nncp_agent.cli", *words], json.dumps(given)
        done = subprocess.run(command, env=environ, input=text, capture_output=True, text=True)
        assert done.returncode == code, done.stderr
        return done.stdout

    return run


def names(nncp: Nncp) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(nncp("show", "-o", "json"))["dns-resolver"]
    return found


def running(nncp: Nncp, server: list[str]) -> dict[str, Any]:
    """The section, as soon as these servers are asked."""
    deadline = time.monotonic() + DEADLINE_S
    while (found := names(nncp))["running"].get("server") != server:
        assert time.monotonic() < deadline, found
    return found


def test_they_are_running_and_not_config_and_go_when_dhcp_does(nncp: Nncp, etc: Path) -> None:
    nncp("apply", "--no-check", "-", given={"interfaces": [DHCP]})
    found = running(nncp, ["198.51.100.1", *LENT["server"]])
    assert found["running"]["search"] == ["a.example"]
    assert found["config"] == {"server": ["198.51.100.1"], "search": [], "options": ["timeout:2"]}
    assert nncp("plan", "-", given=json.loads(nncp("show", "-o", "json"))) == ""
    nncp("apply", "--no-check", "-", given={"interfaces": [{**DHCP, "ipv4": {"enabled": True, "dhcp": False}}]})
    assert (etc / "resolv.conf").read_text() == MINE


def test_nobody_wants_them_with_auto_dns_false(nncp: Nncp, etc: Path) -> None:
    nncp("apply", "--no-check", "-", given={"interfaces": [DHCP]})
    running(nncp, ["198.51.100.1", *LENT["server"]])
    nncp("apply", "--no-check", "-", given={"interfaces": [{**DHCP, "ipv4": {"dhcp": True, "auto-dns": False}}]})
    running(nncp, ["198.51.100.1"])
    assert (etc / "resolv.conf").read_text() == MINE


def test_undo_and_history_leave_them_beside_what_was_configured(nncp: Nncp, etc: Path) -> None:
    nncp("apply", "--no-check", "-", given={"interfaces": [DHCP]})
    running(nncp, ["198.51.100.1", *LENT["server"]])
    held = (etc / "resolv.conf").read_text()
    nncp("apply", "--no-check", "--no-commit", "-", given=STATIC)
    assert running(nncp, ["198.51.100.7", *LENT["server"]])["config"]["server"] == ["198.51.100.7"]
    nncp("rollback")
    assert (etc / "resolv.conf").read_text() == held
    nncp("apply", "--no-check", "-", given={**STATIC, "interfaces": [{**DHCP, "ipv4": {"enabled": False}}]})
    assert names(nncp)["running"]["server"] == ["198.51.100.7"]
    nncp("rollback", "--to", "1")
    assert running(nncp, ["198.51.100.1", *LENT["server"]])["config"]["server"] == ["198.51.100.1"]


def test_a_file_that_a_policy_writes_while_a_lease_lasts_keeps_all_of_it(nncp: Nncp, etc: Path) -> None:
    """Also what the policy states as well, once it does so no more."""
    nncp("apply", "--no-check", "-", given={"interfaces": [DHCP]})
    running(nncp, ["198.51.100.1", *LENT["server"]])
    nncp("apply", "--no-check", "-", given={"dns-resolver": {"config": {"server": LENT["server"][:1]}}})
    assert running(nncp, LENT["server"])["config"]["server"] == LENT["server"][:1]
    nncp("apply", "--no-check", "-", given={"dns-resolver": {"config": {"server": ["198.51.100.1"]}}})
    running(nncp, ["198.51.100.1", *LENT["server"]])
