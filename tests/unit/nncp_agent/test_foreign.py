"""Which links belong to a pod or a VM."""

from __future__ import annotations

import pytest

from netkernel.owner import stamp
from netkernel.records import Link
from nncp_agent.foreign import is_foreign, named, peer_is_elsewhere
from tests.host_text import policy


@pytest.mark.parametrize(
    "link",
    [
        Link("tap0", "tun"),
        Link("macvtap0", "macvtap"),
        Link("veth1", "veth", attrs={"peer": ""}, netnsid=3),
        Link("veth1", "veth", attrs={"peer": ""}),
        Link("br-pod", "bridge", attrs={"alias": stamp("cni", "net1")}),
    ],
)
def test_stamped_links_taps_and_veths_into_other_namespaces_are_foreign(link: Link) -> None:
    assert is_foreign(link)


@pytest.mark.parametrize(
    "link",
    [
        Link("eth0"),
        Link("veth1", "veth", attrs={"peer": "veth2"}),
        Link("vxlan0", "vxlan"),
        Link("bond0", "bond", attrs={"alias": "uplink, see rack 4"}),
    ],
)
def test_nics_visible_pairs_and_links_with_a_users_alias_are_not(link: Link) -> None:
    assert not is_foreign(link)


def test_a_veth_whose_peer_is_here_can_be_deleted() -> None:
    assert not peer_is_elsewhere(Link("veth1", "veth", attrs={"peer": "veth2"}))
    assert peer_is_elsewhere(Link("veth1", "veth", attrs={"peer": ""}))


def test_a_policy_names_its_interfaces_and_the_ports_it_lists() -> None:
    stated = policy("""
interfaces:
- {name: eth1, type: ethernet}
- name: br0
  type: linux-bridge
  bridge: {port: [{name: tap0}]}
- name: bond0
  type: bond
  link-aggregation: {mode: active-backup, port: [eth2]}
""")
    assert set(named(stated)) == {"eth1", "br0", "tap0", "bond0", "eth2"}
