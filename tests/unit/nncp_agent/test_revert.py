"""The way back as a state: on the golden cases' hosts it leads back wherever a state can say what was there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from netkernel.documents import Document, read
from netkernel.host import Host
from nncp_agent import shown
from nncp_agent.diff import differences
from nncp_agent.plan import decide
from nncp_agent.revert import revert
from nncp_agent.wire import decode
from nncp_agent.wire.comparable import comparable
from tests.fake_kernel import FakeKernel
from tests.host_text import host

CASES = Path(__file__).parents[2] / "cases"
NAMES = [
    "addresses-leave-the-gateway-behind",
    "addresses-replace-addresses",
    "alternative-names-come-go-and-move",
    "base-absent-takes-what-sits-on-it",
    "bond-absent-frees-its-ports",
    "bond-changes-mode",
    "bond-changes-mode-and-monitor",
    "bond-follows-its-active-port",
    "bond-from-mii-to-arp-monitoring",
    "bond-loses-a-port",
    "bond-option-changed-live",
    "bond-option-that-needs-the-bond-down",
    "bond-ports-swap-queues",
    "bond-takes-a-port-from-a-bridge",
    "bond-takes-another-port-and-its-mac",
    "bond-with-vlan-and-addresses-from-nothing",
    "bridge-absent-frees-its-ports",
    "bridge-loses-its-last-port-under-a-vlan",
    "bridge-ports-with-vlans",
    "bridge-takes-the-address-and-forgets-the-route",
    "bridge-takes-the-address-of-its-nic",
    "bridge-vlan-range-changes-in-place",
    "common-settings-of-a-nic",
    "controller-said-by-the-port",
    "deck-bond-alone",
    "deck-both-manifests",
    "deck-bridge-over-a-bond-that-is-there",
    "default-route-link-becomes-a-port",
    "energy-wake-on-lan-and-link-modes",
    "ethtool-of-a-new-veth-and-its-bond",
    "everything-on-everything-in-any-order",
    "foreign-ports-survive-their-bridge",
    "interface-by-mac-address",
    "interfaces-by-pci-address-driver-and-altname",
    "interfaces-called-by-other-names",
    "interfaces-that-are-virtual-functions",
    "ipvlans-of-one-base-change-together",
    "links-called-by-their-alternative-names",
    "links-on-links-from-nothing",
    "loopback-goes-back-to-its-own",
    "mac-copied-from-a-nic",
    "macsec-changes-in-place",
    "macvlan-becomes-passthru",
    "mtu-steps-down",
    "nic-absent-loses-its-settings",
    "nic-down",
    "options-of-a-link-that-stays-down",
    "ports-named-by-their-profiles",
    "route-absent-with-wildcards",
    "route-leg-joins-and-leaves",
    "route-with-another-metric",
    "routes-of-every-sort",
    "routes-with-words-for-tcp",
    "rules-absent-by-pattern",
    "uplink-that-is-a-veth-into-another-namespace",
    "veth-absent-takes-its-peer",
    "veth-down-stays",
    "veth-gets-another-peer",
    "veth-pair",
    "virtual-down-is-deleted",
    "vlan-flags-change-in-place",
    "vlan-grows-with-a-base-that-joins-a-bond",
    "vlan-moves-to-another-base",
    "vlan-on-a-base-that-is-down",
    "vlan-with-another-id-is-made-again",
    "vrf-absent-frees-its-ports-with-their-addresses",
    "vrf-takes-a-nic-with-its-addresses",
]
"""Not among them: a tap is its owner's."""


def state_of(now: Host) -> dict[str, Any]:
    return shown.state(now)


def to_compare(state: dict[str, Any]) -> dict[str, Any]:
    """Without what follows from the rest: MAC addresses that come from ports or by chance, link-local addresses."""
    interfaces = [{**each, "ipv6": _without_link_local(each["ipv6"])} for each in state["interfaces"]]
    for each in interfaces:
        each.pop("mac-address", None)
    return {**state, "interfaces": interfaces}


def _without_link_local(stack: dict[str, Any]) -> dict[str, Any]:
    addresses = [each for each in stack.get("address", ()) if not each["ip"].startswith("fe80:")]
    return {**stack, "address": addresses} if addresses else {"enabled": False}


def names(state: dict[str, Any]) -> list[str]:
    return [each["name"] for each in state["interfaces"]]


def after(now: Host, desired: Any) -> Host:
    kernel = FakeKernel(now)
    kernel.execute(decide(decode([Document(desired)]).desired, now).ops)
    return kernel.snapshot()


@pytest.mark.parametrize("name", NAMES)
def test_a_policy_and_its_revert_leave_a_host_as_it_was(name: str) -> None:
    before = host(read((CASES / name / "before.yaml").read_text())[0].value)  # type: ignore[arg-type]
    documents = read((CASES / name / "desired.yaml").read_text())
    back = revert(comparable(documents), state_of(before))
    kernel = FakeKernel(before)
    kernel.execute(decide(decode(documents).desired, before).ops)
    again = state_of(after(kernel.snapshot(), back))
    assert names(again) == names(state_of(before))
    assert differences(to_compare(state_of(before)), to_compare(again)) == {}
