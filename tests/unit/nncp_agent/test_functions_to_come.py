"""Virtual functions that a policy makes and uses: planned as far as can be, refused before anything is made."""

from __future__ import annotations

import pytest

from nncp_agent.errors import InvalidPolicy
from nncp_agent.plan import Decision, decide
from tests.host_text import policy, read_host

HOST = read_host("""
links:
  eth0: {addresses: [192.0.2.2/24]}
  eth1: {parent: "pci/0000:00:03.0", altnames: [uplink]}
ethtool:
  eth1: {sr-iov: {total-vfs: 0, total-vfs-max: 8, drivers-autoprobe: true}}
""")
MAKES = "{name: eth1, type: ethernet, state: up, ethernet: {sr-iov: {total-vfs: 2}}}"
BOND = "{name: bond1, type: bond, link-aggregation: {mode: active-backup, port: ['sriov:eth1:0', 'sriov:uplink:1']}}"


def decided(*interfaces: str) -> Decision:
    return decide(policy(f"interfaces: [{', '.join(interfaces)}]"), HOST)


def test_the_nic_comes_first_and_the_rest_is_foretold_under_guessed_names() -> None:
    decision = decided(BOND, MAKES)
    assert decision.first is not None
    assert [str(op) for op in decision.first.ops] == [str(decision.ops[0])] == ["set eth1 sr-iov total-vfs 0 -> 2"]
    assert [op.name for op in decision.ops if type(op).__name__ == "CreateLink"] == ["bond1"]
    assert {"set eth1v0 ", "set eth1v1 "} <= {str(op)[:11] for op in decision.ops}
    assert str(decision.warnings[0]).startswith(
        "eth1: what the interfaces of its virtual functions are called is a guess"
    )


@pytest.mark.parametrize(
    ("interfaces", "words"),
    [
        ((MAKES, BOND.replace("eth1:0", "eth1:2")), "sriov:eth1:2: eth1 has 2 virtual functions, wanted at least 3"),
        ((MAKES, BOND, "{name: sriov:eth1:0, mtu: 1}"), "mtu"),
        ((MAKES, BOND, "{name: eth9, type: ethernet}"), "eth9"),
        ((MAKES.replace("2}}", "9}}"), BOND), "total-vfs"),
        ((MAKES.replace("eth1", "eth0"), BOND.replace("eth1", "eth0").replace("uplink", "eth0")), "eth0: ethernet"),
    ],
)
def test_what_cannot_be_is_refused_before_they_are_made(interfaces: tuple[str, ...], words: str) -> None:
    with pytest.raises(InvalidPolicy, match=words):
        decided(*interfaces)


def test_where_all_is_there_or_nothing_is_used_all_is_planned_at_once() -> None:
    assert decided(MAKES).first is None
    assert decided(MAKES, "{name: 'sriov:eth1:0', type: ethernet, state: absent}").first is None
