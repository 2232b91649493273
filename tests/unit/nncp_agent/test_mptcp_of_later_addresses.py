"""Who follows the addresses of a link for MPTCP: where one may come later, and what it then does."""

from __future__ import annotations

import pytest

from netkernel.ethtool import MPTCP
from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.records import ENDPOINTS, Client
from nncp_agent.dhcp.endpoints import ops
from nncp_agent.plan import decide
from tests.host_text import policy, read_host

FOLLOWS = Client("eth0", ENDPOINTS, {"address-flags": "subflow backup"})


def host(text: str) -> Host:
    return replace(read_host(text), also=frozenset({MPTCP}), mptcp={"enabled": True})


BARE = host("links: {eth0: {}}")


def clients(text: str, before: Host = BARE) -> list[Client]:
    after = decide(policy(f"interfaces: [{{name: eth0, {text}}}]"), before).target
    return [each for each in after.clients if each.family == ENDPOINTS]


@pytest.mark.parametrize(
    ("text", "follows"),
    [
        ("mptcp: {address-flags: [backup, subflow]}, ipv4: {enabled: true, dhcp: true}", True),
        ("mptcp: {address-flags: [backup, subflow]}, ipv6: {enabled: true, autoconf: true}", True),
        ("mptcp: {address-flags: [backup, subflow]}, ipv4: {enabled: true}", False),
        ("mptcp: {address-flags: []}, ipv4: {enabled: true, dhcp: true}", False),
        ("ipv4: {enabled: true, dhcp: true}", False),
    ],
)
def test_where_addresses_may_come_later_somebody_follows_them(text: str, follows: bool) -> None:
    assert clients(text) == ([FOLLOWS] if follows else [])


def test_who_follows_stays_while_nobody_speaks_of_it_and_goes_with_what_brings_addresses() -> None:
    lease = Client("eth0", 4, {"auto-dns": True, "auto-gateway": True, "auto-routes": True, "auto-route-table-id": 0})
    before = replace(BARE, clients=(FOLLOWS, lease))
    assert clients("mtu: 1400", before) == [FOLLOWS]
    assert clients("mptcp: {address-flags: []}", before) == []
    assert clients("ipv4: {enabled: true, dhcp: false}", before) == []
    assert clients("state: down", before) == []


def test_an_address_that_came_becomes_an_endpoint_and_one_that_went_is_none_any_more() -> None:
    now = host("""
    links: {eth0: {addresses: [192.0.2.5/24 for 600, 198.51.100.5/24]}, eth1: {addresses: [203.0.113.5/24]}}
    mptcp: [198.51.100.5 on eth0 signal, 192.0.2.6 on eth0 subflow backup, 192.0.2.7 on eth0 signal]
    """)
    assert [str(op) for op in ops(FOLLOWS, now)] == [
        "delete MPTCP endpoint 192.0.2.6 on eth0: subflow, backup",
        "add MPTCP endpoint 192.0.2.5 on eth0: subflow, backup",
    ]
