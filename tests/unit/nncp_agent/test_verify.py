"""Verification: stated keys only, a line for each that did not come true."""

from __future__ import annotations

from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.records import Address
from nncp_agent.plan import decide
from nncp_agent.verify import differences
from tests.host_text import policy, read_host

HOST = read_host("""
links:
  bond0: {kind: bond, mode: active-backup, miimon: 100}
  eth1: {master: bond0}
  eth2: {addresses: [192.0.2.1/24]}
  br0: {kind: bridge}
  tap0: {kind: tun, master: br0}
""")


def lines(desired: str, host: Host = HOST) -> tuple[str, ...]:
    return differences(decide(policy(desired), HOST), host)


def test_what_is_stated_and_not_there_is_a_line_each() -> None:
    assert lines("""
interfaces:
- name: bond0
  type: bond
  mtu: 1450
  link-aggregation:
    mode: active-backup
    options: {miimon: 200}
    port: [eth1]
""") == (
        "bond0: mtu: wanted 1450, found 1500",
        "bond0: link-aggregation.options.miimon: wanted 200, found 100",
    )


def test_keys_nobody_stated_do_not_matter() -> None:
    assert lines("interfaces: [{name: eth2, type: ethernet, mtu: 1500}]") == ()


def test_a_missing_interface_and_one_that_should_be_gone() -> None:
    assert lines("""
interfaces:
- {name: dummy1, type: dummy}
- {name: br0, type: linux-bridge, state: absent}
""") == ("br0: wanted absent, found", "dummy1: wanted up, not found")


def test_extra_addresses_are_fine_unless_the_policy_says_no() -> None:
    extra = replace(
        HOST,
        addresses={"eth2": (*HOST.addresses["eth2"], Address("eth2", "198.51.100.1", 24))},
    )
    stack = "ipv4: {enabled: true, address: [{ip: 192.0.2.1, prefix-length: 24}]%s}"
    wanted = f"interfaces: [{{name: eth2, type: ethernet, {stack}}}]"
    assert lines(wanted % "", extra) == ()
    assert lines(wanted % ", allow-extra-address: false", extra) == (
        "eth2: ipv4.address: wanted no other, found 198.51.100.1/24",
    )


def test_a_missing_address_is_named() -> None:
    wanted = "ipv4: {enabled: true, address: [{ip: 192.0.2.7, prefix-length: 24}]}"
    assert lines(f"interfaces: [{{name: eth2, type: ethernet, {wanted}}}]") == (
        "eth2: ipv4.address: wanted 192.0.2.7/24, not found",
    )


def test_a_tentative_address_is_present_and_one_in_use_elsewhere_is_an_error() -> None:
    stack = '{enabled: true, address: [{ip: "2001:db8::1", prefix-length: 64}]}'
    wanted = f"interfaces: [{{name: eth2, type: ethernet, ipv6: {stack}}}]"
    tentative, failed = (Address("eth2", "2001:db8::1", 64, state=state) for state in (0x40, 0x48))
    host = replace(HOST, addresses={"eth2": (*HOST.addresses["eth2"], tentative)})
    assert lines(wanted, host) == ()
    host = replace(HOST, addresses={"eth2": (*HOST.addresses["eth2"], failed)})
    assert lines(wanted, host) == (
        "eth2: ipv6.address: 2001:db8::1 is in use by another host (duplicate address detection)",
    )


def test_a_pods_port_that_stayed_is_no_difference() -> None:
    assert lines("interfaces: [{name: br0, type: linux-bridge, bridge: {port: []}}]") == ()


def test_a_port_that_was_not_taken_is_named() -> None:
    assert "eth2: controller: wanted br0, found none" in lines(
        "interfaces: [{name: br0, type: linux-bridge, bridge: {port: [{name: eth2}]}}]"
    )


def test_a_listed_port_that_stays_where_it_is_is_not_looked_for() -> None:
    assert lines("""
interfaces:
- {name: br0, type: linux-bridge, bridge: {port: [{name: tap0, stp-path-cost: 7}, {name: eth2}]}}
- {name: tap0, state: ignore}
""") == ("br0: bridge.port: wanted eth2, found none", "eth2: controller: wanted br0, found none",
         "eth2: ipv4: wanted disabled, found 192.0.2.1/24")  # fmt: skip
