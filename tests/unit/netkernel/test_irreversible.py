"""What undo cannot bring back is said before anything is touched."""

from __future__ import annotations

from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.ops import AddAddress, CreateLink, DeleteLink, Op, SetLink
from netkernel.reconcile import irreversible
from netkernel.records import Address, Link
from tests.strategies import grown


def switch(name: str, is_up: bool) -> Op:
    return SetLink(name, "", {"up": is_up}, {"up": not is_up})


BRIDGED: tuple[Op, ...] = (
    CreateLink("br0", "bridge", {"address": "02:00:00:00:00:77"}),
    SetLink("eth1", "", {"master": "br0"}, {"master": ""}),
    *(switch(name, True) for name in ("eth0", "eth1", "br0")),
    AddAddress(Address("eth0", "192.0.2.1", 24)),
)


def test_a_link_with_addresses_that_goes_down_forgets_its_neighbours() -> None:
    said = irreversible(grown(BRIDGED), (switch("eth0", False), switch("eth0", True)))
    assert said == ("eth0: the neighbours it has learned are forgotten",)


def test_a_bridge_forgets_what_is_behind_a_port_that_goes_down() -> None:
    said = irreversible(grown(BRIDGED), (switch("eth1", False),))
    assert "br0: the addresses it has learned behind eth1 are forgotten" in said


def test_a_bridge_that_goes_down_forgets_all_it_has_learned() -> None:
    assert "br0: the addresses it has learned are forgotten" in irreversible(grown(BRIDGED), (switch("br0", False),))


def test_a_link_that_is_down_already_has_nothing_to_forget() -> None:
    assert irreversible(grown(BRIDGED), (switch("eth2", False),)) == ()


def test_a_tunnel_that_goes_with_its_base_is_named() -> None:
    made = grown([CreateLink("d0", "dummy")])
    tunnel = Link("gre0", "erspan", attrs={**made.links["d0"].attrs, "link": "d0"})
    before: Host = replace(made, links={**made.links, "gre0": tunnel})
    (said,) = irreversible(before, (DeleteLink("d0", "dummy"),))
    assert said.startswith("delete erspan gre0: ")
