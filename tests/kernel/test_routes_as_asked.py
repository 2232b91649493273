"""Routes asked for in nmstate's form, on a real kernel: what is asked is shown, and what is absent is gone."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nncp_agent import api
from nncp_agent.errors import InvalidPolicy
from tests.kernel.asked import Asked, State, make_nics

pytestmark = pytest.mark.needs_kernel("veth", "bridge", "dummy", "ipv6")

NIC: State = {
    "name": "eth1",
    "type": "ethernet",
    "state": "up",
    "ipv4": {"enabled": True, "dhcp": False, "address": [{"ip": "192.0.2.9", "prefix-length": 24}]},
    "ipv6": {"enabled": True, "autoconf": False, "address": [{"ip": "2001:db8:1::9", "prefix-length": 64}]},
}
FOUR, SIX = ("203.0.113.0/24", "192.0.2.1"), ("2001:db8:e::/64", "2001:db8:1::1")


QUICK = "net.ipv6.conf.default.dad_transmits=0"
"""Without duplicate address detection, which only one test here is about."""


@pytest.fixture
def nics(netns: str, another_netns: Callable[[], str], tmp_path: Path) -> Asked:
    make_nics("eth1", "eth2", far=another_netns())
    return Asked(tmp_path / "state")


@pytest.fixture
def host(netns: str, another_netns: Callable[[], str], tmp_path: Path) -> Asked:
    subprocess.run(["sysctl", "-qw", QUICK], check=True)
    make_nics("eth1", "eth2", far=another_netns())
    host = Asked(tmp_path / "state")
    host.apply(NIC)
    return host


def route(to: tuple[str, str], **more: Any) -> State:
    said = {key.replace("_", "-"): value for key, value in more.items()}
    return {"destination": to[0], "next-hop-interface": "eth1", "next-hop-address": to[1], **said}


def ask(host: Asked, *routes: State, interfaces: tuple[State, ...] = ()) -> api.Outcome:
    return api.apply(document(*routes, interfaces=interfaces), checks=None, state_dir=host.state_dir)


def document(*routes: State, interfaces: tuple[State, ...] = ()) -> State:
    return {"interfaces": list(interfaces), "routes": {"config": list(routes)}}


def shown(host: Asked, section: str = "config") -> list[State]:
    listed = api.show(state_dir=host.state_dir)["routes"][section]
    assert isinstance(listed, list)
    return listed


def settled(host: Asked, *routes: State) -> None:
    """Every route asked for is shown as it was asked; asking again, or for what is shown, changes nothing."""
    for section in ("config", "running"):
        for wanted in routes:
            table = {} if wanted.get("table-id") else {"table-id": 254}
            asked = {key: value for key, value in {**wanted, **table}.items() if key != "metric" and value is not False}
            assert any(asked.items() <= each.items() for each in shown(host, section)), (asked, shown(host, section))
    assert api.plan(document(*routes), state_dir=host.state_dir) == []
    assert api.plan(api.show(state_dir=host.state_dir), state_dir=host.state_dir) == []


def iproute(family: int, table: str = "main") -> str:
    return subprocess.run(
        ["ip", f"-{family}", "route", "show", "table", table], check=True, capture_output=True, text=True
    ).stdout


@pytest.mark.parametrize(
    ("four", "six"),
    [
        ({"cwnd": 20}, {"cwnd": 20}),
        ({"initcwnd": 20, "initrwnd": 40}, {"initcwnd": 40, "initrwnd": 20}),
        ({"mtu": 1400}, {"mtu": 1280}),
        ({"mtu": 1400, "lock_mtu": True}, {"mtu": 1280, "lock_mtu": True}),
        ({"quickack": True}, {"quickack": False}),
        ({"advmss": 1400}, {"advmss": 1380}),
        ({"metric": 503, "table_id": 50}, {"metric": 503, "table_id": 51}),
        ({"table_id": 100000}, {"table_id": 100000}),
        ({"table_id": 255}, {"table_id": 255}),
    ],
)
def test_whatever_a_route_says_is_shown_again(host: Asked, four: dict[str, Any], six: dict[str, Any]) -> None:
    routes = (route(FOUR, **four), route(SIX, **six))
    ask(host, *routes)
    settled(host, *routes)
    ask(host, *({**each, "state": "absent"} for each in routes))
    assert shown(host) == []


def test_absent_by_one_word_takes_the_routes_that_have_it_and_the_new_ones_take_their_place(host: Asked) -> None:
    ask(host, route(FOUR, mtu=1400), route(SIX, mtu=1400))
    ask(host, {"state": "absent", "mtu": 1400}, route(FOUR, mtu=1300), route(SIX, mtu=1300))
    assert sorted(each["mtu"] for each in shown(host)) == [1300, 1300]


def test_an_ignored_route_is_not_added_and_one_over_an_ignored_interface_is_refused(host: Asked) -> None:
    ask(host, route(FOUR, state="ignore"), route(SIX, state="ignore"))
    assert shown(host) == []
    ignored = {"name": "eth1", "state": "ignore"}
    with pytest.raises(InvalidPolicy, match="eth1 is ignored"):
        ask(host, route(FOUR), interfaces=(ignored,))
    ask(host, route(FOUR, state="ignore"), interfaces=(ignored,))
    with pytest.raises(InvalidPolicy, match="eth1 is ignored"):
        ask(host, route(FOUR))


def test_routes_are_shown_ipv6_first_and_by_interface(host: Asked) -> None:
    ask(host, route(("192.168.2.0/24", "192.0.2.3"), metric=108), route(SIX, metric=108))
    assert [each["destination"] for each in shown(host)] == ["2001:db8:e::/64", "192.168.2.0/24"]


def test_routing_daemons_routes_are_neither_shown_nor_taken_away(host: Asked) -> None:
    subprocess.run(["ip", "route", "add", "203.0.113.0/25", "dev", "eth1", "proto", "186"], check=True)
    assert shown(host, "running") == []
    ask(host, {"state": "absent"})
    assert "203.0.113.0/25" in iproute(4)


def test_equal_cost_legs_come_together_and_go_together(host: Asked) -> None:
    legs = (route(("0.0.0.0/0", "192.0.2.2"), weight=1), route(("0.0.0.0/0", "192.0.2.3"), weight=256))
    ask(host, *legs)
    settled(host, *legs)
    ask(host, *({**leg, "state": "absent"} for leg in legs))
    assert shown(host) == []


def test_typed_routes_come_and_go_and_have_no_interface(host: Asked) -> None:
    typed = (
        {"destination": "203.0.113.0/24", "next-hop-interface": "lo", "route-type": "blackhole"},
        {"destination": "2001:db8:e::/64", "route-type": "unreachable"},
        {"destination": "0.0.0.0/8", "route-type": "prohibit"},
    )
    ask(host, *typed)
    assert [each.get("next-hop-interface") for each in shown(host)] == [None] * 3
    assert api.plan(document(*typed), state_dir=host.state_dir) == []
    ask(host, *({**each, "state": "absent"} for each in typed))
    assert shown(host) == []


@pytest.mark.parametrize("change", [{"state": "down"}, {"state": "absent"}])
def test_routes_go_with_their_interface(host: Asked, change: State) -> None:
    ask(host, route(FOUR), route(SIX))
    ask(host, interfaces=({"name": "eth1", "type": "ethernet", **change},))
    assert shown(host) == []


def test_routes_of_a_family_go_with_it(host: Asked) -> None:
    ask(host, route(FOUR), route(SIX))
    ask(host, interfaces=({"name": "eth1", "ipv4": {"enabled": False}},))
    assert [each["destination"] for each in shown(host)] == ["2001:db8:e::/64"]


def test_a_gateway_is_used_although_no_address_says_that_it_is_on_the_link(host: Asked) -> None:
    bare = {**NIC, "ipv4": {"enabled": True, "address": []}, "ipv6": {"enabled": True, "address": []}}
    ask(host, route(FOUR), route(SIX), interfaces=(bare,))
    settled(host, route(FOUR), route(SIX))


def test_a_route_may_name_the_source_that_comes_with_it_and_comes_back_with_it(nics: Asked) -> None:
    routes = (route(FOUR, source="192.0.2.9"), route(SIX, source="2001:db8:1::9"))
    ask(nics, *routes, interfaces=(NIC,))
    settled(nics, *routes)
    with_link_off = api.apply(
        {"interfaces": [{"name": "eth1", "state": "down"}]}, checks=None, commit=False, state_dir=nics.state_dir
    )
    assert shown(nics) == []
    assert api.rollback(with_link_off.checkpoint, state_dir=nics.state_dir) == ()
    settled(nics, *routes)
