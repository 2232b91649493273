"""Another node, made up of what it says of itself: what a policy would change there is what it would change here."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from netkernel.documents import read
from netkernel.host import Host
from nncp_agent import shown, wire
from nncp_agent.cli.reported.elsewhere import host_of
from nncp_agent.errors import InvalidPolicy
from nncp_agent.objects.node_state import current_state
from nncp_agent.plan import decide
from tests.unit.cli.command import NODE

EXAMPLES: Final = Path(__file__).parents[4] / "deploy" / "examples"


def published(host: Host) -> dict[str, object]:
    return current_state(shown.state(host))


def test_it_shows_what_the_state_says() -> None:
    state = published(NODE)
    made = {each["name"]: each for each in shown.state(host_of(dict(state)))["interfaces"]}
    for each in state["interfaces"]:  # type: ignore[attr-defined]  # a tree
        if each["type"] in ("ethernet", "bond", "vlan", "linux-bridge"):
            there = made[each["name"]]
            assert {key: there[key] for key in ("type", "state", "mtu")} == {
                key: each[key] for key in ("type", "state", "mtu")
            }
            assert there["ipv4"].get("address") == each["ipv4"].get("address")


@pytest.mark.parametrize("name", ["worker-bond1", "vlan-aware-bridge", "dummy", "static-routes", "bond-vlan", "remove"])
def test_a_plan_for_it_is_the_plan_of_the_node_itself(name: str) -> None:
    text = (EXAMPLES / f"{name}.yaml").read_text().replace("eth1", "eth3").replace("bond0", "bond7")
    desired = wire.read(read(text.encode(), name)).desired
    try:
        there = [str(op) for op in decide(desired, NODE).ops]
    except InvalidPolicy as error:
        with pytest.raises(InvalidPolicy) as also:
            decide(desired, host_of(dict(published(NODE))))
        assert also.value.problems == error.problems
        return
    assert [str(op) for op in decide(desired, host_of(dict(published(NODE)))).ops] == there


def test_what_is_up_has_carrier_for_a_state_says_nothing_of_cables() -> None:
    links = host_of(dict(published(NODE))).links
    assert {link.carrier for link in links.values() if link.up} == {True}
