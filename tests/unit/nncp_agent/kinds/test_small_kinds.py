"""veth, dummy, ethernet, loopback, and what no policy manages."""

from __future__ import annotations

import pytest

from netkernel.host import Host
from netkernel.records import Address, Link
from nncp_agent.kinds import KINDS, by_link
from nncp_agent.kinds.veth import VethConfig
from tests.unit.nncp_agent.kinds.worlds import host, interface, problems, read, wanted


@pytest.mark.parametrize(
    ("link", "word", "managed"),
    [
        (Link("eth0"), "ethernet", True),
        (Link("lo", type=772), "loopback", True),
        (Link("ib0.8001", "ipoib", {"link": "ib0"}, type=32), "infiniband", True),
        (Link("sit0", type=776), "unknown", False),
        (Link("b", "bond"), "bond", True),
        (Link("b", "bridge"), "linux-bridge", True),
        (Link("v", "veth"), "veth", True),
        (Link("t", "tun", facts={"persist": 1}), "tun", True),
        (Link("m", "macvlan"), "mac-vlan", True),
        (Link("m", "macsec"), "macsec", True),
        (Link("w", "wireguard"), "wireguard", True),
        (Link("w", "AmneziaWG"), "amneziawg", False),
    ],
)
def test_a_link_is_shown_under_nmstates_word(link: Link, word: str, managed: bool) -> None:
    kind = by_link(link)
    assert (kind.name, kind.managed, kind.name in KINDS) == (word, managed, managed)
    assert kind is by_link(link)


@pytest.mark.parametrize("link", [Link("t", "tun"), Link("t", "tun", {"alias": "nncp:vmnet:1"}, facts={"persist": 1})])
def test_a_tap_that_is_a_processs_own_or_stamped_is_left_alone(link: Link) -> None:
    assert (by_link(link).name, by_link(link).managed, by_link(link).is_virtual) == ("tun", False, False)


def test_a_new_veth_names_its_peer() -> None:
    assert problems(interface("v0", "veth")) == ["v0: veth.peer: missing; wanted the name of the other end"]
    assert problems(interface("v0", "veth"), host(Link("v0", "veth", attrs={"peer": "v1"}))) == []
    assert wanted(interface("v0", "veth", veth={"peer": "v1"})).attrs == {"peer": "v1"}


def test_a_veth_is_not_its_own_peer_and_peers_agree() -> None:
    assert "this very end" in problems(interface("v0", "veth", veth={"peer": "v0"}))[0]
    one = interface("v0", "veth", veth={"peer": "v1"})
    assert "says its peer is 'v2'" in problems(one, Host(), interface("v1", "veth", veth={"peer": "v2"}))[0]
    assert problems(one, Host(), interface("v1", "veth", veth={"peer": "v0"})) == []
    assert "of type dummy" in problems(one, Host(), interface("v1", "dummy"))[0]


def test_a_peer_in_another_namespace_has_no_name_here_and_is_not_changed() -> None:
    there = host(Link("v0", "veth", attrs={"peer": ""}, netnsid=0))
    assert read("v0", there) == VethConfig()
    assert "another network namespace" in problems(interface("v0", "veth", veth={"peer": "v1"}), there)[0]


def test_a_veth_comes_with_its_other_end() -> None:
    (partner,) = KINDS["veth"].partners(interface("v0", "veth", veth={"peer": "v1"}))
    assert (partner.name, partner.config) == ("v1", VethConfig(peer="v0"))


def test_an_ethernet_with_a_veth_section_is_a_veth() -> None:
    assert interface("v0", "ethernet", veth={"peer": "v1"}).type == "veth"


def test_no_network_gives_the_loopback_addresses() -> None:
    assert problems(interface("lo", "loopback", ipv4={"enabled": True, "dhcp": True})) == [
        "lo: ipv4.dhcp: found true, wanted false: no network is behind it"
    ]


def test_the_loopback_is_called_lo_and_keeps_its_addresses() -> None:
    assert "wanted the name lo" in problems(interface("lo2", "loopback"))[0]
    there = Host(
        links={"lo": Link("lo", type=772)}, addresses={"lo": (Address("lo", "127.0.0.1", 8), Address("lo", "::1", 128))}
    )
    off = {"enabled": False}
    assert problems(interface("lo", "loopback", ipv4=off, ipv6=off), there) == [
        "lo: ipv4.enabled: found false, wanted true: the loopback keeps its own address"
    ]
    assert problems(interface("lo", "loopback", ipv4=off, ipv6=off), host(Link("lo", type=772))) == []
    assert KINDS["loopback"].own_addresses == (("127.0.0.1", 8), ("::1", 128))


def test_only_what_a_policy_creates_is_deleted() -> None:
    assert {name for name, kind in KINDS.items() if not kind.is_virtual} == {"ethernet", "loopback", "wireguard"}
