"""Which policies come first: what others need, then priority, then the name; who need each other are one step."""

from __future__ import annotations

import pytest

from nncp_agent.node.order import Wanting, needs, provides, steps
from tests.host_text import policy

BOND = "{name: bond1, type: bond, state: up, link-aggregation: {mode: active-backup, port: [eth2]}}"
VLAN = "{name: bond1.7, type: vlan, state: up, vlan: {base-iface: bond1, id: 7}}"
BRIDGE = "{name: br1, type: linux-bridge, state: up, bridge: {port: [{name: bond1.7}]}}"
ROUTE = "[{destination: 203.0.113.0/24, next-hop-interface: br1, next-hop-address: 192.0.2.1}]"
MADE = {
    "a-route": f"{{routes: {{config: {ROUTE}}}}}",
    "b-bridge": f"interfaces: [{BRIDGE}]",
    "c-vlan": f"interfaces: [{VLAN}]",
    "d-bond": f"interfaces: [{BOND}]",
    "e-alone": "interfaces: [{name: dummy0, type: dummy, state: up}]",
}


def _steps(priorities: dict[str, int] | None = None, **more: str) -> list[tuple[str, ...]]:
    texts = {**MADE, **more}
    return list(steps(Wanting(name, (priorities or {}).get(name, 0), policy(text)) for name, text in texts.items()))


@pytest.mark.parametrize("priorities", [{}, {"a-route": 9, "b-bridge": 5}], ids=["equal", "the last ones first"])
def test_what_others_need_comes_first_whatever_the_priority(priorities: dict[str, int]) -> None:
    order = [name for step in _steps(priorities) for name in step]
    assert [name for name in order if name != "e-alone"] == ["d-bond", "c-vlan", "b-bridge", "a-route"]


def test_where_nobody_needs_another_it_is_priority_and_then_the_name() -> None:
    texts = {name: MADE["e-alone"].replace("dummy0", f"dummy{number}") for number, name in enumerate("cab")}
    found = steps(Wanting(name, 1 if name == "b" else 0, policy(text)) for name, text in texts.items())
    assert found == (("b",), ("a",), ("c",))


def test_those_that_need_each_other_are_one_step_after_what_both_need() -> None:
    bond = BOND.replace("state: up,", "state: up, controller: br1,")
    bridge = BRIDGE.replace("bond1.7", "bond1")
    found = _steps(**{"d-bond": f"interfaces: [{bond}]", "b-bridge": f"interfaces: [{bridge}]"})
    assert found.index(("b-bridge", "d-bond")) < found.index(("c-vlan",))


def test_what_a_policy_needs_and_provides() -> None:
    whole = policy(f"{{interfaces: [{BOND}, {VLAN}, {{name: eth9, type: ethernet}}], routes: {{config: {ROUTE}}}}}")
    assert provides(whole) == {"bond1", "bond1.7"}
    assert needs(whole) == {"eth2", "eth9", "br1"}
    assert needs(policy("interfaces: [{name: bond1, type: bond, state: absent}]")) == frozenset()
