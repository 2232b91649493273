"""Run on a booted machine that has NetworkManager and systemd-networkd: who holds which link, by their own word."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from netkernel.kernel import LinuxKernel
from nncp_agent.managers import Holder, holders

NETWORKD_FILE = Path("/etc/systemd/network/50-eth2.network")
NM = "NetworkManager (profile 'uplink', /etc/NetworkManager/system-connections/uplink.nmconnection)"
NM_TRYING = "NetworkManager"
NETWORKD = f"systemd-networkd ({NETWORKD_FILE})"


def run(*words: str) -> str:
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def found() -> dict[str, Holder]:
    with LinuxKernel() as kernel:
        return holders(kernel.snapshot().links)


def until(condition: Callable[[], bool], limit_s: float = 120) -> None:
    """Managers work in their own time and tell nobody when they are done."""
    deadline = time.monotonic() + limit_s
    with LinuxKernel() as kernel:
        while not condition():
            assert time.monotonic() < deadline, f"not within {limit_s} s; held: {found()}"
            kernel.wait(0.2)


@pytest.fixture(scope="module", autouse=True)
def managers() -> Iterator[None]:
    """NetworkManager has a profile for eth1, networkd a file for eth2; for eth3 NetworkManager tries one of its own."""
    NETWORKD_FILE.parent.mkdir(parents=True, exist_ok=True)
    NETWORKD_FILE.write_text("[Match]\nName=eth2\n[Network]\nAddress=198.51.100.10/24\n")
    run("systemctl", "start", "NetworkManager", "systemd-networkd")
    run(
        *("nmcli", "connection", "add", "type", "ethernet", "ifname", "eth1", "con-name", "uplink"),
        *("ipv4.method", "manual", "ipv4.addresses", "192.0.2.10/24", "ipv6.method", "disabled"),
    )
    run("nmcli", "connection", "up", "uplink")
    until(lambda: [*map(str, found().values())] == [NETWORKD, NM, NM_TRYING])
    yield


def test_each_manager_is_named_with_what_it_applies() -> None:
    assert {name: str(holder) for name, holder in found().items()} == {"eth1": NM, "eth2": NETWORKD, "eth3": NM_TRYING}


def test_a_plan_is_refused_and_the_table_shows_who_it_is(tmp_path: Path) -> None:
    policy = tmp_path / "mtu.yaml"
    policy.write_text("interfaces: [{name: eth1, mtu: 1400}, {name: eth2, mtu: 1400}, {name: eth3, mtu: 1400}]\n")
    for verb in ("plan", "apply"):
        done = subprocess.run(["nncp", verb, str(policy)], check=False, capture_output=True, text=True)
        assert (done.returncode, done.stdout) == (3, "")
        assert [line.partition(" holds")[0] for line in done.stderr.splitlines() if " holds this link" in line] == [
            f"error: {policy}:1: {name}: {holder}"
            for name, holder in (("eth1", NM), ("eth2", NETWORKD), ("eth3", NM_TRYING))
        ]
    mtus = [link["mtu"] for link in json.loads(run("ip", "-j", "link")) if link["ifname"] in ("eth1", "eth2", "eth3")]
    assert mtus == [1500] * 3
    table = {line.split()[0]: line for line in run("nncp", "show", "-o", "table").splitlines() if line.strip()}
    assert "NetworkManager" in table["eth1"]
    assert "systemd-networkd" in table["eth2"]
    assert "Manager" not in table["far1"]


def test_what_is_said_to_let_go_of_a_link_lets_go_of_it_and_keeps_its_addresses() -> None:
    before = run("ip", "-br", "addr")
    for holder in found().values():
        subprocess.run(["sh", "-ec", holder.release], check=True)
    until(lambda: not found())
    assert run("ip", "-br", "addr") == before
