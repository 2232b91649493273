"""Run on a booted machine with ifupdown or ifupdown2: what is claimed loses no frame, and goes back when taken back."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from signal import SIGKILL

import pytest

from netkernel.managers.ifupdown import STATE, STATE2
from tests.boot.beside import ADOPT, POLICY, held, looks, neighbour, nothing_lost, remember, run, until

FILE = "/etc/network/interfaces.d/lab"
STANZAS = """\
auto bond0 br0
iface bond0 inet static
    address 192.0.2.10/24
    bond-slaves eth1 eth2
    bond-mode active-backup
    bond-miimon 100

iface br0 inet static
    address 198.51.100.10/24
    bridge_ports eth3
    bridge_stp off
    bridge_fd 0
"""
_TRIES = 20
"""On a busy machine the apply may have come to its end before it is killed."""
IS_SECOND = Path("/usr/share/ifupdown2").exists()
HELD = {
    name: f"ifupdown2 (iface {name}, {FILE})" if IS_SECOND else f"ifupdown (iface {name})" for name in ("bond0", "br0")
}


def files() -> dict[str, bytes]:
    return {path: Path(path).read_bytes() for path in (FILE, STATE, STATE2) if Path(path).exists()}


@pytest.fixture(scope="module", autouse=True)
def made() -> None:
    neighbour()
    Path(FILE).write_text(STANZAS)
    for name in ("eth1", "eth2"):
        run("ip", "link", "set", name, "down")  # a bond takes what is down
    run("systemctl", "start", "networking")
    until(lambda: held() == HELD, "links are set up")
    until(lambda: all(map(has_link_local, ("bond0", "br0"))), "link-local addresses, which come by and by")


def has_link_local(name: str) -> bool:
    return "fe80" in run("ip", "-6", "addr", "show", "dev", name, "scope", "link", "-tentative")


def ask(directory: Path, policy: object, *words: str) -> subprocess.CompletedProcess[str]:
    (directory / "policy.yaml").write_text(json.dumps(policy))
    command = ["nncp", *words, str(directory / "policy.yaml")]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def test_a_claim_adopts_in_place_without_losing_a_frame_and_goes_back(tmp_path: Path) -> None:
    before, kept = looks(), files()
    refused = ask(tmp_path, POLICY, "apply", "--no-check")
    assert refused.returncode == 3 and f"br0: {HELD['br0']} holds this link" in refused.stderr, refused.stderr
    planned = ask(tmp_path, ADOPT, "plan", "--claim").stdout.splitlines()
    assert planned[-1] == f"write {FILE}: -auto bond0 br0; +# nncp: auto bond0 br0"
    with nothing_lost(tmp_path):
        done = ask(tmp_path, ADOPT, "apply", "--claim", "--no-check", "--no-commit")
        assert (done.returncode, done.stdout.splitlines()) == (0, planned), done.stderr
        assert (looks(), held()) == (before, {})
        run("ifup", "-a")
        run("systemctl", "restart", "networking")
        assert (looks(), held()) == (before, {})
    back = subprocess.run(["nncp", "rollback"], check=False, capture_output=True, text=True)
    assert "the host is as it was" in back.stderr, back.stderr
    assert (looks(), held(), files()) == (before, HELD, kept)
    run("systemctl", "restart", "networking")  # it has them in its hands again
    assert {name: seen for name, (_, seen) in looks().items()} == {name: seen for name, (_, seen) in before.items()}


@pytest.mark.parametrize("moment", ["its file is written", "the bridge is changed"])
def test_an_apply_that_is_killed_in_the_middle_of_a_claim_is_taken_back(tmp_path: Path, moment: str) -> None:
    before, kept = looks(), files()
    come = {
        "its file is written": lambda: b"# nncp:" in Path(FILE).read_bytes(),
        "the bridge is changed": lambda: Path("/sys/class/net/br0/mtu").read_text() == "1400\n",
    }
    (tmp_path / "policy.yaml").write_text(json.dumps(POLICY))
    for _ in range(_TRIES):
        command = ["nncp", "apply", "--claim", "--no-check", "--no-commit", "-q", str(tmp_path / "policy.yaml")]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            until(come[moment], moment, pause_s=0.001)
            process.kill()
        if process.returncode:
            break
        run("nncp", "rollback")
    assert process.returncode == -SIGKILL, f"never killed in time, {_TRIES} times"
    until(lambda: files() == kept, "files are as they were")
    until(lambda: looks() == before, "links are as they were")
    assert held() == HELD


def test_a_claim_is_committed_for_the_boot_that_follows(tmp_path: Path) -> None:
    done = ask(tmp_path, ADOPT, "apply", "--claim", "--no-check")
    assert done.returncode == 0, done.stderr
    remember()
    run("systemctl", "enable", "networking")
