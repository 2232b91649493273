"""Which addresses an interface has to wait for, and which are enough."""

from __future__ import annotations

import pytest

from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.records import Address, Link
from nncp_agent.model import Interface, IpAddress, IpStack, State
from nncp_agent.sections.wait_ip import awaited

OFF = IpStack(enabled=False)
ON = IpStack(enabled=True, address=())
FOUR = Address("eth1", "192.0.2.1", 24)
SIX = Address("eth1", "2001:db8::1", 64)
LOCAL = Address("eth1", "fe80::1", 64)
TENTATIVE, FAILED = replace(SIX, state=0x40), replace(SIX, state=0x48)
ROUTED = IpStack(enabled=True, autoconf=True)
STATIC = IpStack(enabled=True, address=(IpAddress(ip="2001:db8::1", prefix_length=64),))


def missing(words: str | None, ipv4: IpStack, ipv6: IpStack, *addresses: Address, state: State | None = None) -> str:
    """The families that are waited for."""
    iface = Interface(name="eth1", wait_ip=words, ipv4=ipv4, ipv6=ipv6, state=state)
    host = Host(links={"eth1": Link("eth1")}, addresses={"eth1": addresses})
    lines = awaited({"eth1": iface}, {"eth1": iface}, host)
    assert all(line.startswith("eth1: wait-ip: wanted an IP") and line.endswith("found none") for line in lines)
    return " ".join(line.split()[4] for line in lines)


@pytest.mark.parametrize(
    ("words", "ipv4", "ipv6", "addresses", "wanted"),
    [
        (None, ON, ON, (), ""),
        ("ipv4", ON, ON, (SIX,), "IPv4"),
        ("ipv4", ON, ON, (FOUR,), ""),
        ("ipv6", ON, ON, (FOUR,), "IPv6"),
        ("ipv6", ON, STATIC, (SIX,), ""),
        ("ipv6", ON, STATIC, (LOCAL, TENTATIVE), "IPv6"),
        ("ipv6", ON, STATIC, (LOCAL, FAILED), "IPv6"),
        ("ipv6", ON, STATIC, (replace(SIX, state=0x44),), ""),
        ("ipv6", ON, ROUTED, (LOCAL,), "IPv6"),
        ("ipv6", ON, ON, (LOCAL,), ""),
        ("ipv4+ipv6", ON, ON, (), "IPv4 IPv6"),
        ("ipv4+ipv6", ON, STATIC, (FOUR,), "IPv6"),
        ("ipv4+ipv6", ON, STATIC, (FOUR, SIX), ""),
        ("any", ON, ON, (), "IP"),
        ("any", ON, ROUTED, (LOCAL,), "IP"),
        ("any", ON, ROUTED, (FOUR,), ""),
        ("any", OFF, OFF, (), ""),
        ("any", OFF, STATIC, (), "IP"),
    ],
)
def test_what_is_waited_for(
    words: str | None, ipv4: IpStack, ipv6: IpStack, addresses: tuple[Address, ...], wanted: str
) -> None:
    assert missing(words, ipv4, ipv6, *addresses) == wanted
    assert missing(words, ipv4, ipv6, *addresses, state=State.DOWN) == ""
