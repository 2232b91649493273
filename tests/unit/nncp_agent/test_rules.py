"""`route-rules`: what a policy means by them, what is shown of them, what is remembered."""

from __future__ import annotations

import pytest

from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.records import Rule
from nncp_agent import observe, shown
from nncp_agent.committed import commit
from nncp_agent.components import components
from nncp_agent.diff import differences
from nncp_agent.model import NetworkState
from nncp_agent.plan import decide
from nncp_agent.sections.rules import FIRST, LAST, matches
from nncp_agent.writer import encode
from tests.fake_kernel import FakeKernel
from tests.host_text import policy, read_host

NICS = read_host("links: {eth1: }")


def rules(*entries: str) -> NetworkState:
    return policy("route-rules: {config: [" + ", ".join(f"{{{entry}}}" for entry in entries) + "]}")


def after(desired: NetworkState, host: Host = NICS) -> Host:
    kernel = FakeKernel(host)
    kernel.execute(decide(desired, host).ops)
    return kernel.snapshot()


def priorities(host: Host) -> list[int]:
    return [rule.priority for rule in host.rules]


def test_rules_of_ipv6_are_shown_before_those_of_ipv4() -> None:
    several = ("family: ipv4, priority: 7", "family: ipv6, priority: 9", "family: ipv4, priority: 8")
    found = shown.sections(after(rules(*several)))["route-rules"]["config"]
    assert [(each["family"], each["priority"]) for each in found] == [("ipv6", 9), ("ipv4", 7), ("ipv4", 8)]


def test_what_is_shown_can_be_asked_for_and_changes_nothing() -> None:
    host = after(
        rules("ip-from: 192.0.2.0/24, route-table: 5", "family: ipv6, fwmark: 0x10, iif: eth1, action: blackhole")
    )
    state = observe.present(host)
    assert encode(state)["route-rules"]["config"] == shown.sections(host)["route-rules"]["config"]
    assert shown.sections(host)["route-rules"]["config"][0] == {
        "family": "ipv6", "priority": 30001, "fwmark": "0x10", "fwmask": "0xffffffff", "action": "blackhole",
        "iif": "eth1",
    }  # fmt: skip
    assert decide(state, host).ops == ()


@pytest.mark.parametrize(
    "rule",
    [
        Rule(4, 1, table=255, protocol=2),
        Rule(4, 1000, extra=b"\x05\x00\x13\x00\x01\x00\x00\x00", protocol=3),
        Rule(4, 1, table=5, invert=True),
        Rule(4, 1, table=5, oif="eth1"),
        Rule(4, 1, table=5, tos=16),
        Rule(4, 1, action=3),
        Rule(4, 1, table=5, protocol=186),
    ],
)
def test_a_rule_that_no_policy_has_words_for_is_neither_shown_nor_taken_away(rule: Rule) -> None:
    host = replace(NICS, rules=(rule,))
    assert shown.sections(host)["route-rules"] == {"config": []}
    assert decide(rules("state: absent"), host).ops == ()


def test_a_rule_of_a_routing_daemon_is_shown_and_not_taken_away() -> None:
    host = replace(NICS, rules=(Rule(4, 7, table=5, protocol=16),))
    assert len(shown.sections(host)["route-rules"]["config"]) == 1
    assert decide(rules("state: absent"), host).ops == ()


def test_numbers_go_on_above_the_highest_and_then_where_there_is_room() -> None:
    used = tuple(Rule(4, number, table=5, protocol=4) for number in (FIRST, LAST))
    assert priorities(after(rules("family: ipv4"), replace(NICS, rules=used[:1]))) == [FIRST, FIRST + 1]
    assert priorities(after(rules("family: ipv4", "family: ipv6"), replace(NICS, rules=used)))[2:] == [
        LAST - 1,
        LAST - 2,
    ]


def test_the_same_rule_twice_is_one() -> None:
    assert priorities(after(rules("ip-from: 192.0.2.9/24", "ip-from: 192.0.2.0/24, family: ipv4"))) == [FIRST]


def test_a_rule_that_is_asked_for_stays_though_a_pattern_matches_it() -> None:
    host = after(rules("ip-from: 192.0.2.0/24", "ip-from: 198.51.100.0/24"))
    left = after(rules("state: absent", "ip-from: 192.0.2.0/24"), host)
    assert [rule.source for rule in left.rules] == ["192.0.2.0/24"]


def test_everything_as_a_network_is_no_condition() -> None:
    host = after(rules("ip-from: 0.0.0.0/0, route-table: 5"))
    assert host.rules[0].source == ""
    assert decide(rules("family: ipv4, route-table: 5"), host).ops == ()


def test_what_an_absent_rule_does_not_say_matches_anything() -> None:
    full = after(rules("ip-from: 192.0.2.0/24, ip-to: 198.51.100.0/24, iif: eth1, fwmark: 1, priority: 9")).rules[0]
    for text in ("", "family: ipv4", "ip-to: 198.51.100.0/24", "priority: -1", "route-table: 0", "fwmark: 1"):
        (pattern,) = rules(f"state: absent, {text}").route_rules.config  # type: ignore[union-attr,misc]
        assert matches(pattern, full), text
    for text in ("family: ipv6", "ip-from: ''", "ip-to: ''", "priority: 8", "route-table: 5", "fwmark: 2", "iif: ''"):
        (pattern,) = rules(f"state: absent, {text}").route_rules.config  # type: ignore[union-attr,misc]
        assert not matches(pattern, full), text


def test_a_rule_is_remembered_with_its_number_until_a_policy_makes_it_absent() -> None:
    decision = decide(rules("ip-from: 192.0.2.0/24, route-table: 5"), NICS)
    kept = commit(NetworkState(), decision.desired)
    assert encode(kept)["route-rules"]["config"][0]["priority"] == FIRST
    assert components(kept) == (kept,)
    assert commit(kept, rules("family: ipv6, priority: 7")).route_rules != kept.route_rules
    assert commit(kept, rules("state: absent, route-table: 5")) == NetworkState()
    assert commit(kept, rules("state: absent, priority: 7")) == kept


def test_a_difference_is_a_rule_that_is_not_there() -> None:
    old = {"route-rules": {"config": [{"ip-from": "192.0.2.0/24", "priority": 7}]}}
    new = {"route-rules": {"config": [{"ip-from": "192.0.2.0/24"}, {"ip-to": "192.0.2.0/24"}]}}
    assert differences(new, old) == {"route-rules": {"config": [{"ip-to": "192.0.2.0/24"}]}}
