"""The daemon as the unit of systemd that deploy/ has: policies from /etc, ready, reloaded, quiet after a restart."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.machine import UNITS, Machine
from lab.setup.base import TREE
from tests.boot.node import enable, node

pytestmark = pytest.mark.boots

DAEMON = "nncp-daemon"
POLICIES = {
    f"/etc/nncp/policies/{name}.yaml": (TREE / "tests" / "node" / "manifests" / f"{name}.yaml").read_text()
    for name in ("worker-bond1", "worker-bond1-br1")
}
NODE = {"/etc/nncp/node.yaml": "metadata: {name: node1, labels: {node-role.kubernetes.io/worker: ''}}\n"}
SAID = "/run/nncp-agent/enactments"
LOOK = f"""\
systemctl is-system-running --wait
available() {{ grep -c 'message: successfully reconciled' {SAID}/*.yaml 2>/dev/null | grep -c ':1$'; }}
for i in $(seq 600); do [ "$(available)" = "$1" ] && break; sleep 0.1; done
echo "available: $(available)"
systemctl show -p ActiveState,SubState,NRestarts {DAEMON} | sort
ip -br link show master br1; ls /var/lib/nncp-agent/history | wc -l
"""


def _machine(folder: Path) -> Machine:
    made = node(folder, committed={}, nics=[2, 3], keeps=["/etc/nncp"])
    units = {
        f"{UNITS}/{DAEMON}.{kind}": (TREE / "deploy" / "systemd" / f"{DAEMON}.{kind}").read_text()
        for kind in ("service", "socket")
    }
    made.lay({**units, **POLICIES, **NODE})
    enable(made, f"{DAEMON}.service")
    enable(made, f"{DAEMON}.socket", by="sockets.target")
    return made


def test_policies_of_a_directory_are_there_after_boot_and_the_next_boot_has_nothing_to_do(tmp_path: Path) -> None:
    made = _machine(tmp_path)
    first = made.boot(["sh", "-c", LOOK, "sh", "2"])
    assert "available: 2\n" in first.output, first.output
    assert "ActiveState=active\nNRestarts=0\nSubState=running\n" in first.output
    assert "bond1            UP" in first.output
    history = first.output.splitlines()[-1]
    more = f"""
systemctl reload {DAEMON} && systemctl is-active {DAEMON}
printf '%s' "$ANOTHER" > /etc/nncp/policies/another.yaml
for i in $(seq 600); do [ "$(available)" = 3 ] && break; sleep 0.1; done
echo "then: $(available)"; grep -l Drifted {SAID}/*.yaml; journalctl -o cat -u nncp-restore -t nncp | grep restored
ls /var/lib/nncp-agent/history | wc -l
"""
    another = (
        "ANOTHER='{apiVersion: nmstate.io/v1, kind: NodeNetworkConfigurationPolicy, metadata: {name: another}, "
        "spec: {desiredState: {interfaces: [{name: dummy9, type: dummy, state: up}]}}}'\n"
    )
    second = made.boot(["sh", "-c", LOOK + another + more, "sh", "2"])
    assert "available: 2\n" in second.output, second.output
    assert f"\n{history}\nactive\nthen: 3\nrestored with " in second.output, second.output
    assert int(second.output.splitlines()[-1]) == int(history) + 1
