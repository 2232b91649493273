"""What the kernel really sends after a policy was applied, seen frame by frame with scapy."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from netkernel.kernel import LinuxKernel
from nncp_agent.plan import decide
from tests.host_text import policy
from tests.kernel.frames import Tap, frame, heard, tag

pytestmark = pytest.mark.needs_kernel("bonding", "vlan", "bridge_vlan", "veth")


@pytest.fixture
def wires(netns: Any) -> None:
    """Four wires: eth0 … eth3 are the node's ends, far0 … far3 the rack's."""
    for n in range(4):
        _ip(f"link add eth{n} type veth peer name far{n}")
        _ip(f"link set far{n} up")


def _ip(line: str) -> None:
    subprocess.run(["ip", *line.split()], check=True)


def applied(text: str) -> None:
    """Make the namespace look like the policy."""
    with LinuxKernel() as kernel:
        kernel.execute(decide(policy(text), kernel.snapshot()).ops)


def test_a_vlan_interface_sends_tagged(wires: None) -> None:
    applied(
        """
        interfaces:
          - {name: eth0, type: ethernet, state: up}
          - {name: eth0.93, type: vlan, state: up, vlan: {base-iface: eth0, id: 93}}
        """
    )
    with Tap("far0") as far, Tap("eth0.93") as near:
        near.send(frame(b"from the vlan"))
        assert tag(far.marks_until(b"from the vlan")[b"from the vlan"]) == 93
        far.send(frame(b"to the vlan", vlan=93))
        assert tag(near.marks_until(b"to the vlan")[b"to the vlan"]) is None


def test_a_service_vlan_sends_the_8021ad_tag(wires: None) -> None:
    applied(
        """
        interfaces:
          - {name: eth0, type: ethernet, state: up}
          - {name: outer, type: vlan, state: up, vlan: {base-iface: eth0, id: 7, protocol: 802.1ad}}
          - {name: inner, type: vlan, state: up, vlan: {base-iface: outer, id: 8}}
        """
    )
    with Tap("far0") as far, Tap("inner") as near:
        near.send(frame(b"twice tagged"))
        outer = far.marks_until(b"twice tagged")[b"twice tagged"]
    assert outer.type == 0x88A8
    assert bytes(outer)[12:20].hex() == "88a8000781000008"


TRUNK = """
interfaces:
  - {name: eth0, type: ethernet, state: up}
  - {name: eth1, type: ethernet, state: up}
  - name: br1
    type: linux-bridge
    state: up
    bridge:
      options: {stp: {enabled: false}}
      port:
        - name: eth0
          vlan: {mode: trunk, enable-native: true, tag: 5, trunk-tags: [{id-range: {min: 90, max: 99}}]}
        - name: eth1
          vlan: {mode: trunk, trunk-tags: [{id: 5}, {id-range: {min: 90, max: 94}}]}
"""


def test_a_trunk_keeps_tags_takes_the_native_one_off_and_filters_the_rest(wires: None) -> None:
    applied(TRUNK)
    with Tap("far0") as zero, Tap("far1") as one:
        zero.send(frame(b"other", vlan=200))
        zero.send(frame(b"beyond", vlan=97))
        zero.send(frame(b"native"))
        zero.send(frame(b"tagged", vlan=93))
        seen = one.marks_until(b"tagged")
        assert set(seen) == {b"native", b"tagged"}
        assert (tag(seen[b"native"]), tag(seen[b"tagged"])) == (5, 93)
        one.send(frame(b"five", vlan=5, source="52:54:00:aa:00:02"))
        assert tag(zero.marks_until(b"five")[b"five"]) is None


def test_an_access_port_sends_untagged_and_takes_no_other_vlan(wires: None) -> None:
    applied(
        TRUNK.replace("{mode: trunk, trunk-tags: [{id: 5}, {id-range: {min: 90, max: 94}}]}", "{mode: access, tag: 93}")
    )
    with Tap("far0") as zero, Tap("far1") as one:
        zero.send(frame(b"native"))
        zero.send(frame(b"tagged", vlan=93))
        seen = one.marks_until(b"tagged")
        assert (set(seen), tag(seen[b"tagged"])) == ({b"tagged"}, None)


def test_a_bridge_without_vlans_forwards_all_it_gets(wires: None) -> None:
    applied(
        """
        interfaces:
          - name: br1
            type: linux-bridge
            state: up
            bridge: {options: {stp: {enabled: false}}, port: [{name: eth0}, {name: eth1}]}
        """
    )
    with Tap("far0") as zero, Tap("far1") as one:
        zero.send(frame(b"tagged", vlan=93))
        zero.send(frame(b"untagged"))
        seen = one.marks_until(b"untagged")
        assert (tag(seen[b"tagged"]), tag(seen[b"untagged"])) == (93, None)


BOND = """
interfaces:
  - name: bond1
    type: bond
    state: up
    link-aggregation: {mode: active-backup, options: {miimon: 10, primary: eth2}, port: [eth2, eth3]}
"""


def test_a_bond_fails_over_to_its_other_port(wires: None) -> None:
    applied(BOND)
    with Tap("far2") as two, Tap("far3") as three, Tap("bond1") as bond, LinuxKernel() as kernel:
        heard(bond, two, frame(b"primary"), b"primary")
        _ip("link set far2 down")
        active = ""
        for _ in range(100):
            active = str(kernel.snapshot().links["bond1"].facts["active_slave"])
            if active == "eth3":
                break
            kernel.wait(0.5)
        assert active == "eth3"
        bond.send(frame(b"second"))
        assert set(three.marks_until(b"second")) == {b"second"}


def test_a_vlan_over_a_bond_under_a_bridge_is_tagged_on_the_wire(wires: None) -> None:
    applied(
        BOND
        + """
  - name: br1
    type: linux-bridge
    state: up
    bridge: {options: {stp: {enabled: false}}, port: [{name: bond1}]}
  - {name: br1.93, type: vlan, state: up, vlan: {base-iface: br1, id: 93}}
"""
    )
    with Tap("far2") as wire, Tap("br1.93") as near:
        assert tag(heard(near, wire, frame(b"through"), b"through")) == 93
