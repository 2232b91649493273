"""Run on a booted machine: what is claimed of systemd-networkd loses no frame, and comes back to it when taken back."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from netkernel.managers.networkd import CLAIMED, FOLDER, drop_in
from tests.boot.beside import (
    ADOPT,
    NETWORKD_FILES,
    OURS,
    POLICY,
    held,
    looks,
    neighbour,
    not_as,
    nothing_lost,
    remember,
    run,
    until,
)

HELD = {name: f"systemd-networkd ({FOLDER}/20-{file}.network)" for name, file in (
    ("bond0", "bond0"), ("br0", "br0"), ("eth1", "bond0-ports"), ("eth2", "bond0-ports"), ("eth3", "br0-ports"),
)}  # fmt: skip


def files() -> dict[str, str]:
    return {str(path): path.read_text() for path in sorted(Path(FOLDER).rglob("*")) if path.is_file()}


@pytest.fixture(scope="module", autouse=True)
def made() -> None:
    neighbour()
    Path(FOLDER).mkdir(parents=True, exist_ok=True)
    for name, text in NETWORKD_FILES.items():
        Path(FOLDER, name).write_text(text)
    for name in ("eth1", "eth2", "eth3"):
        run("ip", "link", "set", name, "down")  # a bond of networkd's takes what is down
    run("systemctl", "start", "systemd-networkd")
    until(lambda: held() == HELD and '"setup"' not in run("networkctl", "list"), "links are set up")
    until(lambda: run("networkctl", "list").count(" configured") == len(OURS), "links are configured")


def ask(directory: Path, policy: object, *words: str) -> subprocess.CompletedProcess[str]:
    (directory / "policy.yaml").write_text(json.dumps(policy))
    command = ["nncp", *words, str(directory / "policy.yaml")]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def test_a_claim_adopts_in_place_without_losing_a_frame_and_goes_back(tmp_path: Path) -> None:
    before, kept = looks(), files()
    assert ask(tmp_path, POLICY, "apply", "--no-check").returncode == 3
    planned = ask(tmp_path, ADOPT, "plan", "--claim").stdout.splitlines()
    assert planned[-1] == f"restart systemd-networkd, which lets go of {', '.join(OURS)}"
    with nothing_lost(tmp_path):
        done = ask(tmp_path, ADOPT, "apply", "--claim", "--no-check", "--no-commit")
        assert (done.returncode, done.stdout.splitlines()) == (0, planned), done.stderr
        assert (looks(), held()) == (before, {})
        run("systemctl", "restart", "systemd-networkd")
        run("networkctl", "reload")
        assert (looks(), held()) == (before, {})
        assert Path(CLAIMED).exists() and Path(drop_in("bond0.netdev")).exists()
    back = subprocess.run(["nncp", "rollback"], check=False, capture_output=True, text=True)
    assert "the host is as it was" in back.stderr
    assert (looks(), held(), files()) == (before, HELD, kept)
    assert [path.name for path in Path(FOLDER).iterdir() if path.is_dir()] == []


@pytest.mark.parametrize("moment", ["its file is written", "it is restarted"])
def test_an_apply_that_is_killed_in_the_middle_of_a_claim_is_taken_back(tmp_path: Path, moment: str) -> None:
    before, kept = looks(), files()
    running = Path("/proc") / run("systemctl", "show", "-P", "MainPID", "systemd-networkd").strip()
    come = {"its file is written": Path(CLAIMED).exists, "it is restarted": lambda: not running.exists()}
    (tmp_path / "policy.yaml").write_text(json.dumps(POLICY))
    command = ["nncp", "apply", "--claim", "--no-check", "--no-commit", str(tmp_path / "policy.yaml")]
    with subprocess.Popen(command) as process:
        until(come[moment], moment, pause_s=0.001)
        process.kill()
    until(lambda: not Path(CLAIMED).exists(), "its file is gone")
    until(lambda: (looks(), held(), files()) == (before, HELD, kept), lambda: not_as(before))
    outcomes = [line.split()[2:4] for line in run("nncp", "history").splitlines()[1:]]
    assert outcomes[-1] == ["rolled", "back"], outcomes


def test_a_claim_is_committed_for_the_boot_that_follows(tmp_path: Path) -> None:
    done = ask(tmp_path, ADOPT, "apply", "--claim", "--no-check")
    assert done.returncode == 0, done.stderr
    remember()
    run("systemctl", "enable", "systemd-networkd")
