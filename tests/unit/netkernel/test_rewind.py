"""What is remembered of a host before a plan, and the host with just that put back."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from netkernel.errors import NetworkError
from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.ops import (
    AddAddress,
    AddRoute,
    AddRule,
    CreateLink,
    DeleteAddress,
    DeleteLink,
    DeleteRoute,
    DeleteRule,
    Op,
    SetLink,
    WriteSysctl,
)
from netkernel.records import Address, Hop, Route, Rule
from netkernel.rewind import Remembered, remember, rewind
from netkernel.simulation import World, step
from tests.strategies import grown

UP = [SetLink(name, "", {"up": True}, {"up": False}) for name in ("eth0", "eth1")]
FIRST, SECOND = Address("eth0", "192.0.2.1", 24), Address("eth1", "198.51.100.1", 24)
ROUTE = Route("10.1.0.0/16", (Hop("eth0", "192.0.2.9"),), metric=100)
OTHER = Route("10.2.0.0/16", (Hop("eth1", "198.51.100.9"),), metric=100)
RULE = Rule(4, 1000, table=1000, protocol=4)
VLAN = CreateLink("v5", "vlan", {"link": "eth0", "id": 5})
DOWN = SetLink("eth0", "", {"up": False}, {"up": True})


def host() -> Host:
    return grown([*UP, *map(AddAddress, (FIRST, SECOND)), *map(AddRoute, (ROUTE, OTHER)), AddRule(RULE)])


def after(before: Host, *ops: Op) -> Host:
    world = World(before)
    for op in ops:
        step(world, op)
    return world.host()


def test_only_what_the_plan_touches_is_remembered() -> None:
    kept = remember(host(), [DeleteAddress(SECOND)]).host
    assert (kept.links.keys(), kept.addresses.keys()) == ({"eth1"}, {"eth1"})
    assert (kept.routes, kept.rules) == ((OTHER,), ())


def test_what_the_kernel_does_by_itself_is_touched_too() -> None:
    """A base that comes up takes its VLAN along."""
    before = grown([VLAN])
    assert remember(before, [UP[0]]).links == {"eth0", "v5"}


@pytest.mark.parametrize(
    "plan",
    [
        [DOWN],
        [DeleteRoute(ROUTE)],
        [DeleteRule(RULE)],
        [DeleteAddress(FIRST)],
        [VLAN, SetLink("v5", "vlan", {"up": True}, {"up": False})],
        [SetLink("eth0", "", {"mtu": 1400}, {"mtu": 1500})],
        [WriteSysctl("net/ipv6/conf/eth0/accept_ra", "0", "1")],
        [WriteSysctl("net/ipv6/conf/default/accept_ra", "0", "1")],
    ],
    ids=lambda plan: str(plan[0]),
)
def test_the_host_after_the_plan_is_put_back_as_it_was(plan: Sequence[Op]) -> None:
    before = host()
    remembered = Remembered.from_json(remember(before, plan).to_json())
    back = rewind(after(before, *plan), remembered)
    assert (back.links, back.rules, back.sysctls) == (before.links, before.rules, before.sysctls)
    assert set(back.routes) == set(before.routes)
    assert {name: these for name, these in back.addresses.items() if these} == before.addresses


def test_what_is_born_meanwhile_stays_and_loses_only_a_controller_that_goes() -> None:
    before = host()
    plan = [CreateLink("br0", "bridge")]
    pod = [CreateLink("pod", "dummy"), SetLink("pod", "dummy", {"master": "br0"}, {"master": ""})]
    back = rewind(after(before, *plan, *pod), remember(before, plan))
    assert back.links.keys() == before.links.keys() | {"pod"}
    assert (back.links["pod"].master, back.links["pod"].port) == ("", {})


def test_what_is_born_meanwhile_on_a_link_that_goes_goes_with_it() -> None:
    before = host()
    above = CreateLink("v6", "vlan", {"link": "v5", "id": 6})
    assert "v6" not in rewind(after(before, VLAN, above), remember(before, [VLAN])).links


def test_another_route_in_a_place_that_is_touched_goes_and_one_beside_it_stays() -> None:
    before = host()
    squatter, beside = replace(ROUTE, hops=(Hop("eth0", "192.0.2.8"),)), replace(OTHER, metric=200)
    now = after(before, DeleteRoute(ROUTE), AddRoute(squatter), AddRoute(beside))
    back = rewind(now, remember(before, [DeleteRoute(ROUTE)]))
    assert set(back.routes) == {*before.routes, beside}


def test_a_link_deleted_by_somebody_else_is_put_back_when_it_was_touched() -> None:
    before = grown([VLAN, *UP])
    now = after(before, DeleteLink("v5", "vlan"))
    assert rewind(now, remember(before, [SetLink("v5", "vlan", {"mtu": 1400}, {})])).links == before.links
    assert "v5" not in rewind(now, remember(before, [SetLink("eth1", "", {"mtu": 1400}, {})])).links


@pytest.mark.parametrize("data", [b"", b"{}x", b"[]", b'{"host": 1}'])
def test_bytes_that_are_no_remembered_host_are_refused(data: bytes) -> None:
    with pytest.raises(NetworkError, match="not a remembered host"):
        Remembered.from_json(data)
