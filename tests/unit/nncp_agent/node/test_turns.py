"""What becomes of policies on a node: order, conflicts, failures, drift, deletion; over the model of a kernel."""

from pathlib import Path

import pytest

from netkernel.documents import read
from netkernel.ops import CreateLink, DeleteLink, SetLink
from nncp_agent.node.doors import ThisNode
from tests.host_text import host
from tests.node_stand import Stand

SEEDS = Path(__file__).parents[4] / "deploy" / "examples"
NICS = "links:\n  eth1: {}\n  eth2: {}\n  eth3: {}\n"
BOND = """
interfaces:
- {name: bond1, type: bond, state: up, mtu: 1450, link-aggregation: {mode: active-backup, port: [eth2, eth3]}}
"""
BRIDGE = """
interfaces:
- {name: br1, type: linux-bridge, state: up, bridge: {options: {stp: {enabled: false}}, port: [{name: bond1}]}}
"""
NIC = "interfaces: [{name: eth1, type: ethernet, state: up, mtu: 1400}]"
DUMMY = "interfaces: [{name: dummy0, type: dummy, state: up, mtu: 1400}]"


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path, host(read(NICS)[0].value))


def test_a_bridge_before_its_bond_waits_and_says_for_what_and_then_both_are_available(stand: Stand) -> None:
    stand.source.put("bridge", BRIDGE)
    stand.run()
    assert stand.message("bridge") == "waiting for bond1 (no policy provides it)"
    assert stand.said.rows["bridge"] == ["Pending"]
    stand.source.put("zbond", BOND)
    stand.run()
    assert (stand.row("zbond"), stand.row("bridge")) == ("Available", "Available")
    assert "Failed" not in stand.said.rows["bridge"] + stand.said.rows["zbond"]
    assert stand.kernel.snapshot().links["bond1"].master == "br1"


def test_policies_that_come_together_are_applied_in_the_order_of_their_needs(stand: Stand) -> None:
    stand.source.put("a-bridge", BRIDGE)
    stand.source.put("b-bond", BOND)
    stand.run()
    assert {stand.row("a-bridge"), stand.row("b-bond")} == {"Available"}
    made = [op.name for op in stand.kernel.executed if isinstance(op, CreateLink)]
    assert made == ["bond1", "br1"]


def test_a_restart_changes_nothing_and_asks_for_no_leave(stand: Stand) -> None:
    stand.source.put("bond", BOND)
    stand.run()
    done, asked, told = len(stand.kernel.executed), len(stand.leave.asked), dict(stand.said.objects)
    stand.restart()
    stand.run()
    assert (len(stand.kernel.executed), len(stand.leave.asked)) == (done, asked)
    assert stand.said.objects == told


def test_a_policy_that_is_true_already_is_available_without_leave(stand: Stand) -> None:
    stand.source.put("one", DUMMY)
    stand.run()
    stand.source.put("two", DUMMY)
    asked = list(stand.leave.asked)
    stand.run()
    assert stand.row("two") == "Available"
    assert stand.said.rows["two"] == ["Available"]
    assert stand.leave.asked == asked


def test_an_invalid_policy_fails_with_its_path_and_its_edit_is_applied(stand: Stand) -> None:
    stand.source.put("bond", BOND.replace("mtu: 1450", "mut: 1450"))
    stand.run()
    assert stand.row("bond") == "Failed"
    assert "bond1: mut: unknown key" in stand.message("bond")
    stand.source.put("bond", BOND)
    stand.run()
    assert (stand.row("bond"), stand.generation("bond")) == ("Available", 2)


def test_what_a_kernel_refuses_is_taken_back_and_tried_once(tmp_path: Path) -> None:
    stand = Stand(tmp_path, host(read(NICS)[0].value))
    stand.source.put("dummy", DUMMY)
    stand.kernel.refuse_at = 0
    stand.run()
    assert stand.row("dummy") == "Failed"
    assert "injected" in stand.message("dummy")
    assert "dummy0" not in stand.links()
    count = stand.kernel.count
    stand.run()
    stand.restart()
    stand.run()
    assert stand.kernel.count == count
    assert stand.row("dummy") == "Failed"
    assert stand.leave.back == [("dummy", 1, True)]


def test_somebody_elses_change_is_drift_field_by_field_and_stays_where_it_is_only_reported(stand: Stand) -> None:
    stand.source.put("dummy", DUMMY)
    stand.run()
    stand.kernel.execute([SetLink("dummy0", "dummy", {"mtu": 1300}, {"mtu": 1400})])
    stand.run()
    assert stand.row("dummy") == "Available"
    assert stand.condition("dummy", "Drifted") == "dummy0: mtu: wanted 1400, found 1300"
    assert stand.kernel.snapshot().links["dummy0"].mtu == 1300
    assert ("dummy", "Warning", "Drifted", "dummy0: mtu: wanted 1400, found 1300") in stand.said.events


def test_drift_is_repaired_where_the_policy_says_so(stand: Stand) -> None:
    stand.source.put("dummy", DUMMY, driftPolicy="Repair")
    stand.run()
    stand.kernel.execute([SetLink("dummy0", "dummy", {"mtu": 1300}, {"mtu": 1400})])
    stand.run()
    assert stand.kernel.snapshot().links["dummy0"].mtu == 1400
    assert stand.condition("dummy", "Drifted") == ""


def test_a_fight_over_a_link_is_fought_less_and_less_often(stand: Stand) -> None:
    stand.source.put("dummy", DUMMY, driftPolicy="Repair")
    stand.run()
    for _ in range(3):
        stand.kernel.execute([SetLink("dummy0", "dummy", {"mtu": 1300}, {"mtu": 1400})])
        due = stand.run()
    assert due is not None and 0 < due <= 30
    assert stand.kernel.snapshot().links["dummy0"].mtu == 1300
    assert "repaired 2 times" in stand.condition("dummy", "Drifted")
    stand.now += due + 0.1
    stand.run()
    assert stand.kernel.snapshot().links["dummy0"].mtu == 1400


def test_of_two_policies_the_one_edited_last_has_the_field_and_both_say_so(stand: Stand) -> None:
    stand.source.put("first", DUMMY)
    stand.run()
    stand.source.put("second", DUMMY.replace("1400", "1300"))
    stand.run()
    assert stand.kernel.snapshot().links["dummy0"].mtu == 1300
    assert (stand.row("first"), stand.row("second")) == ("Available", "Available")
    assert "dummy0: mtu: wanted 1400; policy second, edited later, has it 1300" in stand.condition("first", "Conflict")
    assert "overrules 1400 of first" in stand.condition("second", "Conflict")
    stand.source.put("first", DUMMY.replace("1400", "1350"))
    stand.run()
    assert stand.kernel.snapshot().links["dummy0"].mtu == 1350


def test_priority_goes_before_the_last_edit(stand: Stand) -> None:
    stand.source.put("first", DUMMY, priority=5)
    stand.run()
    stand.source.put("second", DUMMY.replace("1400", "1300"))
    stand.run()
    assert stand.kernel.snapshot().links["dummy0"].mtu == 1400
    assert "of higher priority" in stand.condition("second", "Conflict")


def test_the_loser_gets_its_field_when_the_winner_goes(stand: Stand) -> None:
    stand.source.put("first", DUMMY)
    stand.source.put("second", DUMMY.replace("1400", "1300"), priority=1)
    stand.run()
    assert stand.kernel.snapshot().links["dummy0"].mtu == 1300
    stand.source.delete("second")
    stand.run()
    assert stand.kernel.snapshot().links["dummy0"].mtu == 1400
    assert stand.condition("first", "Conflict") == ""


def test_a_deleted_policy_leaves_the_host_as_it_is(stand: Stand) -> None:
    stand.source.put("dummy", DUMMY)
    stand.run()
    stand.source.delete("dummy")
    stand.run()
    assert "dummy0" in stand.links()
    assert stand.row("dummy") == ""


def test_a_deleted_policy_that_is_to_be_removed_takes_along_what_only_it_made(stand: Stand) -> None:
    stand.source.put("bond", BOND, deletionPolicy="Remove")
    stand.source.put("dummy", DUMMY)
    stand.run()
    stand.source.delete("bond")
    stand.run()
    assert stand.links() >= {"eth2", "eth3", "dummy0"}
    assert "bond1" not in stand.links()
    assert stand.store.committed().interface("bond1") is None


def test_what_another_policy_asks_for_as_well_is_not_removed(stand: Stand) -> None:
    stand.source.put("one", DUMMY, deletionPolicy="Remove")
    stand.run()
    stand.source.put("two", DUMMY)
    stand.run()
    stand.source.delete("one")
    stand.run()
    assert "dummy0" in stand.links()
    stand.source.put("three", "interfaces: [{name: dummy1, type: dummy, state: up}]", deletionPolicy="Remove")
    stand.run()
    stand.source.delete("three")
    stand.run()
    assert "dummy1" not in stand.links()


def test_what_is_known_is_told_once(stand: Stand) -> None:
    stand.source.put("dummy", DUMMY)
    stand.run()
    told, stand.said.tell = [], lambda enactment: told.append(enactment)  # type: ignore[method-assign, assignment]
    stand.now += 60
    stand.run()
    assert told == []
    assert [event[2] for event in stand.said.events] == ["Waiting", "Applying", "Applied"]


def test_a_deleted_policy_that_is_to_be_restored_leaves_the_host_as_it_was_before(stand: Stand) -> None:
    before = stand.kernel.snapshot()
    stand.source.put("nic", NIC, deletionPolicy="Restore")
    stand.run()
    stand.source.put("nic", NIC.replace("1400", "1300"), deletionPolicy="Restore")
    stand.run()
    assert stand.kernel.snapshot().links["eth1"].mtu == 1300
    stand.source.delete("nic")
    stand.run()
    assert stand.kernel.snapshot() == before
    assert stand.store.committed().interface("eth1") is None


def test_a_node_that_is_labelled_is_configured_and_keeps_that_when_it_no_longer_is(tmp_path: Path) -> None:
    stand = Stand(tmp_path, host(read(NICS)[0].value))
    stand.source.put("dummy", DUMMY, nodeSelector={"rack": "7"}, deletionPolicy="Remove")
    stand.run()
    assert stand.row("dummy") == ""
    stand.source.here = ThisNode("node1", labels={"rack": "7"})
    stand.run()
    assert stand.row("dummy") == "Available"
    stand.source.here = ThisNode("node1")
    stand.run()
    assert stand.row("dummy") == ""
    assert "dummy0" in stand.links()
    stand.source.delete("dummy")
    stand.run()
    assert "dummy0" in stand.links()


def test_nothing_is_decided_while_nobody_knows_which_policies_there_are(stand: Stand) -> None:
    stand.source.put("dummy", DUMMY, deletionPolicy="Remove")
    stand.run()
    stand.source.known = None
    stand.run()
    assert "dummy0" in stand.links()
    assert stand.row("dummy") == "Available"


def test_both_seed_manifests_in_any_order(tmp_path: Path) -> None:
    for number, order in enumerate((("worker-bond1", "worker-bond1-br1"), ("worker-bond1-br1", "worker-bond1"))):
        labels = {"node-role.kubernetes.io/worker": ""}
        stand = Stand(tmp_path / str(number), host(read(NICS)[0].value), labels)
        for name in order:
            value = read((SEEDS / f"{name}.yaml").read_bytes())[0].value
            assert isinstance(value, dict)
            stand.source.put_manifest(value)
            stand.run()
        assert {stand.row(name) for name in order} == {"Available"}
        assert stand.kernel.snapshot().links["bond1"].master == "br1"
        assert not any(isinstance(op, DeleteLink) for op in stand.kernel.executed)
