"""The host in show's words."""

from __future__ import annotations

from typing import Any

from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.records import ROUTERS, Client
from nncp_agent.cli import glance
from nncp_agent.model import Interface, IpStack
from nncp_agent.observe import present
from tests.host_text import policy, read_host

HOST = read_host("""
links:
  bond0: {kind: bond, mode: 802.3ad, miimon: 100, addresses: [192.0.2.10/24, "2001:db8::10/64", "fe80::1/64"]}
  eth1: {master: bond0, perm_address: "02:00:00:00:00:aa", addresses: [203.0.113.1/24]}
  eth2: {up: false, addresses: [198.51.100.1/24 for 600], ipv6: true}
  vm: {kind: tun, alias: "nncp:vmnet:demo"}
  ovs-system: {kind: openvswitch}
""")


def shown(name: str, host: Host = HOST, committed: str = "interfaces: []") -> Interface:
    iface = present(host, policy(committed)).interface(name)
    assert iface is not None
    return iface


def stack(iface: Interface, family: str) -> IpStack:
    found: Any = getattr(iface, family)
    assert isinstance(found, IpStack)
    return found


def test_common_settings_are_shown_as_nmstate_does() -> None:
    bond = shown("bond0")
    assert (bond.type, bond.state, bond.mtu, bond.accept_all_mac_addresses) == ("bond", "up", 1500, False)
    assert bond.mac_address == "02:00:00:00:00:01"
    assert (bond.min_mtu, bond.max_mtu) == (68, 65535)


def test_an_enabled_family_has_addresses_and_says_that_nothing_is_automatic() -> None:
    four, six = stack(shown("bond0"), "ipv4"), stack(shown("bond0"), "ipv6")
    assert (four.enabled, four.dhcp, four.autoconf) == (True, False, None)
    assert (six.enabled, six.dhcp) == (True, False)
    assert [each.ip for each in six.address or ()] == ["2001:db8::10", "fe80::1"]


def test_a_family_without_addresses_is_exactly_disabled() -> None:
    assert stack(shown("eth2"), "ipv6") == IpStack(enabled=False)


def test_ipv6_that_a_policy_asked_for_is_on_before_there_is_an_address() -> None:
    asked = "interfaces: [{name: br0, type: linux-bridge, ipv6: {enabled: true}}]"
    waiting = read_host("links: {br0: {kind: bridge, carrier: false, conf6: {disable_ipv6: 0, accept_ra: 0}}}")
    assert stack(shown("br0", waiting, asked), "ipv6") == IpStack(
        enabled=True, dhcp=False, autoconf=False, addr_gen_mode=None, address=()
    )
    has_carrier = read_host("links: {br0: {kind: bridge, conf6: {disable_ipv6: 0, accept_ra: 0}}}")
    switched_off = read_host("links: {br0: {kind: bridge, carrier: false, conf6: {disable_ipv6: 1}}}")
    assert stack(shown("br0", has_carrier, asked), "ipv6").enabled
    assert not stack(shown("br0", switched_off, asked), "ipv6").enabled
    assert not stack(shown("br0", waiting), "ipv6").enabled


def test_ports_show_disabled_families_and_their_permanent_mac() -> None:
    port = shown("eth1")
    assert (port.controller, port.ipv4, port.ipv6) == ("bond0", IpStack(enabled=False), IpStack(enabled=False))
    assert port.permanent_mac_address == "02:00:00:00:00:AA"


def test_a_bonds_port_that_has_no_permanent_mac_shows_the_one_it_came_with() -> None:
    host = read_host("links: {bond0: {kind: bond}, d0: {kind: dummy, master: bond0}}")
    port = replace(host.links["d0"], own_address="02:00:00:00:00:bb")
    iface = shown("d0", replace(host, links={**host.links, "d0": port}))
    assert iface.permanent_mac_address == "02:00:00:00:00:BB"


def test_a_tunnels_address_is_no_mac() -> None:
    tunnel = read_host('links: {gre0: {kind: gre, address: "00:00:00:00"}}')
    assert shown("gre0", tunnel).mac_address is None


def test_lifetimes_are_shown_in_seconds() -> None:
    (address,) = stack(shown("eth2"), "ipv4").address or ()
    assert address.valid_life_time == "600sec"


def test_an_address_that_another_host_may_have_is_told_from_one_that_another_has() -> None:
    host = read_host('links: {eth1: {addresses: ["2001:db8::1/64", "2001:db8::2/64", "2001:db8::3/64"]}}')
    states = (0x40, 0x48, 0x80)
    addresses = tuple(replace(each, state=bit) for each, bit in zip(host.addresses["eth1"], states, strict=True))
    seen = shown("eth1", replace(host, addresses={"eth1": addresses}))
    assert [each.flags for each in stack(seen, "ipv6").address or ()] == [("tentative",), ("dadfailed",), None]
    assert glance.addresses(seen, everything=False) == [
        "2001:db8::1/64 (tentative)", "2001:db8::2/64 (dadfailed)", "2001:db8::3/64"
    ]  # fmt: skip


def test_autoconf_is_whether_the_kernel_takes_advertisements_and_the_rest_what_it_takes_of_them() -> None:
    listening = read_host('links: {eth1: {addresses: ["2001:db8::1/64"]}}')
    deaf = read_host('links: {eth1: {addresses: ["2001:db8::1/64"], conf6: {accept_ra: 0}}}')
    seen = stack(shown("eth1", listening), "ipv6")
    assert (seen.autoconf, seen.auto_dns, seen.auto_gateway, seen.auto_routes) == (True, False, True, False)
    deaf_one = stack(shown("eth1", deaf), "ipv6")
    assert (deaf_one.autoconf, deaf_one.auto_dns, deaf_one.auto_gateway) == (False, None, None)
    told = read_host("""
links:
  eth1:
    token: '::5'
    addresses: ["2001:db8::1/64"]
    conf6: {accept_ra: 2, accept_ra_defrtr: 0, accept_ra_rt_info_max_plen: 64, ra_defrtr_metric: 7, use_tempaddr: 2}
""")
    seen = stack(shown("eth1", replace(told, clients=(Client("eth1", ROUTERS),))), "ipv6")
    assert (seen.auto_dns, seen.auto_gateway, seen.auto_routes, seen.auto_route_metric) == (True, False, True, 7)
    assert (seen.token, seen.privacy) == ("::5", "prefer-temporary")


def test_kinds_without_a_manager_are_shown_and_ignored_and_owners_are_named() -> None:
    tap = shown("vm")
    assert (tap.type, tap.state, tap.owner) == ("tun", "ignore", "vmnet")


def test_inner_workings_are_hidden() -> None:
    assert present(HOST).interface("ovs-system") is None


def test_descriptions_and_ignore_come_from_what_was_committed() -> None:
    committed = "interfaces: [{name: bond0, type: bond, state: ignore, description: uplink}]"
    bond = shown("bond0", committed=committed)
    assert (bond.description, bond.state) == ("uplink", "ignore")
