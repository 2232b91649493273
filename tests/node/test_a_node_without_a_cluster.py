"""The daemon as a process on a directory of manifests, on a real kernel: what it does, and how fast it says so."""

from __future__ import annotations

import subprocess
import sys

import pytest

from netkernel.kernel import LinuxKernel
from nncp_agent import history
from nncp_agent.store import Store
from tests.node.conftest import ip, plug
from tests.node.process import MANIFESTS, Daemon

pytestmark = pytest.mark.needs_kernel("veth", "bonding", "bridge", "bridge_vlan", "vlan", "ipv6")

OVER_THE_UPLINK = """
apiVersion: nmstate.io/v1
kind: NodeNetworkConfigurationPolicy
metadata: {name: over-the-uplink}
spec:
  checks: {gateway: {enabled: false}}
  capture: {way: 'routes.running.destination=="0.0.0.0/0"'}
  desiredState:
    interfaces:
    - name: br0
      type: linux-bridge
      state: up
      mac-address: "02:00:00:00:00:{{ node.labels.number }}"
      bridge: {port: [{name: "{{ capture.way.routes.running.0.next-hop-interface }}"}]}
      ipv4: {enabled: true, address: [{ip: 192.0.2.9, prefix-length: 24}]}
    routes: {config: [{destination: 0.0.0.0/0, next-hop-interface: br0, next-hop-address: 192.0.2.1}]}
"""
SEEDS = ("worker-bond1", "worker-bond1-br1")


def _put(node: Daemon, name: str, text: str | None = None) -> None:
    node.put(name, text if text is not None else (MANIFESTS / f"{name}.yaml").read_text())


def _bond(mtu: int, **spec: str) -> str:
    more = "".join(f"  {key}: {value}\n" for key, value in spec.items())
    text = (MANIFESTS / "worker-bond1.yaml").read_text().replace("mtu: 1450", f"mtu: {mtu}")
    return text.replace("spec:\n", f"spec:\n{more}")


def test_the_bridge_waits_for_the_bond_and_both_are_available_within_seconds(kernel: LinuxKernel, node: Daemon) -> None:
    node.start()
    _put(node, "worker-bond1-br1")
    node.until(lambda: node.message("worker-bond1-br1") == "waiting for bond1 (no policy provides it)")
    _put(node, "worker-bond1")
    node.until_available(*SEEDS)
    host = kernel.snapshot()
    assert [host.links[name].master for name in ("eth2", "eth3", "bond1")] == ["bond1", "bond1", "br1"]
    assert host.links["bond1"].mtu == 1450
    assert node.end() == 0


def test_a_restart_changes_nothing(kernel: LinuxKernel, node: Daemon) -> None:
    for name in SEEDS:
        _put(node, name)
    node.start()
    node.until_available(*SEEDS)
    assert node.end() == 0
    before, said = kernel.snapshot(), [node.enactment(name) for name in SEEDS]
    node.start()
    node.policy("last", "{interfaces: [{name: dummy9, type: dummy, state: up}]}")
    node.until_available("last")
    after = kernel.snapshot()
    assert {name: after.links[name] for name in before.links} == dict(before.links)
    assert after.links["br1"].index == before.links["br1"].index
    assert [node.enactment(name) for name in SEEDS] == said
    assert [each.policies for each in history.entries(Store(node.state))] == [(name,) for name in (*SEEDS, "last")]


def test_a_bad_policy_fails_with_its_path_and_what_was_before_stays(kernel: LinuxKernel, node: Daemon) -> None:
    _put(node, "worker-bond1")
    node.start()
    node.until_available("worker-bond1")
    _put(node, "worker-bond1", _bond(1450).replace("mode: balance-alb", "mode: balance-blah"))
    took_s = node.until(lambda: node.row("worker-bond1") == "Failed")
    assert "bond1: link-aggregation.mode" in node.message("worker-bond1")
    assert took_s < 10  # one second where nothing else runs
    assert kernel.snapshot().links["bond1"].attrs["mode"] == "balance-alb"
    _put(node, "worker-bond1", _bond(1400))
    node.until_available("worker-bond1")
    assert node.generation("worker-bond1") == 3


def test_a_policy_that_cuts_the_node_off_is_taken_back_and_tried_once(
    kernel: LinuxKernel, node: Daemon, gateway: str
) -> None:
    node.policy(
        "cut",
        "{interfaces: [{name: eth1, type: ethernet, state: up, mtu: 1400}, {name: eth0, type: ethernet, state: down}]}",
        checks=f"{{gateway: {{target: {gateway}, timeoutSeconds: 2}}}}",
    )
    before = kernel.snapshot().links["eth1"].mtu
    node.start()
    node.until(lambda: node.row("cut") in ("Failed", "Available"))
    assert node.row("cut") == "Failed", node.said()
    assert "no longer reachable: host 192.0.2.1" in node.message("cut")
    host = kernel.snapshot()
    assert (host.links["eth1"].mtu, host.links["eth0"].up) == (before, True)
    assert node.enactment("cut")["status"]["retryCount"] == {"1": 1}


def test_drift_is_told_at_once_and_repaired_where_the_policy_says_so(kernel: LinuxKernel, node: Daemon) -> None:
    _put(node, "worker-bond1")
    node.start()
    node.until_available("worker-bond1")
    ip("link set bond1 mtu 1300")
    node.until(lambda: node.condition("worker-bond1", "Drifted") == "bond1: mtu: wanted 1450, found 1300")
    _put(node, "worker-bond1", _bond(1450, driftPolicy="Repair"))
    node.until(lambda: kernel.snapshot().links["bond1"].mtu == 1450)
    node.until(lambda: not node.condition("worker-bond1", "Drifted"))
    ip("link set eth3 nomaster")
    node.until(lambda: kernel.snapshot().links["eth3"].master == "bond1")


@pytest.mark.parametrize("drift", ["Report", "Repair"])
def test_a_nic_that_registers_anew_joins_its_bond_whatever_the_drift_policy(
    kernel: LinuxKernel, node: Daemon, drift: str
) -> None:
    _put(node, "worker-bond1", _bond(1450, driftPolicy=drift))
    _put(node, "worker-bond1-br1")
    node.start()
    node.until_available(*SEEDS)
    ip("link del eth3")
    node.until(lambda: "eth3: wanted up, not found" in node.condition("worker-bond1", "Drifted"))
    plug("eth3")
    node.until(lambda: kernel.snapshot().links["eth3"].master == "bond1")
    node.until(lambda: not node.condition("worker-bond1", "Drifted"))


def test_a_bond_over_a_nic_that_is_late_waits_for_it(kernel: LinuxKernel, node: Daemon) -> None:
    ip("link del eth3")
    _put(node, "worker-bond1")
    node.start()
    node.until(lambda: node.message("worker-bond1") == "waiting for eth3 (no policy provides it)")
    plug("eth3")
    node.until_available("worker-bond1")


def test_an_edit_while_a_change_is_being_checked_takes_its_place(
    kernel: LinuxKernel, node: Daemon, gateway: str
) -> None:
    checks = f"{{gateway: {{target: {gateway}, timeoutSeconds: 400}}}}"
    node.policy("nic", "{interfaces: [{name: eth0, type: ethernet, state: down}]}", checks=checks)
    node.start()
    node.until(lambda: not kernel.snapshot().links["eth0"].up)
    node.policy("nic", "{interfaces: [{name: eth1, type: ethernet, state: up, mtu: 1400}]}", checks=checks)
    node.until(lambda: node.row("nic") == "Available" and node.generation("nic") == 2)
    host = kernel.snapshot()
    assert (host.links["eth0"].up, host.links["eth1"].mtu) == (True, 1400)


def test_deletion_does_what_the_policy_said(kernel: LinuxKernel, node: Daemon) -> None:
    before = kernel.snapshot()
    node.policy("kept", "{interfaces: [{name: dummy1, type: dummy, state: up}]}")
    node.policy("removed", "{interfaces: [{name: dummy2, type: dummy, state: up}]}", deletionPolicy="Remove")
    bond = "{mode: active-backup, port: [eth2, eth3]}"
    node.policy(
        "restored",
        f"{{interfaces: [{{name: bond9, type: bond, state: up, link-aggregation: {bond}}}, "
        "{name: eth1, type: ethernet, state: up, mtu: 1400}]}",
        deletionPolicy="Restore",
    )
    node.start()
    node.until_available("kept", "removed", "restored")
    for name in ("kept", "removed", "restored"):
        node.delete(name)
    node.until(lambda: not any(map(node.row, ("kept", "removed", "restored"))))
    host = kernel.snapshot()
    assert "dummy1" in host.links and "dummy2" not in host.links and "bond9" not in host.links
    for name in ("eth1", "eth2", "eth3"):
        assert host.links[name] == before.links[name]


def test_captures_are_made_once_and_per_node_values_are_filled_in(kernel: LinuxKernel, node: Daemon) -> None:
    node.node_file.write_text("kind: Node\nmetadata: {name: node1, labels: {number: '07'}}\n")
    ip("addr add 192.0.2.9/24 dev eth1")
    ip("route add default via 192.0.2.1 dev eth1")
    node.put("over-the-uplink", OVER_THE_UPLINK)
    node.start()
    node.until_available("over-the-uplink")
    assert kernel.snapshot().links["eth1"].master == "br0"
    node.end()
    node.start()
    node.policy("last", "{interfaces: [{name: dummy9, type: dummy, state: up}]}")
    node.until_available("last", "over-the-uplink")
    assert kernel.snapshot().links["eth1"].master == "br0"


def test_by_hand_is_held_until_resume(kernel: LinuxKernel, node: Daemon) -> None:
    def nncp(*words: str, text: str = "") -> None:
        command = [sys.executable, "-m", "nncp_agent", "--state-dir", str(node.state), *words]
        subprocess.run(command, input=text, text=True, check=True)

    node.policy("dummy", "{interfaces: [{name: dummy0, type: dummy, state: up, mtu: 1400}]}", driftPolicy="Repair")
    node.start()
    node.until_available("dummy")
    nncp("apply", "-", text="interfaces: [{name: dummy0, type: dummy, state: up, mtu: 1300}]")
    node.until(lambda: node.condition("dummy", "Drifted").startswith("held as `nncp apply -`"))
    assert kernel.snapshot().links["dummy0"].mtu == 1300
    nncp("resume")
    node.until(lambda: kernel.snapshot().links["dummy0"].mtu == 1400)
    nncp("pause", "--for", "1h")
    node.policy("another", "{interfaces: [{name: dummy1, type: dummy, state: up}]}")
    node.until(lambda: node.message("another").startswith("paused on this node until"))
    nncp("resume")
    node.until_available("another")


def test_labels_in_the_node_file_count_at_once_and_reload_reads_everything_again(
    kernel: LinuxKernel, node: Daemon
) -> None:
    node.node_file.write_text("kind: Node\nmetadata: {name: node1}\n")
    _put(node, "worker-bond1")
    node.policy("for-all", "{interfaces: [{name: dummy0, type: dummy, state: up}]}")
    node.start()
    node.until_available("for-all")
    assert node.row("worker-bond1") == ""
    node.node_file.write_text("kind: Node\nmetadata: {name: node1, labels: {node-role.kubernetes.io/worker: ''}}\n")
    node.until_available("worker-bond1")
    node.reload()
    node.policy("more", "{interfaces: [{name: dummy1, type: dummy, state: up}]}")
    node.until_available("more")
    assert node.end() == 0
