"""Every attribute of every link kind on a real kernel: given at creation and set later, read back, set back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netkernel.kernel import LinuxKernel
from netkernel.link_kinds import COMMON, KINDS
from netkernel.ops import AddAddress, CreateLink, DeleteLink, SetLink
from netkernel.records import Address, Attrs, Value
from tests.kernel.older import SINCE_LINUX_6_17


@pytest.fixture
def kernel(netns: str) -> Iterator[LinuxKernel]:
    with LinuxKernel() as there:
        yield there


OTHER: dict[str, Value] = {
    "address": "02:00:00:00:00:77", "mtu": 1400, "txqlen": 77, "group": 7, "promisc": True, "allmulti": True,
    "up": True, "alias": "uplink of rack 4", "addr_gen_mode": "none",
    "altnames": ("a-name-that-is-longer-than-the-links-own", "uplink"),
}  # fmt: skip
BRIDGE: dict[str, Value] = {
    "forward_delay": 400, "hello_time": 300, "max_age": 3000, "ageing_time": 100, "stp_state": 1, "priority": 4097,
    "vlan_filtering": 1, "vlan_protocol": "802.1ad", "group_fwd_mask": 0xFFF8, "group_addr": "01:80:c2:00:00:0e",
    "mcast_router": 2, "mcast_snooping": 0, "mcast_query_use_ifaddr": 1, "mcast_querier": 1, "mcast_hash_max": 512,
    "mcast_last_member_count": 5, "mcast_startup_query_count": 4, "mcast_last_member_interval": 300,
    "mcast_membership_interval": 27000, "mcast_querier_interval": 26500, "mcast_query_interval": 13500,
    "mcast_query_response_interval": 2000, "mcast_startup_query_interval": 4124, "nf_call_iptables": 1,
    "nf_call_ip6tables": 1, "nf_call_arptables": 1, "vlan_default_pvid": 9, "vlan_stats_enabled": 1,
    "mcast_igmp_version": 3, "mcast_mld_version": 2,
}  # fmt: skip
VLAN: dict[str, Value] = {
    "reorder_hdr": False, "gvrp": True, "mvrp": True, "loose_binding": True, "bridge_binding": True,
    "ingress_qos": ("1:7", "3:5"), "egress_qos": ("0:1", "15:7"),
}  # fmt: skip
STACKED: dict[str, tuple[dict[str, Value], dict[str, Value]]] = {
    "macvlan": ({"link": "base", "mode": "bridge"}, {"mode": "private", "flags": 1, "bc_queue_len": 500}),
    "macvtap": ({"link": "base", "mode": "bridge"}, {"mode": "source", "flags": 1, "bc_queue_len": 500}),
    "ipvlan": ({"link": "base", "mode": "l2"}, {"mode": "l3s", "flags": 2}),
    "vxlan": (
        {"link": "base", "id": 7, "remote": "192.0.2.1", "local": "192.0.2.2"},
        {
            "link": "other", "remote": "192.0.2.9", "local": "192.0.2.8", "ttl": 5, "tos": 4, "learning": 0,
            "ageing": 77,
        },
    ),
    "macsec": (
        {"link": "base", "port": 5},
        {
            "encoding_sa": 2, "encrypt": 1, "protect": 0, "send_sci": 0, "end_station": 1, "scb": 1,
            "validation": "check",
        },
    ),
    "vrf": ({"table": 10}, {}),
    "hsr": ({"slave1": "base", "slave2": "other", "protocol": "prp"}, {}),
}  # fmt: skip
"""Links on links: what they are made with, and what they take later, each by itself."""
AT_BIRTH: dict[str, dict[str, Value]] = {
    "vxlan": {
        "id": 8, "limit": 9, "proxy": 1, "rsc": 1, "l2miss": 1, "l3miss": 1, "port": 4789, "link": "other", "ttl": 5,
        "remote6": "2001:db8::1", "local6": "2001:db8::2", "learning": 0, "ageing": 77, "tos": 4, "remote": "",
        "local": "",
    },
    "ipvlan": {"link": "base", "mode": "l3s", "flags": 1},
    "macvlan": {"link": "base", "mode": "passthru", "flags": 1, "bc_queue_len": 500},
    "vrf": {"table": 4711},
    "hsr": {"slave1": "other", "slave2": "base", "protocol": "prp"},
}  # fmt: skip
ANY = ("balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad", "balance-tlb", "balance-alb")
ARP = ANY[:4]
ONE = ("active-backup", "balance-tlb", "balance-alb")
BOND: dict[str, tuple[Value, tuple[str, ...]]] = {
    "miimon": (250, ANY), "updelay": (400, ANY), "downdelay": (600, ANY), "peer_notif_delay": (200, ANY),
    "arp_interval": (300, ARP), "arp_ip_target": (("192.0.2.9", "192.0.2.8"), ANY), "arp_validate": ("all", ARP),
    "arp_all_targets": ("all", ANY), "primary_reselect": ("failure", ANY), "fail_over_mac": ("follow", ANY),
    "xmit_hash_policy": ("vlan+srcmac", ANY), "resend_igmp": (5, ANY), "num_peer_notif": (7, ANY),
    "all_slaves_active": ("delivered", ANY), "min_links": (2, ANY), "lp_interval": (9, ANY),
    "packets_per_slave": (7, ("balance-rr",)), "ad_lacp_rate": ("fast", ("802.3ad",)), "ad_select": ("count", ANY),
    "ad_actor_sys_prio": (99, ("802.3ad",)), "ad_user_port_key": (77, ("802.3ad",)),
    "ad_actor_system": ("02:00:00:00:00:99", ("802.3ad",)), "tlb_dynamic_lb": (0, ("balance-tlb", "balance-alb")),
    "ad_lacp_active": (0, ("802.3ad",)), "missed_max": (5, ARP), "coupled_control": (0, ("802.3ad",)),
    "ns_ip6_target": (("2001:db8::9",), ANY), "broadcast_neighbor": (1, ("802.3ad",)),
}  # fmt: skip
WITHOUT_MIIMON = frozenset({"arp_interval", "arp_validate"})
"""The kernel refuses them beside MII monitoring."""
NOT_TRIED = frozenset({"use_carrier", "mode", "primary", "active_slave"})
"""A constant on new kernels; the key of the tests; and what needs ports."""


def test_every_attribute_of_every_kind_has_its_value_here() -> None:
    bridge = {key for key, attr in KINDS["bridge"].attrs.items() if not attr.read_only}
    assert bridge == BRIDGE.keys()
    assert KINDS["bond"].attrs.keys() == BOND.keys() | NOT_TRIED
    assert KINDS["vlan"].attrs.keys() == VLAN.keys() | {"id", "protocol"}
    assert COMMON.keys() == OTHER.keys() | {"link", "master", "token"}  # a token needs routers: tests/dhcp


def unknown(kernel: LinuxKernel, mode: str) -> frozenset[str]:
    """The newer bond options that this kernel does not report."""
    kernel.execute([CreateLink("x0", "bond", {"mode": mode})])
    reported = kernel.snapshot().links["x0"].attrs.keys()
    kernel.execute([DeleteLink("x0", "bond")])
    return SINCE_LINUX_6_17 - reported


def set_and_back(kernel: LinuxKernel, name: str, new: Attrs) -> None:
    before = kernel.snapshot()
    link = before.links[name]
    op = SetLink(name, link.kind, new, {key: link.attrs[key] for key in new})
    kernel.execute([op])
    found = kernel.snapshot().links[name].attrs
    assert {key: found[key] for key in new} == new
    kernel.execute([op.inverse()])
    assert kernel.snapshot().links[name].attrs == link.attrs


@pytest.mark.needs_kernel("dummy", "bridge", "veth", "bonding")
@pytest.mark.parametrize("kind", ["dummy", "bridge", "veth", "bond"])
@pytest.mark.parametrize("key", sorted(OTHER))
def test_a_common_attribute_is_taken_later(kernel: LinuxKernel, kind: str, key: str) -> None:
    kernel.execute([CreateLink("x0", kind, {"peer": "y0"} if kind == "veth" else {})])
    set_and_back(kernel, "x0", {key: OTHER[key]})


@pytest.mark.needs_kernel("dummy", "bridge", "veth", "bonding", "vlan")
@pytest.mark.parametrize("kind", ["dummy", "bridge", "veth", "bond", "vlan"])
def test_all_common_attributes_are_taken_by_a_create(kernel: LinuxKernel, kind: str) -> None:
    own: dict[str, dict[str, Value]] = {"veth": {"peer": "y0"}, "vlan": {"link": "lo", "id": 5}}
    kernel.execute([CreateLink("base", "dummy", {"up": True}), CreateLink("br", "bridge")])
    own["vlan"]["link"] = "base"
    attrs = {**OTHER, **own.get(kind, {}), **({"master": "br"} if kind != "bridge" else {})}
    kernel.execute([CreateLink("x0", kind, attrs)])
    found = kernel.snapshot().links["x0"].attrs
    assert {key: found[key] for key in attrs} == attrs


@pytest.mark.needs_kernel("bridge_vlan", "br_netfilter")
@pytest.mark.parametrize("key", sorted(BRIDGE))
def test_a_bridge_option_is_taken_later(kernel: LinuxKernel, key: str) -> None:
    kernel.execute([CreateLink("x0", "bridge", {"up": True})])
    set_and_back(kernel, "x0", {key: BRIDGE[key]})


@pytest.mark.needs_kernel("bridge_vlan", "br_netfilter")
def test_all_bridge_options_are_taken_by_a_create(kernel: LinuxKernel) -> None:
    kernel.execute([CreateLink("x0", "bridge", BRIDGE)])
    found = kernel.snapshot().links["x0"].attrs
    assert {key: found[key] for key in BRIDGE} == BRIDGE


@pytest.mark.needs_kernel("vlan", "qinq", "bridge")
@pytest.mark.parametrize("key", sorted(VLAN))
def test_a_vlan_flag_is_taken_later_and_by_a_create(kernel: LinuxKernel, key: str) -> None:
    base: dict[str, Value] = {"link": "base", "id": 5}
    kernel.execute([CreateLink("base", "bridge"), CreateLink("x0", "vlan", base)])
    set_and_back(kernel, "x0", {key: VLAN[key]})
    tagged: dict[str, Value] = {**base, "id": 4094, "protocol": "802.1ad", key: VLAN[key]}
    kernel.execute([CreateLink("x1", "vlan", tagged)])
    found = kernel.snapshot().links["x1"].attrs
    assert {name: found[name] for name in tagged} == tagged


@pytest.mark.needs_kernel("bonding")
@pytest.mark.parametrize("mode", ANY)
def test_every_bond_option_of_a_mode_is_taken_by_a_bond_that_is_down(kernel: LinuxKernel, mode: str) -> None:
    not_here = unknown(kernel, mode)
    for key, (value, modes) in BOND.items():
        if mode not in modes or key in not_here:
            continue
        miimon = 0 if key in WITHOUT_MIIMON else 100
        kernel.execute([CreateLink("x0", "bond", {"mode": mode})])
        kernel.execute([SetLink("x0", "bond", {"miimon": miimon}, {})])
        set_and_back(kernel, "x0", {key: value})
        kernel.execute([DeleteLink("x0", "bond")])


@pytest.mark.needs_kernel("bonding")
@pytest.mark.parametrize("mode", ANY)
def test_every_bond_option_of_a_mode_is_taken_by_a_create(kernel: LinuxKernel, mode: str) -> None:
    left_out = WITHOUT_MIIMON | unknown(kernel, mode)
    wanted = {key: value for key, (value, modes) in BOND.items() if mode in modes and key not in left_out}
    wanted |= {"mode": mode, "miimon": 200}
    kernel.execute([CreateLink("x0", "bond", wanted)])
    found = kernel.snapshot().links["x0"].attrs
    assert {key: found[key] for key in wanted} == wanted


@pytest.mark.needs_kernel("bonding", "dummy")
def test_a_primary_port_is_named_and_unnamed(kernel: LinuxKernel) -> None:
    kernel.execute([CreateLink("x0", "bond", {"mode": "active-backup"}), CreateLink("d0", "dummy", {"master": "x0"})])
    set_and_back(kernel, "x0", {"primary": "d0"})


@pytest.mark.needs_kernel("bonding", "dummy")
def test_the_active_port_is_a_fact_and_makes_no_difference(kernel: LinuxKernel) -> None:
    kernel.execute([CreateLink("x0", "bond", {"mode": "active-backup", "up": True})])
    kernel.execute([CreateLink("d0", "dummy", {"master": "x0"})])
    link = kernel.snapshot().links["x0"]
    assert link.facts == {"active_slave": "d0"}
    assert "active_slave" not in link.attrs


@pytest.mark.needs_kernel("bridge")
def test_addresses_are_made_in_the_mode_a_link_is_created_with(kernel: LinuxKernel) -> None:
    kernel.execute([CreateLink("x0", "bridge", {"up": True, "addr_gen_mode": "none"})])
    kernel.execute([AddAddress(Address("x0", "192.0.2.1", 24))])
    assert [address.ip for address in kernel.snapshot().addresses["x0"]] == ["192.0.2.1"]


@pytest.mark.needs_kernel("dummy", "bridge")
def test_a_pinned_mac_is_told_from_a_floating_one_only_where_sysfs_shows_this_namespace(kernel: LinuxKernel) -> None:
    kernel.execute([CreateLink("x0", "bridge", {"address": "02:00:00:00:00:01"})])
    assert kernel.snapshot().links["x0"].address_assigned is None  # /sys is of the namespace pytest was started in


@pytest.mark.needs_kernel("dummy", "bonding", "bridge", "veth", "vlan")
@pytest.mark.parametrize("kind", ["dummy", "bond", "bridge", "veth", "vlan"])
def test_a_new_link_takes_the_mtus_its_kind_says(kernel: LinuxKernel, kind: str) -> None:
    attrs: dict[str, dict[str, Value]] = {"veth": {"peer": "x1"}, "vlan": {"link": "base", "id": 5}}
    kernel.execute([CreateLink("base", "dummy"), CreateLink("x0", kind, attrs.get(kind, {}))])
    link = kernel.snapshot().links["x0"]
    assert (link.min_mtu, link.max_mtu) == KINDS[kind].mtus


@pytest.mark.needs_kernel("dummy", "macvlan", "macvtap", "ipvlan", "vxlan", "macsec")
@pytest.mark.parametrize(("kind", "key"), [(kind, key) for kind, (_, later) in STACKED.items() for key in later])
def test_an_attribute_of_a_link_on_a_link_is_taken_later(kernel: LinuxKernel, kind: str, key: str) -> None:
    made, later = STACKED[kind]
    kernel.execute([CreateLink("base", "dummy", {"up": True}), CreateLink("other", "dummy", {"up": True})])
    kernel.execute([CreateLink("x0", kind, made)])
    set_and_back(kernel, "x0", {key: later[key]})


@pytest.mark.needs_kernel("dummy", "macvlan", "ipvlan", "vxlan", "vrf", "hsr", "ipv6")
@pytest.mark.parametrize("kind", sorted(AT_BIRTH))
def test_a_link_on_a_link_is_made_as_it_is_wanted(kernel: LinuxKernel, kind: str) -> None:
    kernel.execute([CreateLink("base", "dummy", {"up": True}), CreateLink("other", "dummy", {"up": True})])
    kernel.execute([CreateLink("x0", kind, AT_BIRTH[kind])])
    found = kernel.snapshot().links["x0"].attrs
    assert {key: found[key] for key in AT_BIRTH[kind]} == AT_BIRTH[kind]
