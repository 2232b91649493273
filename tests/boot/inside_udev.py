"""Run on a booted machine with udev and its 99-default.link: what we make stays as planned, or is said before."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from signal import SIGCONT, SIGSTOP
from typing import Any

import pytest

from tests.boot.beside import run, until

FOLDER = Path("/etc/systemd/network")
DEFAULT = "/usr/lib/systemd/network/99-default.link"
SET = "3"
"""NET_ADDR_SET: not drawn by the kernel."""
BOND = {"name": "bond7", "type": "bond", "link-aggregation": {"mode": "802.3ad", "port": ["eth2", "eth3"]}}


@pytest.fixture(autouse=True)
def back() -> Iterator[None]:
    """All links that a test made are gone after it."""
    run("udevadm", "settle")
    before = set(links())
    yield
    run("udevadm", "settle")
    for name in set(links()) - before:
        with suppress(subprocess.CalledProcessError):  # it went with its other end, or its base
            run("ip", "link", "delete", name)


def links() -> dict[str, Any]:
    return {each["ifname"]: each for each in json.loads(run("ip", "-j", "link"))}


def nncp(verb: str, interfaces: list[dict[str, Any]], directory: Path, *words: str) -> subprocess.CompletedProcess[str]:
    (directory / "policy.yaml").write_text(json.dumps({"interfaces": interfaces}))
    command = ["nncp", verb, *words, str(directory / "policy.yaml")]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def assigned(name: str) -> str:
    return Path("/sys/class/net", name, "addr_assign_type").read_text().strip()


_TRIES = 20
"""On a busy machine the apply may have gone on before it is stopped."""


def test_a_bond_has_its_first_ports_mac_though_udev_comes_before_the_port(tmp_path: Path) -> None:
    """The apply is stopped once the bond is there, until udev has done with it."""
    (tmp_path / "policy.yaml").write_text(json.dumps({"interfaces": [BOND]}))
    for _ in range(_TRIES):
        with subprocess.Popen(["nncp", "apply", "--no-check", "-q", str(tmp_path / "policy.yaml")]) as process:
            until(Path("/sys/class/net/bond7").exists, "a bond", pause_s=0.001)
            process.send_signal(SIGSTOP)
            ports = Path("/sys/class/net/bond7/bonding/slaves").read_text().split()
            run("udevadm", "settle")
            process.send_signal(SIGCONT)
        assert process.returncode == 0
        if not ports:
            break
        gone = nncp("apply", [{"name": "bond7", "type": "bond", "state": "absent"}], tmp_path, "--no-check", "-q")
        assert gone.returncode == 0, gone.stderr
        (tmp_path / "policy.yaml").write_text(json.dumps({"interfaces": [BOND]}))
    assert not ports, f"never stopped in time, {_TRIES} times"
    found = links()
    assert {found[name]["address"] for name in ("bond7", "eth2", "eth3")} == {"02:00:00:00:00:02"}


def test_macs_that_we_give_stay_and_that_udev_chooses_the_others_is_said_before(tmp_path: Path) -> None:
    pinned = {"name": "d1", "type": "dummy", "mac-address": "02:00:00:00:00:99"}
    bridge = {"name": "br7", "type": "linux-bridge", "bridge": {"port": [{"name": "eth1"}]}}
    drawn = [{"name": "d2", "type": "dummy"}, {"name": "v2", "type": "veth", "veth": {"peer": "v3"}}]
    done = nncp("apply", [pinned, bridge, *drawn], tmp_path, "--no-check")
    said = [line for line in done.stderr.splitlines() if "mac-address" in line]
    assert done.returncode == 0 and len(said) == 1, done.stderr
    assert "d2: mac-address: udev will choose it (also those of v2, v3) after" in said[0]
    assert f"MACAddressPolicy=persistent in {DEFAULT}" in said[0]
    run("udevadm", "settle")
    assert [links()[name]["address"] for name in ("d1", "br7")] == ["02:00:00:00:00:99", "02:00:00:00:00:01"]
    assert {assigned(name) for name in ("d2", "v2", "v3")} == {SET}
    assert subprocess.run(["sh", "-c", "nncp show | nncp plan -"], capture_output=True).stdout == b""
    assert f"by udev ({DEFAULT}: NamePolicy=keep" in run("nncp", "show", "-o", "tree", "d2")
    assert "by udev" not in run("nncp", "show", "-o", "tree")


def test_a_name_that_udev_would_change_is_refused_until_it_is_told_as_we_say(tmp_path: Path) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "10-lan.link").write_text("[Match]\nKind=dummy\nOriginalName=d5\n[Link]\nName=lan5\n")
    run("udevadm", "control", "--reload")
    run("ip", "link", "add", "d5", "type", "dummy")
    run("udevadm", "settle")
    assert "lan5" in links()  # so it is true what we say
    run("ip", "link", "delete", "lan5")
    refused = nncp("apply", [{"name": "d5", "type": "dummy"}], tmp_path, "--no-check")
    assert refused.returncode == 3
    assert "d5: udev would rename it to lan5 after it is made (/etc/systemd/network/10-lan.link" in refused.stderr
    fix = next(line for line in refused.stderr.splitlines() if "rename" in line).partition("so that it does not: ")[2]
    subprocess.run(["sh", "-ec", fix], check=True)
    assert nncp("apply", [{"name": "d5", "type": "dummy"}], tmp_path, "--no-check").returncode == 0
    run("udevadm", "settle")
    assert "d5" in links()
    assert "by udev (00-d5.link)" in run("nncp", "show", "-o", "tree")
