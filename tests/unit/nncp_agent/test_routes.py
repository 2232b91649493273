"""The routes section: append, absent with wildcards, equal-cost legs, and what show prints of kernel routes."""

from __future__ import annotations

from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.records import Hop, Route
from nncp_agent.model import RouteEntry, Routes, State
from nncp_agent.observe import present
from nncp_agent.sections import routes

GATEWAY = "192.0.2.1"
DEFAULT = Route("0.0.0.0/0", (Hop("eth1", GATEWAY),), metric=100)
ECMP = Route("10.0.0.0/8", (Hop("eth1", GATEWAY, 1), Hop("eth2", "198.51.100.1", 3)))


def entry(destination: str | None = "10.0.0.0/8", link: str | None = "eth1", **more: object) -> RouteEntry:
    return RouteEntry(destination=destination, next_hop_interface=link, **more)  # type: ignore[arg-type]


def observed(host: Host) -> Routes:
    found = present(host).routes
    assert found is not None
    return found


def target(*entries: RouteEntry, before: tuple[Route, ...] = ()) -> tuple[Route, ...]:
    return routes.target(entries, before, lambda link, gateway: True)


def test_destination_host_bits_are_masked_and_a_bare_address_is_a_host_route() -> None:
    assert [route.destination for route in target(entry("10.1.2.3/8"), entry("10.1.2.3"))] == [
        "10.0.0.0/8",
        "10.1.2.3/32",
    ]


def test_table_0_is_main_and_metric_minus_1_is_the_kernels_default() -> None:
    (four, six) = target(entry(table_id=0, metric=-1), entry("2001:db8::/32", metric=-1))
    assert (four.table, four.metric, six.metric) == (254, 0, 1024)


def test_a_route_equal_but_for_the_metric_counts_as_present() -> None:
    assert target(entry("0.0.0.0/0", next_hop_address=GATEWAY), before=(DEFAULT,)) == (DEFAULT,)


def test_absent_and_added_with_another_metric_changes_the_metric() -> None:
    gone = entry("0.0.0.0/0", state=State.ABSENT)
    (only,) = target(gone, entry("0.0.0.0/0", next_hop_address=GATEWAY, metric=7), before=(DEFAULT,))
    assert only.metric == 7


def test_absent_alone_removes_everything_in_config_and_nothing_else() -> None:
    learned = Route("::/0", (Hop("eth1", "fe80::1"),), protocol=9, metric=1024)
    assert target(RouteEntry(state=State.ABSENT), before=(DEFAULT, ECMP, learned)) == (learned,)


def test_absent_by_gateway_takes_one_leg_and_the_last_one_has_no_weight() -> None:
    (left,) = target(RouteEntry(state=State.ABSENT, next_hop_address=GATEWAY), before=(ECMP,))
    assert left.hops == (Hop("eth2", "198.51.100.1"),)


def test_weighted_entries_become_one_route_with_legs() -> None:
    (route,) = target(
        entry(next_hop_address=GATEWAY, weight=1), entry(link="eth2", next_hop_address="198.51.100.1", weight=3)
    )
    assert route.hops == ECMP.hops


def test_a_leg_with_another_weight_replaces_the_old_one() -> None:
    (route,) = target(entry(next_hop_address=GATEWAY, weight=9), before=(ECMP,))
    assert {hop.link: hop.weight for hop in route.hops} == {"eth1": 9, "eth2": 3}


def test_a_weight_nobody_states_does_not_count() -> None:
    assert target(entry(next_hop_address=GATEWAY), before=(ECMP,)) == (ECMP,)


def test_the_weight_of_a_route_by_itself_is_none() -> None:
    alone = entry(next_hop_address=GATEWAY, weight=9)
    (route,) = target(alone)
    assert route.hops == (Hop("eth1", GATEWAY),)
    assert target(alone, before=(route,)) == (route,)
    costly = replace(route, metric=100)
    assert target(alone, before=(costly,)) == (costly,)
    assert list(routes.differences([alone], Host(routes=(route,)))) == []
    assert list(routes.differences([alone], Host(routes=(ECMP,)))) != []


def test_a_leg_that_stood_alone_gets_its_weight_with_the_second() -> None:
    (alone,) = target(entry(next_hop_address=GATEWAY, weight=9))
    second = entry(link="eth2", next_hop_address="198.51.100.1", weight=3)
    (route,) = target(entry(next_hop_address=GATEWAY, weight=9), second, before=(alone,))
    assert {hop.link: hop.weight for hop in route.hops} == {"eth1": 9, "eth2": 3}


def test_ipv6_routes_by_gateways_with_one_metric_join() -> None:
    (route,) = target(
        entry("2001:db8::/32", next_hop_address="fe80::1"), entry("2001:db8::/32", "eth2", next_hop_address="fe80::2")
    )
    assert [hop.link for hop in route.hops] == ["eth1", "eth2"]


def test_typed_routes_have_no_way_out_whatever_device_the_kernel_shows() -> None:
    (route,) = target(entry("2001:db8::/32", "lo", route_type="blackhole"))
    assert (route.kind, route.hops) == ("blackhole", ())
    shown = Route("2001:db8::/32", (Hop("lo"),), kind="blackhole", metric=1024)
    assert target(entry("2001:db8::/32", None, route_type="blackhole"), before=(shown,)) == (shown,)


def test_a_window_is_locked_and_only_a_locked_one_counts() -> None:
    (route,) = target(entry(cwnd=20))
    assert route.metrics == ((1, 1 << 7), (7, 20))
    unlocked = Route("10.0.0.0/8", (Hop("eth1"),), metrics=((7, 20),))
    assert [each.metrics for each in routes.legs(unlocked)] == [()]


def test_what_a_route_tells_tcp_is_written_read_and_shown_in_the_same_words() -> None:
    words = {"mtu": 1400, "lock_mtu": True, "advmss": 1360, "initcwnd": 20, "initrwnd": 40, "quickack": True}
    asked = entry(**words)
    (route,) = target(asked)
    assert route.metrics == ((1, 1 << 2), (2, 1400), (8, 1360), (11, 20), (14, 40), (15, 1))
    (shown,) = observed(Host(routes=(route,))).config or ()
    assert {word: getattr(shown, word) for word in words} == words
    assert target(asked, before=(route,)) == (route,)


def test_routes_of_which_only_one_has_an_mtu_are_not_the_same() -> None:
    (route,) = target(entry(mtu=1400))
    assert target(RouteEntry(state=State.ABSENT, mtu=1300), before=(route,)) == (route,)
    assert target(RouteEntry(state=State.ABSENT, quickack=True), before=(route,)) == (route,)
    assert target(RouteEntry(state=State.ABSENT, quickack=False, mtu=1400), before=(route,)) == ()
    assert len(target(entry(metric=5), before=(route,))) == 2


def test_an_ignored_entry_asks_for_nothing() -> None:
    assert target(entry(state=State.IGNORE), before=(DEFAULT,)) == (DEFAULT,)


def test_show_lists_ipv6_first_then_by_interface_and_destination() -> None:
    host = Host(routes=(DEFAULT, ECMP, Route("2001:db8::/32", (Hop("eth2"),), metric=1024)))
    shown = [(each.destination, each.next_hop_interface) for each in observed(host).config or ()]
    assert shown == [
        ("2001:db8::/32", "eth2"),
        ("0.0.0.0/0", "eth1"),
        ("10.0.0.0/8", "eth1"),
        ("10.0.0.0/8", "eth2"),
    ]


def test_a_gateway_off_the_link_is_used_as_on_the_link() -> None:
    (route,) = routes.target([entry(next_hop_address="203.0.113.9")], (), lambda link, gateway: False)
    assert route.hops[0].flags == routes.ONLINK


def test_the_same_entry_twice_is_one_route() -> None:
    assert len(target(entry(next_hop_address=GATEWAY), entry(next_hop_address=GATEWAY))) == 1


def test_show_flattens_legs_with_weights_and_fills_in_no_next_hop() -> None:
    shown = observed(Host(routes=(ECMP, Route("203.0.113.0/24", (Hop("eth1"),), scope=253))))
    assert [(each.next_hop_interface, each.weight) for each in shown.config or ()] == [
        ("eth1", 1),
        ("eth1", None),
        ("eth2", 3),
    ]
    assert (shown.config or ())[1].next_hop_address == "0.0.0.0"


def test_learned_routes_are_running_and_not_config() -> None:
    shown = observed(Host(routes=(Route("::/0", (Hop("eth1", "fe80::1"),), protocol=9, metric=1024),)))
    assert (len(shown.running or ()), shown.config) == (1, ())


def test_two_routes_the_kernel_would_not_hold_side_by_side_conflict() -> None:
    other = Route("0.0.0.0/0", (Hop("eth2", "198.51.100.1"),), metric=100)
    assert list(routes.conflicts((DEFAULT, other))) == [(DEFAULT, other)]
    assert list(routes.conflicts((DEFAULT, ECMP))) == []


def test_differences_name_the_missing_and_the_still_there() -> None:
    host = Host(routes=(DEFAULT,))
    wanted = (entry(next_hop_address=GATEWAY), entry("0.0.0.0/0", state=State.ABSENT))
    assert list(routes.differences(wanted, host)) == [
        "routes: 10.0.0.0/8 via 192.0.2.1 on eth1: wanted, not found",
        "routes: 0.0.0.0/0 via 192.0.2.1 on eth1: wanted absent, found",
    ]
    assert list(routes.differences((wanted[1],), Host())) == []
