"""What people do on a node against its policies stays done: a pause, an apply by hand, one that waits for a commit."""

from pathlib import Path

import pytest

from netkernel.errors import KernelRefused
from netkernel.frozen import replace
from netkernel.ops import SetLink
from nncp_agent import pending
from nncp_agent.apply import apply, go_back
from nncp_agent.node import holds
from tests.host_text import policy, read_host
from tests.node_stand import Stand

DUMMY = "interfaces: [{name: dummy0, type: dummy, state: up, mtu: 1400}]"
BY_HAND = DUMMY.replace("1400", "1300")


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    stand = Stand(tmp_path, read_host("links: {eth1: {}}"))
    stand.source.put("dummy", DUMMY, driftPolicy="Repair")
    stand.run()
    return stand


def _by_hand(stand: Stand, text: str = BY_HAND, commit: bool = True) -> None:
    options = replace(stand.options, command="nncp apply dummy.yaml", commit=commit)
    apply(policy(text), stand.kernel, stand.store, options=options)


def test_what_was_applied_by_hand_is_not_repaired_away_and_is_shown_as_held(stand: Stand) -> None:
    _by_hand(stand)
    stand.run()
    assert stand.kernel.snapshot().links["dummy0"].mtu == 1300
    assert stand.condition("dummy", "Drifted").startswith("held as `nncp apply dummy.yaml` (apply 2) left it")
    stand.restart()
    stand.run()
    assert stand.kernel.snapshot().links["dummy0"].mtu == 1300


@pytest.mark.parametrize("drift", ["Repair", "Report"])
def test_resume_ends_the_hold_whatever_the_drift_policy(stand: Stand, drift: str) -> None:
    stand.source.put("dummy", DUMMY, driftPolicy=drift)
    stand.run()
    _by_hand(stand)
    stand.run()
    holds.resume(stand.store)
    stand.run()
    assert stand.kernel.snapshot().links["dummy0"].mtu == 1400
    assert stand.condition("dummy", "Drifted") == ""


def test_an_edit_ends_the_hold(stand: Stand) -> None:
    _by_hand(stand)
    stand.run()
    stand.source.put("dummy", DUMMY.replace("1400", "1350"), driftPolicy="Repair")
    stand.run()
    assert stand.kernel.snapshot().links["dummy0"].mtu == 1350


def test_a_way_back_in_history_is_a_hold_too(stand: Stand) -> None:
    go_back(0, stand.kernel, stand.store, options=replace(stand.options, command="nncp rollback --to 0"))
    stand.run()
    assert "dummy0" not in stand.links()
    assert "held as `nncp rollback --to 0`" in stand.condition("dummy", "Drifted")
    holds.resume(stand.store)
    stand.run()
    assert "dummy0" in stand.links()


def test_an_apply_by_hand_that_was_taken_back_holds_nothing(stand: Stand) -> None:
    stand.kernel.refuse_at = stand.kernel.count
    with pytest.raises(KernelRefused):
        _by_hand(stand)
    stand.kernel.execute([SetLink("dummy0", "dummy", {"mtu": 1200}, {"mtu": 1400})])
    stand.run()
    assert stand.kernel.snapshot().links["dummy0"].mtu == 1400


def test_drift_that_is_not_about_what_was_applied_by_hand_is_repaired(stand: Stand) -> None:
    _by_hand(stand, "interfaces: [{name: eth1, type: ethernet, state: up, mtu: 1450}]")
    stand.kernel.execute([SetLink("dummy0", "dummy", {"mtu": 1200}, {"mtu": 1400})])
    stand.run()
    assert stand.kernel.snapshot().links["dummy0"].mtu == 1400


def test_while_somebody_tries_something_out_nothing_is_applied_and_nothing_counted_as_a_failure(stand: Stand) -> None:
    _by_hand(stand, commit=False)
    stand.source.put("another", "interfaces: [{name: dummy1, type: dummy, state: up}]")
    stand.run()
    assert stand.row("another") == "Pending"
    assert "waits: `nncp commit` keeps it" in stand.message("another")
    assert stand.condition("dummy", "Drifted").startswith("held: checkpoint")
    pending.rollback(stand.store, stand.kernel)
    stand.run()
    assert stand.row("another") == "Available"
    assert stand.condition("dummy", "Drifted") == ""


def test_nothing_is_done_on_a_paused_node_until_the_pause_is_over(stand: Stand) -> None:
    holds.pause(stand.store, stand.now + 7200)
    stand.source.put("another", "interfaces: [{name: dummy1, type: dummy, state: up}]")
    stand.source.delete("dummy")
    due = stand.run()
    assert stand.message("another") == "paused on this node until 1970-01-12 15:46:40Z"
    assert due is not None and 7200 <= due < 7201
    stand.now += due
    stand.run()
    assert stand.row("another") == "Available"


def test_a_pause_without_an_end_ends_with_resume(stand: Stand) -> None:
    holds.pause(stand.store, None)
    stand.source.put("another", "interfaces: [{name: dummy1, type: dummy, state: up}]")
    stand.run()
    assert stand.message("another") == "paused on this node until `nncp resume`"
    assert holds.resume(stand.store)
    stand.run()
    assert stand.row("another") == "Available"


def test_a_policy_that_is_paused_waits_and_the_others_do_not(stand: Stand) -> None:
    stand.source.put("still", "interfaces: [{name: dummy1, type: dummy, state: up}]", paused=True)
    stand.source.put("another", "interfaces: [{name: dummy2, type: dummy, state: up}]")
    stand.run()
    assert stand.message("still") == "policy still is paused"
    assert stand.row("another") == "Available"
