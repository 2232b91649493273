"""The decision as a whole: it settles, a second one is empty, and what is shown can be asked for."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest
from hypothesis import assume, given, settings

from netkernel.documents import Document
from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.ops import Op
from netkernel.records import Attrs
from nncp_agent.errors import InvalidPolicy
from nncp_agent.model import NetworkState
from nncp_agent.observe import present
from nncp_agent.plan import Decision, decide
from nncp_agent.verify import differences
from nncp_agent.wire import decode, encode
from tests.fake_kernel import FakeKernel
from tests.host_text import policy, read_host
from tests.policies import policies
from tests.strategies import grown, histories

NICS = read_host("""
links: {eth0: , eth1: {up: false}, eth2: {ipv6: true}, eth3: {addresses: [192.0.2.1/24]}}
namespaces: [blue, red]
""")


def valid(desired: NetworkState, before: Host) -> Decision:
    """The decision, for policies that can hold."""
    try:
        return decide(desired, before)
    except InvalidPolicy:
        assume(False)
        raise


def reached(decision: Decision) -> Host:
    kernel = FakeKernel(decision.before)
    kernel.execute(decision.ops)
    return kernel.snapshot()


@settings(max_examples=150, deadline=None)
@given(policies(elsewhere=True), policies(elsewhere=True))
def test_any_plan_settles_and_the_same_policy_again_plans_nothing(first: NetworkState, second: NetworkState) -> None:
    host = reached(valid(first, NICS))
    decision = valid(second, host)
    after = reached(decision)
    assert differences(decision, after) == ()
    assert [str(op) for op in decide(second, after).ops] == []


@settings(max_examples=100, deadline=None)
@given(policies(elsewhere=True), policies(elsewhere=True))
def test_what_is_shown_can_be_asked_for_and_plans_nothing(first: NetworkState, second: NetworkState) -> None:
    host = reached(valid(second, reached(valid(first, NICS))))
    assert [str(op) for op in decide(present(host), host).ops] == []


@settings(max_examples=150, deadline=None)
@given(histories)
def test_whatever_a_host_looks_like_asking_for_it_plans_nothing(history: Sequence[Op]) -> None:
    host = grown(history)
    assert [str(op) for op in decide(present(host), host).ops] == []
    shown = decode([Document(encode(present(host)))]).desired
    assert [str(op) for op in decide(shown, host).ops] == []


def test_the_kernel_is_asked_only_about_options_that_would_change() -> None:
    asked: list[str] = []

    def refusals(kind: str, attrs: Attrs) -> dict[str, str]:
        asked.append(kind)
        return {}

    host = read_host("links: {bond0: {kind: bond, mode: active-backup, miimon: 100}}")
    wanted = "interfaces: [{name: bond0, type: bond, link-aggregation: {mode: active-backup, options: {miimon: %d}}}]"
    decide(policy(wanted % 100), host, refusals=refusals)
    assert asked == []
    decide(policy(wanted % 200), host, refusals=refusals)
    assert asked == ["bond"]


def test_a_kernel_without_bonds_is_one_problem() -> None:
    with pytest.raises(InvalidPolicy) as caught:
        decide(
            policy("interfaces: [{name: bond0, type: bond, link-aggregation: {mode: balance-rr}}]"),
            Host(),
            refusals=lambda kind, attrs: {"": "kernel 7.2.0 refuses it: Unknown device type"},
        )
    assert str(caught.value) == "bond0: type: found bond: kernel 7.2.0 refuses it: Unknown device type"


def test_ops_on_a_precious_link_and_below_it_are_important() -> None:
    host = read_host("""
links:
  eth1: {addresses: [192.0.2.2/24]}
  eth1.5: {kind: vlan, link: eth1, id: 5, addresses: [198.51.100.2/24]}
  eth2:
""")
    desired = policy("interfaces: [{name: eth1, type: ethernet, mtu: 9000}, {name: eth2, type: ethernet, mtu: 9000}]")
    decision = decide(desired, host, precious=frozenset({"eth1.5"}))
    assert [str(decision.ops[position]) for position in decision.important] == ["set eth1 mtu 1500 -> 9000"]


def test_what_only_the_model_of_the_kernel_knows_to_be_refused_is_a_problem_of_the_policy() -> None:
    route = {"destination": "198.51.100.0/24", "next-hop-interface": "eth3", "source": "10.7.7.7"}
    desired = decode([Document({"routes": {"config": [route]}})]).desired
    with pytest.raises(InvalidPolicy, match=r"the kernel would not take this: add route 198\.51\.100\.0/24 on eth3"):
        decide(desired, NICS)


def test_all_problems_come_at_once() -> None:
    with pytest.raises(InvalidPolicy) as caught:
        decide(
            policy("""
interfaces:
- {name: eth7, type: ethernet}
- {name: eth1, type: ethernet, mtu: 99999}
- {name: v5, type: vlan, vlan: {base-iface: eth8, id: 5}}
routes: {config: [{destination: 10.0.0.0/8, next-hop-interface: eth9}]}
"""),
            NICS,
        )
    assert len(caught.value.problems) == 4


def test_a_thousand_vlans_with_nothing_to_change_are_decided_without_looking_at_pairs() -> None:
    """Twice the interfaces cost about twice the time: a ratio, so that a slow machine does not matter."""

    def cost(count: int) -> float:
        host = read_host("links: {eth1: }")
        base = host.links["eth1"]
        vlan = {
            "link": "eth1",
            "protocol": "802.1q",
            "reorder_hdr": True,
            "gvrp": False,
            "mvrp": False,
            "loose_binding": False,
        }
        links = {
            f"v{number}": replace(
                base, name=f"v{number}", kind="vlan", attrs={**base.attrs, **vlan, "id": number}, perm_address=""
            )
            for number in range(1, count + 1)
        }
        host = replace(host, links={**host.links, **links})
        desired = present(host)
        best = float("inf")
        for _ in range(3):
            started = time.process_time()
            assert decide(desired, host).ops == ()
            best = min(best, time.process_time() - started)
        return best

    assert cost(1000) < 6 * cost(250)
