"""Run on a booted machine: what is claimed of NetworkManager loses no frame, and comes back to it as it was."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from netkernel.managers.network_manager import CLAIMED, DEVICES, PROFILES
from tests.boot.beside import ADDRESSES, ADOPT, OURS, POLICY, held, looks, neighbour, nothing_lost, remember, run, until

CONNECTED = {"bond0": "bond0", "br0": "br0", "eth1": "p1", "eth2": "p2", "eth3": "p3"}


def profiles() -> None:
    """A bond and a bridge as people make them with nmcli."""
    add = ("nmcli", "connection", "add")
    static = {
        name: ("ipv4.method", "manual", "ipv4.addresses", address, "ipv6.method", "disabled")
        for name, address in ADDRESSES.items()
    }
    options = ("bond.options", "mode=active-backup,miimon=100")
    run(*add, "type", "bond", "ifname", "bond0", "con-name", "bond0", *options, *static["bond0"])
    run(*add, "type", "bridge", "ifname", "br0", "con-name", "br0", "bridge.stp", "no", *static["br0"])
    for port, controller, name in (("eth1", "bond0", "p1"), ("eth2", "bond0", "p2"), ("eth3", "br0", "p3")):
        run(*add, "type", "ethernet", "ifname", port, "con-name", name, "master", controller)
    for name in ("bond0", "p1", "p2", "br0", "p3"):
        run("nmcli", "connection", "up", name)


def connected() -> dict[str, str]:
    """What NetworkManager says of our links; "" for one that it does not manage. Nothing while it begins anew."""
    asked = ["nmcli", "-t", "-f", "device,connection", "device"]
    said = subprocess.run(asked, check=False, capture_output=True, text=True).stdout
    lines = [line.split(":") for line in said.splitlines()]
    return {name: profile for name, profile in lines if name in OURS}


def files() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path(PROFILES).iterdir()}


@pytest.fixture(scope="module", autouse=True)
def made() -> None:
    neighbour()
    run("systemctl", "start", "NetworkManager")
    profiles()
    until(lambda: connected() == CONNECTED, "profiles are up")


def ask(directory: Path, policy: dict[str, Any], *words: str) -> subprocess.CompletedProcess[str]:
    (directory / "policy.yaml").write_text(json.dumps(policy))
    command = ["nncp", *words, str(directory / "policy.yaml")]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def test_without_a_claim_it_is_refused_and_nothing_is_touched(tmp_path: Path) -> None:
    before = looks()
    done = ask(tmp_path, POLICY, "apply", "--no-check")
    assert done.returncode == 3
    assert "br0: NetworkManager (profile 'br0', /etc/NetworkManager/system-connections/br0.nmc" in done.stderr
    assert "bond0:" not in done.stderr  # it is as the policy wants it
    assert (looks(), connected()) == (before, CONNECTED)


def test_a_claim_is_planned_adopts_in_place_and_goes_back_without_losing_a_frame(tmp_path: Path) -> None:
    before, kept = looks(), files()
    planned = ask(tmp_path, ADOPT, "plan", "--claim").stdout.splitlines()
    assert planned[0].startswith(f"write {CLAIMED}: ")
    assert planned[-1] == f"restart NetworkManager, which lets go of {', '.join(OURS)}"
    with nothing_lost(tmp_path):
        done = ask(tmp_path, ADOPT, "apply", "--claim", "--no-check", "--no-commit")
        assert (done.returncode, done.stdout.splitlines()) == (0, planned), done.stderr
        assert (looks(), set(connected().values()), held()) == (before, {""}, {})
        run("systemctl", "restart", "NetworkManager")
        until(lambda: connected().keys() == set(OURS), "NetworkManager has found the links")
        assert (looks(), set(connected().values())) == (before, {""})
        assert ask(tmp_path, ADOPT, "plan", "--claim").stdout == ""
    with nothing_lost(tmp_path):
        assert "the host is as it was" in subprocess.run(["nncp", "rollback"], capture_output=True, text=True).stderr
        until(lambda: connected() == CONNECTED, "profiles are up again")
    assert (looks(), files(), Path(CLAIMED).exists()) == (before, kept, False)


@pytest.mark.parametrize("moment", ["its file is written", "NetworkManager is stopped", "it runs without our links"])
def test_an_apply_that_is_killed_in_the_middle_of_a_claim_is_taken_back(tmp_path: Path, moment: str) -> None:
    before, kept = looks(), files()
    running = Path("/proc") / run("systemctl", "show", "-P", "MainPID", "NetworkManager").strip()
    kept_there = Path(DEVICES) / str(before["bond0"][0])
    come = {
        "its file is written": Path(CLAIMED).exists,
        "NetworkManager is stopped": lambda: not running.exists(),
        "it runs without our links": lambda: not (running.exists() or kept_there.exists()),
    }
    (tmp_path / "policy.yaml").write_text(json.dumps(POLICY))
    command = ["nncp", "apply", "--claim", "--no-check", "--no-commit", str(tmp_path / "policy.yaml")]
    with subprocess.Popen(command) as process:
        until(come[moment], moment, pause_s=0.001)
        process.kill()
    until(lambda: not Path(CLAIMED).exists(), "its file is gone")
    until(lambda: subprocess.run(["nmcli", "-t", "device"], capture_output=True).returncode == 0, "it runs")
    until(lambda: connected() == CONNECTED, "profiles are up again")
    assert (looks(), files()) == (before, kept)


def test_going_back_over_a_committed_claim_hands_the_links_back(tmp_path: Path) -> None:
    before, kept = looks(), files()
    assert ask(tmp_path, POLICY, "apply", "--claim", "--no-check").returncode == 0
    assert subprocess.run(["sh", "-c", "nncp show | nncp plan -"], capture_output=True).stdout == b""
    with nothing_lost(tmp_path):
        back = subprocess.run(["nncp", "rollback", "--to", "0", "--no-check"], capture_output=True, text=True)
        assert back.returncode == 0, back.stderr
        until(lambda: connected() == CONNECTED, "profiles are up again")
    assert (looks(), files()) == (before, kept)


def test_a_claim_is_committed_for_the_boot_that_follows(tmp_path: Path) -> None:
    done = ask(tmp_path, ADOPT, "apply", "--claim", "--no-check")
    assert done.returncode == 0, done.stderr
    remember()
    run("systemctl", "enable", "NetworkManager")
