"""`ipv6: {autoconf: true}` beside a real router (dnsmasq): addresses, routes, names, and the way back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from netkernel.host import Host
from netkernel.kernel import LinuxKernel
from netkernel.records import FOREVER, Address
from nncp_agent.store import Store
from tests.dhcp.segment import Segment, sh
from tests.dhcp.test_leases_from_dnsmasq import becomes
from tests.dhcp.test_name_servers_of_leases import Nncp, command, etc, running
from tests.kernel.asked import Asked

pytestmark = pytest.mark.needs_kernel("veth", "bridge")
__all__ = ["etc"]

PREFIX = "2001:db8:5::"
ROUTER = (
    "--enable-ra", f"--dhcp-range={PREFIX},ra-only,64,600", "--ra-param=srv,4,1800",
    "--dhcp-option=option6:dns-server,[2001:db8:5::53]", "--dhcp-option=option6:domain-search,a.example",
)  # fmt: skip
BY_ROUTERS = 9


def eth1(**ipv6: Any) -> dict[str, Any]:
    keys = {key.replace("_", "-"): ipv6[key] for key in ipv6}
    return {"name": "eth1", "type": "ethernet", "state": "up", "ipv6": {"enabled": True, **keys}}


def made(host: Host) -> list[Address]:
    """Addresses from the router."""
    return [each for each in host.addresses.get("eth1", ()) if each.ip.startswith(PREFIX.removesuffix(":"))]


def default(host: Host) -> list[int]:
    """Metrics of the routers' default routes."""
    return [each.metric for each in host.routes if each.protocol == BY_ROUTERS and each.destination == "::/0"]


@pytest.fixture
def asked(state: Path) -> Asked:
    return Asked(state)


@pytest.fixture
def router(segment: Segment) -> Segment:
    made = segment.server(f"{PREFIX}1/64", *ROUTER)
    sh("sysctl -qw net.ipv6.conf.all.forwarding=1; ip addr change 2001:db8:5::1/64 dev srv nodad", made.namespace)
    made.start()
    return segment


def test_addresses_and_the_default_route_come_from_the_router(
    router: Segment, kernel: LinuxKernel, asked: Asked
) -> None:
    policy = eth1(autoconf=True, auto_dns=False, auto_route_metric=70)
    asked.becomes(policy)
    host = becomes(kernel, lambda host: made(host) and default(host))
    assert default(host) == [70]
    assert 0 < made(host)[0].valid_s <= 600
    shown = asked.show("eth1")["ipv6"]
    assert (shown["autoconf"], shown["auto-dns"], shown["auto-gateway"], shown["auto-routes"]) == (
        True,
        False,
        True,
        True,
    )
    assert asked.plan(asked.show("eth1")) == []
    asked.becomes(eth1(autoconf=True, token="::a:5", privacy="prefer-temporary"))
    host = becomes(kernel, lambda host: any(each.ip == f"{PREFIX}a:5" for each in made(host)))
    becomes(kernel, lambda host: any(each.state & 1 for each in made(host)))  # a temporary one
    assert asked.plan(asked.show("eth1")) == []


def test_a_gateway_that_nobody_wants_is_not_taken(router: Segment, kernel: LinuxKernel, asked: Asked) -> None:
    asked.becomes(eth1(autoconf=True, auto_dns=False, auto_gateway=False))
    assert default(becomes(kernel, made)) == []


def test_turned_off_without_addresses_they_stay_as_static_ones(
    router: Segment, kernel: LinuxKernel, asked: Asked
) -> None:
    asked.becomes(eth1(autoconf=True))
    (address,) = made(becomes(kernel, lambda host: made(host) and default(host)))
    before = kernel.snapshot()
    asked.apply(eth1(autoconf=False), commit=False)
    assert [(each.ip, each.valid_s) for each in made(kernel.snapshot())] == [(address.ip, FOREVER)]
    assert default(kernel.snapshot()) == []
    asked.rollback()
    host = becomes(kernel, lambda host: default(host) and made(host) and made(host)[0].valid_s != FOREVER)
    assert (host.links["eth1"].conf6, host.clients) == (before.links["eth1"].conf6, before.clients)
    asked.becomes(eth1(autoconf=False))
    shown = asked.show("eth1")["ipv6"]
    (found,) = [each for each in shown["address"] if each["ip"] == address.ip]
    assert (found["prefix-length"], "valid-life-time" in found) == (64, False)
    assert shown["autoconf"] is False
    (committed,) = Store(asked.state_dir).committed().interfaces or ()
    assert committed.ipv6 and [each.ip for each in committed.ipv6.address or ()] == [address.ip]


def test_a_token_goes_with_autoconf_and_comes_back_with_it(router: Segment, kernel: LinuxKernel, asked: Asked) -> None:
    before = kernel.snapshot()
    asked.apply(eth1(autoconf=True, token="::5"), commit=False)
    assert asked.show("eth1")["ipv6"]["token"] == "::5"
    asked.rollback()
    after = kernel.snapshot()
    assert after.links["eth1"] == before.links["eth1"]
    asked.becomes(eth1(autoconf=True, token="::5"))
    asked.becomes(eth1(autoconf=True, token=""))
    assert "token" not in asked.show("eth1")["ipv6"]


@pytest.fixture
def nncp(router: Segment, state: Path, etc: Path) -> Nncp:
    return command(state, etc)


def test_name_servers_of_the_router_are_asked_while_it_says_so(nncp: Nncp, router: Segment, etc: Path) -> None:
    mine = (etc / "resolv.conf").read_text()
    nncp("apply", "--no-check", "-", given={"interfaces": [eth1(autoconf=True)]})
    found = running(nncp, ["198.51.100.1", "2001:db8:5::53"])
    assert (found["running"]["search"], not found["config"].get("search")) == (["a.example"], True)
    assert nncp("plan", "-", given=json.loads(nncp("show", "-o", "json"))) == ""
    nncp("apply", "--no-check", "-", given={"interfaces": [eth1(autoconf=True, auto_dns=False)]})
    assert (etc / "resolv.conf").read_text() == mine
    nncp("apply", "--no-check", "-", given={"interfaces": [eth1(autoconf=True, auto_dns=True)]})
    running(nncp, ["198.51.100.1", "2001:db8:5::53"])
    nncp("apply", "--no-check", "-", given={"interfaces": [{**eth1(), "ipv6": {"enabled": False}}]})
    assert (etc / "resolv.conf").read_text() == mine
