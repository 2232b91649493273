"""Gateways are really asked, on the link where the default route goes now."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest

from netkernel.host import Host
from netkernel.records import Hop, Link, Route
from nncp_agent.checks.gateway import Gateway

pytestmark = pytest.mark.needs_kernel("veth", "ipv6")

GATEWAY = """
ip link add eth0 type veth peer name far netns {peer}
ip link set eth0 address 02:00:00:00:00:01 up
ip addr add 192.0.2.9/24 dev eth0
ip -6 addr add 2001:db8::9/64 dev eth0 nodad
"""
THERE = """
ip link set far up
ip addr add 192.0.2.1/24 dev far
ip -6 addr add 2001:db8::1/64 dev far nodad
"""
ETH0 = Link("eth0", attrs={"up": True, "address": "02:00:00:00:00:01"})


def _host(gateway: str, link: Link = ETH0) -> Host:
    destination = "::/0" if ":" in gateway else "0.0.0.0/0"
    return Host(links={"eth0": link}, routes=(Route(destination, (Hop("eth0", gateway),)),))


def _sh(script: str, namespace: str = "") -> None:
    enter = ["nsenter", f"--net={namespace}"] if namespace else []
    subprocess.run([*enter, "sh", "-euc", script], check=True)


@pytest.fixture
def gateway(netns: str, another_netns: Callable[[], str]) -> str:
    """eth0 here, and at its other end a gateway with 192.0.2.1 and 2001:db8::1."""
    peer = another_netns()
    _sh(GATEWAY.format(peer=peer))
    _sh(THERE, peer)
    return peer


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1"])
def test_a_gateway_that_is_there_answers(gateway: str, address: str) -> None:
    family = 6 if ":" in address else 4
    assert Gateway(family, lambda: _host(address)).try_once(10)


@pytest.mark.parametrize("address", ["192.0.2.2", "2001:db8::2"])
def test_a_gateway_that_is_not_there_does_not_answer(gateway: str, address: str) -> None:
    family = 6 if ":" in address else 4
    assert not Gateway(family, lambda: _host(address)).try_once(0.3)


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1"])
def test_where_there_is_no_ethernet_the_gateway_is_pinged(gateway: str, address: str) -> None:
    tunnel = Link("eth0", attrs={"up": True}, type=65534)  # ARPHRD_NONE: only the record says so
    family = 6 if ":" in address else 4
    assert Gateway(family, lambda: _host(address, tunnel)).try_once(10)


def test_a_gateway_is_asked_where_the_route_goes_now(gateway: str) -> None:
    scenes = iter([_host("192.0.2.2"), _host("192.0.2.1")])
    assert Gateway(4, lambda: next(scenes)).try_once(10)


def test_a_check_of_another_namespace_asks_there(netns: str, another_netns: Callable[[], str]) -> None:
    here, there = another_netns(), another_netns()
    _sh(GATEWAY.format(peer=there), here)
    _sh(THERE, there)
    assert Gateway(4, lambda: _host("192.0.2.1"), here).try_once(10)
    assert not Gateway(4, lambda: _host("192.0.2.1"), there).try_once(0.3)
