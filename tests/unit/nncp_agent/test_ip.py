"""Static addresses: what may be said, and what it comes to."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from nncp_agent import ip
from nncp_agent.model import IpAddress, IpStack
from nncp_agent.spelling import ip_address, ip_token


def stack(*addresses: str, **keys: object) -> IpStack:
    pairs = [each.partition("/") for each in addresses]
    listed = tuple(IpAddress(ip=ip_address(address), prefix_length=int(prefix)) for address, _, prefix in pairs)
    return IpStack(**{"enabled": True, "address": listed, **keys})  # type: ignore[arg-type]


def said(given: IpStack, family: int) -> list[str]:
    return [str(each) for each in ip.problems(given, family, f"eth1: ipv{family}")]


@pytest.mark.parametrize(
    ("given", "family", "words"),
    [
        (stack("2001:db8::1/64"), 4, "eth1: ipv4.address[0].ip: found the IPv6 address 2001:db8::1, wanted an IPv4"),
        (stack("10.0.0.1/24"), 6, "eth1: ipv6.address[0].ip: found the IPv4 address 10.0.0.1, wanted an IPv6"),
        (stack("10.0.0.1/33"), 4, "eth1: ipv4.address[0].prefix-length: found 33, wanted 1 to 32"),
        (stack("10.0.0.1/0"), 4, "prefix-length: found 0, wanted 1 to 32"),
        (stack("224.0.0.1/24"), 4, "found 224.0.0.1, a multicast address"),
        (stack("ff02::1/64"), 6, "found ff02::1, a multicast address"),
        (stack("0.0.0.0/8"), 4, "found 0.0.0.0, which means no address"),
        (stack("::/64"), 6, "found ::, which means no address"),
        (stack("255.255.255.255/32"), 4, "the broadcast address"),
        (stack("10.0.0.1/24", "10.0.0.1/24"), 4, "address[1]: found 10.0.0.1 twice"),
        (stack("2001:db8::1/64", "2001:db8::1/128"), 6, "found 2001:db8::1 twice"),
        (IpStack(autoconf=True), 4, "ipv4.autoconf: belongs to ipv6"),
        (IpStack(autoconf=True, auto_route_table_id=7), 6, "ipv6.auto-route-table-id: found 7 for routes from routers"),
        (IpStack(privacy="disabled"), 4, "ipv4.privacy: belongs to ipv6"),
        (IpStack(dhcp=True, dhcp_duid="00:01"), 6, "ipv6.dhcp-duid: found '00:01', wanted ll, llt, en, uuid"),
        (IpStack(token="::1", autoconf=False), 6, "ipv6.token: found ::1 and autoconf false"),
        (IpStack(dhcp_client_id="ll"), 6, "ipv6.dhcp-client-id: belongs to ipv4"),
    ],
)
def test_what_no_link_can_have_is_refused(given: IpStack, family: int, words: str) -> None:
    assert any(words in each for each in said(given, family)), said(given, family)


def test_ordinary_addresses_are_fine() -> None:
    assert said(stack("10.0.0.1/24", "10.0.0.1/32", "192.0.2.9/31"), 4) == []
    assert said(stack("2001:db8::1/64", "fd00::1/127", autoconf=False, dhcp=False, token=""), 6) == []
    assert said(IpStack(enabled=False, dhcp=True, autoconf=True), 6) == []


def test_a_disabled_family_says_nothing_else() -> None:
    assert ip.normalise(stack("10.0.0.1/24", enabled=False), 4) == IpStack(enabled=False)


def test_link_local_addresses_and_those_that_are_over_are_left_out() -> None:
    given = stack("fe80::1/64", "febf::1/64", "2001:db8::1/64")
    assert [each.ip for each in ip.normalise(given, 6).address or ()] == ["2001:db8::1"]
    listed = (
        IpAddress(ip="10.0.0.1", prefix_length=8, valid_life_time="0sec"),
        IpAddress(ip="10.0.0.2", prefix_length=8, valid_life_time="forever"),
        IpAddress(ip="10.0.0.3", prefix_length=8, valid_life_time="30sec", preferred_life_time="20sec"),
    )
    kept = IpAddress(ip="10.0.0.2", prefix_length=8), listed[2]
    assert ip.normalise(IpStack(address=listed), 4).address == kept


@pytest.mark.parametrize(("stated", "lent"), [({}, False), ({"dhcp": True}, True), ({"autoconf": True}, False)])
def test_an_address_that_expires_is_the_networks_only_where_that_gives_addresses(
    stated: dict[str, bool], lent: bool
) -> None:
    address = IpAddress(ip="10.0.0.1", prefix_length=8, valid_life_time="30sec")
    assert ip.is_lent(address, IpStack(**stated), 4) is lent
    assert not ip.is_lent(IpAddress(ip="10.0.0.1", prefix_length=8), IpStack(**stated), 4)


def test_an_address_is_not_preferred_for_longer_than_it_is_valid() -> None:
    address = IpAddress(ip="10.0.0.1", prefix_length=8, valid_life_time="30sec", preferred_life_time="40sec")
    ((path, message),) = ip.faults(IpStack(address=(address,)), 4)
    assert (path, message) == (
        ("address", 0, "preferred-life-time"), "found 40sec, wanted no more than the valid-life-time of 30sec"
    )  # fmt: skip


def test_what_counts_only_with_dhcp_goes() -> None:
    given = IpStack(enabled=True, dhcp=False, auto_dns=True, auto_route_metric=5, addr_gen_mode="other", token="")
    assert ip.normalise(given, 4) == IpStack(enabled=True, dhcp=False, token="")
    given = replace(given, autoconf=False, privacy="disabled")
    assert ip.normalise(given, 6) == IpStack(enabled=True, dhcp=False, autoconf=False)
    assert ip.normalise(replace(given, dhcp=None, autoconf=True), 6).auto_route_metric == 5


def test_the_order_and_host_parts_of_addresses_stay() -> None:
    given = stack("10.0.0.9/8", "10.0.0.1/8")
    assert ip.normalise(given, 4) == given


@pytest.mark.parametrize(
    ("text", "canonical"),
    [("2001:0DB8:0:0::01", "2001:db8::1"), ("::FFFF:1.2.3.4", "::ffff:1.2.3.4"), ("192.0.2.1", "192.0.2.1")],
)
def test_addresses_have_one_text(text: str, canonical: str) -> None:
    assert ip_address(text) == canonical


def test_a_token_is_the_lower_half_of_an_address() -> None:
    assert [ip_token(text) for text in ("", "::", "::0005", "::a:b:c:d")] == ["", "", "::5", "::a:b:c:d"]
    for text in ("5", "2001:db8::5", "::1:0:0:0:1", "fe80::1", "192.0.2.1"):
        with pytest.raises(ValueError, match="lower half"):
            ip_token(text)


@pytest.mark.parametrize(
    "text", ["", "1.2.3", "01.2.3.4", "1.2.3.4\0", "fe80::1%eth0", "10.0.0.1/8", "::1::", "\u0661.2.3.4"]
)
def test_other_texts_are_no_addresses(text: str) -> None:
    with pytest.raises(ValueError):
        ip_address(text)
