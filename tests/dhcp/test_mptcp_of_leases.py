"""MPTCP's endpoints of addresses that come after the apply: a lease's comes and goes with it, and is taken back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from netkernel.ethtool import MPTCP
from netkernel.host import Host
from netkernel.kernel import LinuxKernel
from nncp_agent.keeping import LEASES
from tests import processes
from tests.dhcp.segment import RANGE, Segment, sh
from tests.dhcp.test_leases_from_dnsmasq import becomes, lent
from tests.kernel.asked import Asked

pytestmark = pytest.mark.needs_kernel("veth", "bridge", "mptcp")


def eth1(*flags: str, **ipv4: Any) -> dict[str, Any]:
    return {"name": "eth1", "type": "ethernet", "state": "up", "mptcp": {"address-flags": list(flags)}, "ipv4": ipv4}


def endpoints() -> dict[str, list[str]]:
    """Of eth1, by address, as ip(8) tells them."""
    told = json.loads(sh("ip -j mptcp endpoint") or "[]")
    words = ("subflow", "backup", "signal")
    return {each["address"]: [word for word in words if each.get(word)] for each in told if each.get("dev") == "eth1"}


def follows(host: Host) -> bool:
    """Every address that was lent, and no other, is an endpoint."""
    return {each.ip for each in lent(host)} == endpoints().keys()


@pytest.fixture
def asked(segment: Segment, state: Path) -> Asked:
    segment.server("192.0.2.1/24", *RANGE).start()
    return Asked(state)


def test_a_leases_address_becomes_an_endpoint_when_it_comes_and_is_none_when_it_goes(
    kernel: LinuxKernel, asked: Asked, state: Path
) -> None:
    asked.apply(eth1("subflow", "backup", enabled=True, dhcp=True))
    host = becomes(kernel, lambda host: lent(host) and follows(host))
    (address,) = lent(host)
    assert endpoints() == {address.ip: ["subflow", "backup"]}
    assert asked.show("eth1")["mptcp"] == {"address-flags": ["subflow", "backup"]}
    assert asked.plan(asked.show("eth1")) == []
    sh("ip address add 203.0.113.9/24 dev eth1")
    becomes(kernel, lambda host: "203.0.113.9" in endpoints())
    sh("ip address delete 203.0.113.9/24 dev eth1")
    becomes(kernel, follows)
    processes.end(state, LEASES)
    sh("ip address add 203.0.113.9/24 dev eth1")
    asked.apply(eth1("subflow", "backup", enabled=True, dhcp=True))  # somebody follows again
    becomes(kernel, follows)
    asked.apply(eth1(enabled=True, dhcp=True))
    assert endpoints() == {}
    assert [client.family for client in kernel.snapshot().clients] == [4]


def test_what_is_taken_back_takes_the_endpoints_of_later_addresses_along(kernel: LinuxKernel, asked: Asked) -> None:
    asked.apply(eth1("signal", enabled=True, dhcp=True), commit=False)
    becomes(kernel, lambda host: lent(host) and follows(host))
    asked.rollback()
    host = kernel.snapshot(frozenset({MPTCP}))
    assert (lent(host), endpoints(), host.clients) == ([], {}, ())
