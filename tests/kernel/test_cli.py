"""The real command on a real kernel, as its users type it."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.needs_kernel("bonding", "vlan", "bridge_vlan", "veth")

ROOT = Path(__file__).resolve().parents[2]
NNCP = (sys.executable, "-m", "nncp_agent.cli")

BOND = """\
apiVersion: nmstate.io/v1alpha1
kind: NodeNetworkConfigurationPolicy
metadata: {name: bond}
spec:
  desiredState:
    interfaces:
    - name: bond1
      type: bond
      state: up
      ipv4: {enabled: false}
      link-aggregation: {mode: active-backup, options: {miimon: '100'}, slaves: [eth2, eth3]}
      mtu: 1450
"""
BRIDGE = """\
apiVersion: nmstate.io/v1
kind: NodeNetworkConfigurationPolicy
metadata: {name: bridge}
spec:
  desiredState:
    interfaces:
    - name: br1
      type: linux-bridge
      state: up
      bridge: {options: {stp: {enabled: false}}, port: [{name: bond1}]}
    - name: bond0.40
      type: vlan
      state: up
      vlan: {base-iface: bond0, id: 40}
      ipv4: {enabled: true, address: [{ip: 10.40.0.11, prefix-length: 24}]}
"""

NODE = ("bond0", "eth0", "eth1", "eth2", "eth3")
"""Without the far ends, which get link-local addresses of their own when the near ones come up."""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def nncp(netns: str, tmp_path: Path) -> Run:
    """The command, in a namespace with bond0 (eth0, eth1) carrying the default route, and eth2 and eth3 free."""
    for number in range(4):
        _ip(f"link add eth{number} type veth peer name far{number}")
        _ip(f"link set far{number} up")
    _ip("link add bond0 type bond mode active-backup miimon 100")
    for number in (0, 1):
        _ip(f"link set eth{number} master bond0")
    _ip("link set bond0 up")
    _ip("address add 192.0.2.10/24 dev bond0")
    _ip("route add default via 192.0.2.1")
    (tmp_path / "bond.yaml").write_text(BOND)
    (tmp_path / "bridge.yaml").write_text(BRIDGE)
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "NNCP_STATE_DIR": str(tmp_path / "state")}
    environ.pop("SSH_CONNECTION", None)

    def run(
        *words: str, before: tuple[str, ...] = (), given: str = "", code: int = 0
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [*before, *NNCP, *words], input=given, capture_output=True, text=True, cwd=tmp_path, env=environ
        )
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        return done

    return run


def _ip(line: str) -> None:
    subprocess.run(["ip", *line.split()], check=True)


def _but_for_lro(state: Any) -> Any:
    """A bond has LRO until its first VLAN: then the kernel works out anew what all of its ports can do."""
    for interface in state["interfaces"]:
        interface.get("ethtool", {}).get("feature", {}).pop("rx-lro", None)
    return state


def test_what_was_planned_is_done_and_what_is_shown_is_as_asked(nncp: Run) -> None:
    before = _but_for_lro(json.loads(nncp("show", "-o", "json", "bond0", "eth0", "eth1").stdout))
    planned = nncp("plan", "--exit-code", "bridge.yaml", "bond.yaml", code=10).stdout
    applied = nncp("apply", "--no-check", "bond.yaml", "bridge.yaml")
    assert applied.stdout.replace("! ", "") == planned.replace("! ", "")
    shown = {each["name"]: each for each in json.loads(nncp("show", "-o", "json").stdout)["interfaces"]}
    assert [port["name"] for port in shown["br1"]["bridge"]["port"]] == ["bond1"]
    assert shown["bond1"]["link-aggregation"]["port"] == ["eth2", "eth3"]
    assert shown["bond1"]["mtu"] == 1450
    assert shown["bond0.40"]["ipv4"]["address"] == [{"ip": "10.40.0.11", "prefix-length": 24}]
    assert _but_for_lro(json.loads(nncp("show", "-o", "json", "bond0", "eth0", "eth1").stdout)) == before
    assert nncp("plan", "bond.yaml", "bridge.yaml").stdout == ""
    assert nncp("diff", "-", "bond.yaml", given=nncp("show").stdout).stdout == ""


def test_what_is_shown_is_planned_without_a_change(nncp: Run) -> None:
    for form in ("yaml", "json"):
        _is_planned_in_silence(nncp, nncp("show", "-o", form).stdout)
    nncp("apply", "--no-check", "bond.yaml", "bridge.yaml")
    _ip("address add 2001:db8::9/64 dev far2 valid_lft 3600 preferred_lft 1800")
    _is_planned_in_silence(nncp, nncp("show").stdout)


def _is_planned_in_silence(nncp: Run, state: str) -> None:
    planned = nncp("plan", "-", given=state)
    assert (planned.stdout, planned.stderr) == ("", "")


def test_the_tree_shows_what_sits_on_what(nncp: Run) -> None:
    nncp("apply", "--no-check", "bond.yaml", "bridge.yaml")
    tree = nncp("show", "-o", "tree").stdout
    assert "\n└─ bond1  bond, active-backup, up, 10 Gb/s, mtu 1450\n   ├─ eth2  " in tree
    vlan, bond = "bond0.40  vlan, id 40, up, 10.40.0.11/24", "bond0  bond, active-backup, up, 10 Gb/s, 192.0.2.10/24"
    assert f"{vlan}\n└─ {bond}\n" in tree


def test_a_policy_that_fails_leaves_the_host_as_it_was(nncp: Run) -> None:
    before = nncp("show").stdout
    wrong = BOND.replace("[eth2, eth3]", "[eth2, eth9]")
    refused = nncp("apply", "--no-check", given=wrong, code=3)
    assert "eth9" in refused.stderr
    assert nncp("show").stdout == before


def test_an_uncommitted_change_waits_for_another_process_to_decide(nncp: Run) -> None:
    before = nncp("show", *NODE).stdout
    nncp("apply", "--no-check", "--no-commit", "--timeout", "600", "bond.yaml")
    assert "`nncp commit` keeps it" in nncp("apply", "--no-check", "bridge.yaml", code=1).stderr
    nncp("rollback")
    assert nncp("show", *NODE).stdout == before
    assert nncp("show", "bond1", code=1).stdout.startswith("interfaces: []")
    nncp("apply", "--no-check", "--no-commit", "--timeout", "600", "bond.yaml")
    nncp("commit")
    assert nncp("plan", "bond.yaml").stdout == ""
    assert [line.split()[2] for line in nncp("history").stdout.splitlines()[1:]] == ["rolled", "committed"]


def test_whoever_is_not_root_may_look_and_is_told_what_changing_needs(nncp: Run) -> None:
    nobody = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")  # uid 0 still, so that it can read the checkout
    assert "name: bond0" in nncp("show", before=nobody).stdout
    assert "create bond bond1" in nncp("plan", "-", before=nobody, given=BOND).stdout
    assert "needs root" in nncp("apply", "-", before=nobody, given=BOND, code=2).stderr


def test_a_reader_that_leaves_early_is_no_error(nncp: Run, tmp_path: Path) -> None:
    done = subprocess.run(
        ["bash", "-c", 'set -o pipefail; "$0" -m nncp_agent.cli show -o yaml | true', sys.executable],
        capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT), "NNCP_STATE_DIR": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode in (0, 141)
    assert done.stderr == ""


def test_a_terminal_gets_a_table(nncp: Run, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    with open(ours, "rb", buffering=0) as screen:
        environ = {**os.environ, "PYTHONPATH": str(ROOT), "NNCP_STATE_DIR": str(tmp_path), "NO_COLOR": "1"}
        child = subprocess.Popen([*NNCP, "show", "bond0"], stdout=theirs, stderr=theirs, stdin=theirs, env=environ)
        os.close(theirs)
        text = b""
        try:
            while piece := screen.read(4096):
                text += piece
        except OSError:  # EIO: the other end was closed
            pass
        assert child.wait() == 0
    header, group, row = text.decode().split("\r\n")[:3]
    assert header.split()[:4] == ["NAME", "STATE", "SPEED", "ADDRESSES"]
    assert group == "bond"
    assert row.split()[:5] == ["bond0", "up", "10", "Gb/s", "192.0.2.10/24"]
