"""Which veths are pods': what a CNI plugin left on the host, and not what the node itself hangs on."""

from __future__ import annotations

from typing import Any

import pytest

from netkernel.host import Host
from netkernel.records import Address, Link
from nncp_agent.node_state import pods
from nncp_agent.shown import Note

BR = Link("cni0", "bridge", {"up": True})
BOND = Link("bond1", "bond", {"up": True})


def veth(name: str, *, peer: str = "", alias: str = "", master: str = "") -> Link:
    return Link(name, "veth", {"up": True, "peer": peer, "alias": alias, "master": master}, netnsid=None if peer else 0)


@pytest.mark.parametrize(
    ("link", "is_pods"),
    [
        (veth("veth1"), True),
        (veth("veth1", master="cni0"), True),
        (veth("cali1234"), True),
        (veth("v0", peer="v1"), False),
        (veth("v0", peer="v1", alias="nncp:cni:x"), True),
        (veth("eth0"), False),
        (veth("ens3"), False),
        (veth("enter"), True),
        (veth("up0", master="bond1"), False),
        (Link("eth9", "", {}), False),
        (Link("tap0", "tun", {"alias": "nncp:vmnet:x"}), False),
    ],
    ids=str,
)
def test_a_pods_wire_is_known_by_its_stamp_or_by_its_other_end(link: Link, is_pods: bool) -> None:
    host = Host(links={each.name: each for each in (BR, BOND, link)})
    assert list(pods.wires(host, {})) == [link.name] * is_pods


@pytest.mark.parametrize("more", [{"notes": {"veth1": Note()}}, {"addresses": [Address("veth1", "192.0.2.1", 24)]}])
def test_what_a_policy_speaks_of_or_has_an_address_is_the_nodes(more: dict[str, Any]) -> None:
    addresses = {"veth1": tuple(more.get("addresses", ()))}
    host = Host(links={"veth1": veth("veth1")}, addresses=addresses)
    assert list(pods.wires(host, more.get("notes", {}))) == []


def test_an_address_that_every_link_has_says_nothing() -> None:
    host = Host(links={"veth1": veth("veth1")}, addresses={"veth1": (Address("veth1", "fe80::1", 64, scope=253),)})
    assert list(pods.wires(host, {})) == ["veth1"]
