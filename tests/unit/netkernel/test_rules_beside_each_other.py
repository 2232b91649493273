"""Rules of one priority: the kernel tries them in order, and takes one for another where less is said."""

from __future__ import annotations

import errno

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netkernel.errors import KernelRefused
from netkernel.host import Host
from netkernel.ops import AddRule, DeleteRule
from netkernel.reconcile import reconcile
from netkernel.records import Rule
from netkernel.rewind import Remembered, remember
from netkernel.undo import undo
from tests.fake_kernel import FakeKernel

FROM = Rule(4, 100, table=5, source="192.0.2.0/24", protocol=4)
ANY = Rule(4, 100, table=5, protocol=4)
MARKED = Rule(4, 100, table=5, fwmark=1, fwmask=0xFF, protocol=4)
FOREIGN = Rule(4, 100, table=5, protocol=186)

orders = st.lists(st.sampled_from((FROM, ANY, MARKED, FOREIGN, Rule(6, 100, table=5))), max_size=5).map(tuple)


def lines(before: tuple[Rule, ...], target: tuple[Rule, ...]) -> list[str]:
    return [str(op) for op in reconcile(Host(rules=before), Host(rules=target))]


def test_a_rule_with_less_said_is_put_beside_the_one_the_kernel_takes_it_for() -> None:
    kernel = FakeKernel(Host(rules=(FROM,)))
    with pytest.raises(KernelRefused) as refused:
        kernel.execute([AddRule(ANY)])
    assert refused.value.errno == errno.EEXIST
    assert lines((FROM,), (FROM, ANY)) == ["add rule 100: ipv4 table 5 beside others"]
    assert lines((ANY,), (ANY, FROM)) == ["add rule 100: ipv4 from 192.0.2.0/24 table 5"]


def test_deleting_the_one_with_less_said_would_hit_the_one_before_it() -> None:
    kernel = FakeKernel(Host(rules=(FROM, ANY)))
    kernel.execute([DeleteRule(ANY)])
    assert kernel.snapshot().rules == (ANY,)
    assert lines((FROM, ANY), (FROM,)) == [
        "delete rule 100: ipv4 from 192.0.2.0/24 table 5",
        "delete rule 100: ipv4 table 5",
        "add rule 100: ipv4 from 192.0.2.0/24 table 5",
    ]


def test_what_stands_before_the_change_stays() -> None:
    assert lines((MARKED, FROM), (MARKED,)) == ["delete rule 100: ipv4 from 192.0.2.0/24 table 5"]


@settings(max_examples=200, deadline=None)
@given(orders, orders)
def test_any_order_can_be_reached_and_taken_back(before: tuple[Rule, ...], target: tuple[Rule, ...]) -> None:
    plan = reconcile(Host(rules=before), Host(rules=target))
    kernel = FakeKernel(Host(rules=before))
    kernel.execute(plan)
    assert by_family(kernel.snapshot().rules) == by_family(target)
    assert reconcile(kernel.snapshot(), Host(rules=target)) == ()
    remembered = Remembered.from_json(remember(Host(rules=before), plan).to_json())
    assert undo(kernel, remembered) == ()
    assert by_family(kernel.snapshot().rules) == by_family(before)


def by_family(rules: tuple[Rule, ...]) -> dict[int, list[Rule]]:
    return {family: [rule for rule in rules if rule.family == family] for family in (4, 6)}
