"""What the running kernel refuses is known before anything is touched."""

from __future__ import annotations

import os
import socket

import pytest

from netkernel import genetlink, probe
from netkernel.errors import KernelRefused


@pytest.mark.needs_kernel("bonding")
def test_options_a_mode_does_not_take_are_named_with_the_kernel_and_its_words(netns: str) -> None:
    attrs = {"mode": "active-backup", "miimon": 100, "updelay": 200, "packets_per_slave": 5, "resend_igmp": 256}
    refuses = f"kernel {os.uname().release} refuses it"
    assert probe.refusals("bond", attrs) == {
        "packets_per_slave": f"{refuses}: option not supported in mode",
        "resend_igmp": f"{refuses}: invalid option value",
    }


@pytest.mark.needs_kernel("bonding")
@pytest.mark.parametrize("mode", ["802.3ad", "balance-alb", "balance-rr"])
def test_what_a_mode_takes_is_not_refused(netns: str, mode: str) -> None:
    assert probe.refusals("bond", {"mode": mode, "xmit_hash_policy": "layer3+4", "arp_ip_target": ("192.0.2.1",)}) == {}


@pytest.mark.needs_kernel("bonding", "dummy")
def test_port_options_are_tried_on_a_port(netns: str) -> None:
    assert probe.refusals("bond", {"mode": "active-backup", "queue_id": 5, "prio": -3}, ports=True) == {}
    assert probe.refusals("bond", {"mode": "balance-rr", "prio": -3}, ports=True).keys() == {"prio"}
    assert probe.refusals("bridge", {"cost": 70, "priority": 64}, ports=True).keys() == {"priority"}


@pytest.mark.needs_kernel("vlan", "bridge")
def test_flags_and_protocols_of_a_vlan_are_tried(netns: str) -> None:
    assert probe.refusals("vlan", {"id": 5, "protocol": "802.1ad", "reorder_hdr": False, "mvrp": True}) == {}


@pytest.mark.needs_kernel("bridge")
def test_a_value_the_kernel_changes_is_named(netns: str) -> None:
    assert "makes 1 of it" in probe.refusals("bridge", {"stp_state": 2})["stp_state"]


@pytest.mark.needs_kernel("bridge")
def test_a_probe_leaves_no_trace_here(netns: str) -> None:
    before, links = os.stat("/proc/thread-self/ns/net").st_ino, socket.if_nameindex()
    probe.refusals("bridge", {"stp_state": 1, "priority": 5})
    assert (os.stat("/proc/thread-self/ns/net").st_ino, socket.if_nameindex()) == (before, links)


@pytest.mark.needs_kernel("veth")
def test_generic_netlink_families_are_found_and_dumped(netns: str) -> None:
    with genetlink.socket() as through:
        controller = genetlink.family(through, "nlctrl")
        assert controller.id == 16
        assert len(genetlink.dump(through, controller, 3)) > 1
        with pytest.raises(KernelRefused, match="No such file"):
            genetlink.family(through, "no-such-family")
