"""Leave from a cluster, tries and retries, policies that need each other, captures of hardware that was replaced."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from pathlib import Path

import pytest

from netkernel.documents import Document
from netkernel.errors import KernelRefused
from netkernel.frozen import replace
from netkernel.ops import Op
from nncp_agent.node.doors import Answer, ThisNode
from nncp_agent.objects.policy import policies
from tests.fake_kernel import FakeKernel
from tests.host_text import read_host
from tests.node_stand import Stand

NICS = "links: {eth1: {}, eth2: {}, eth3: {}}"
DUMMY = "interfaces: [{name: dummy0, type: dummy, state: up, mtu: 1400}]"
BOND = "{name: bond1, type: bond, state: up, link-aggregation: {mode: active-backup, port: [eth2]}"
BRIDGE = "{name: br1, type: linux-bridge, state: up, bridge: {port: [{name: bond1}]}}"


class Busy(FakeKernel):
    """Says EBUSY so many times."""

    times = 0

    def execute(self, ops: Sequence[Op]) -> None:
        if self.times:
            self.times -= 1
            raise KernelRefused(str(ops[0]), errno.EBUSY, "Device or resource busy")
        super().execute(ops)


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    host = read_host(NICS)
    return Stand(tmp_path, host, kernel=Busy(host))


def test_without_leave_it_is_pending_and_with_it_applied(stand: Stand) -> None:
    stand.leave.answers["dummy"] = Answer.WAITING
    stand.source.put("dummy", DUMMY)
    stand.run()
    assert (stand.row("dummy"), stand.message("dummy")) == ("Pending", "Waiting for progressing nodes to finish")
    assert stand.leave.asked == [("dummy", 1)]
    stand.leave.answers["dummy"] = Answer.GRANTED
    stand.run()
    assert stand.said.rows["dummy"] == ["Pending", "Progressing", "Available"]
    assert stand.leave.back == [("dummy", 1, False)]


def test_pending_is_told_before_leave_is_asked_for(stand: Stand) -> None:
    told: list[str] = []
    asks = stand.leave.ask
    stand.leave.ask = lambda policy, generation: (  # type: ignore[method-assign]
        told.append(stand.row(policy)) or asks(policy, generation)  # type: ignore[func-returns-value]
    )
    stand.source.put("dummy", DUMMY)
    stand.run()
    assert told == ["Pending"]


def test_who_is_told_to_abort_says_so_until_the_next_generation(stand: Stand) -> None:
    stand.leave.answers["dummy"] = Answer.ABORTED
    stand.source.put("dummy", DUMMY)
    stand.run()
    assert stand.row("dummy") == "Aborted"
    assert stand.message("dummy") == "reconciliation of enactment node1.dummy has aborted"
    stand.leave.answers.clear()
    stand.run()
    assert stand.row("dummy") == "Aborted"
    stand.source.put("dummy", DUMMY)
    stand.run()
    assert stand.row("dummy") == "Available"


def test_one_without_leave_does_not_keep_others_from_theirs(stand: Stand) -> None:
    stand.leave.answers["a"] = Answer.WAITING
    stand.source.put("a", DUMMY)
    stand.source.put("b", DUMMY.replace("dummy0", "dummy1"))
    stand.run()
    assert (stand.row("a"), stand.row("b")) == ("Pending", "Available")


def test_what_passes_is_tried_again_later_and_later_five_times_in_all(stand: Stand) -> None:
    assert isinstance(stand.kernel, Busy)
    stand.kernel.times = 100
    stand.source.put("dummy", DUMMY)
    waits = []
    while (due := stand.run()) is not None:
        assert stand.row("dummy") == "Retrying"
        assert f"on node node1. Retrying {len(waits) + 1}/5: " in stand.message("dummy")
        waits.append(round(due))
        stand.now += due + 0.1
    assert waits == [1, 2, 4, 8]
    assert stand.row("dummy") == "Failed"
    assert stand.leave.back == [("dummy", 1, True)]


def test_what_passed_is_available(stand: Stand) -> None:
    assert isinstance(stand.kernel, Busy)
    stand.kernel.times = 1
    stand.source.put("dummy", DUMMY)
    due = stand.run()
    assert due is not None
    stand.now += due + 0.1
    stand.run()
    assert stand.said.rows["dummy"] == ["Pending", "Progressing", "Retrying", "Progressing", "Available"]


def test_a_policy_that_ends_the_daemon_each_time_is_given_up(stand: Stand) -> None:
    from tests.fake_kernel import Crash

    stand.source.put("dummy", DUMMY)
    for _ in range(5):
        stand.kernel.crash_at = stand.kernel.count
        with pytest.raises(Crash):
            stand.run()
        stand.restart()
    stand.run()
    assert stand.row("dummy") == "Failed"
    assert "given up: the daemon ended 5 times" in stand.message("dummy")
    stand.source.put("dummy", DUMMY)
    stand.run()
    assert stand.row("dummy") == "Available"


def test_policies_that_need_each_other_are_applied_as_one(stand: Stand) -> None:
    stand.source.put("bond", f"interfaces: [{BOND}, controller: br1}}]")
    stand.run()
    assert stand.message("bond") == "waiting for br1 (no policy provides it)"
    stand.source.put("bridge", f"interfaces: [{BRIDGE}]")
    stand.run()
    assert (stand.row("bond"), stand.row("bridge")) == ("Available", "Available")
    assert stand.kernel.snapshot().links["bond1"].master == "br1"


def test_a_link_that_a_failed_policy_was_to_make_is_waited_for_with_its_name(stand: Stand) -> None:
    stand.source.put("bond", f"interfaces: [{BOND}}}]")
    stand.source.put("bridge", f"interfaces: [{BRIDGE}]")
    stand.kernel.refuse_at = 0
    stand.run()
    assert stand.row("bond") == "Failed"
    assert stand.message("bridge") == "waiting for bond1 (policy bond, which provides it, failed)"


CAPTURED = """
interfaces:
- {name: "{{ capture.nic.interfaces.0.name }}", type: ethernet, state: up, mtu: 1400}
"""


def test_a_capture_is_made_once_and_again_when_its_nic_was_replaced(stand: Stand) -> None:
    capture = {"nic": 'interfaces.mac-address=="02:00:00:00:00:02"'}
    host = read_host("links: {eth1: {address: '02:00:00:00:00:02'}, eth2: {}}")
    stand.kernel.__dict__.update(FakeKernel(host).__dict__)
    stand.source.put("nic", CAPTURED, capture=capture)
    stand.run()
    assert stand.row("nic") == "Available"
    assert stand.said.objects["nic"]["status"]["capturedStates"]["nic"]["state"]["interfaces"][0]["name"] == "eth1"
    gone = replace(host, links={name: link for name, link in host.links.items() if name != "eth1"})
    stand.kernel.__dict__.update(FakeKernel(gone).__dict__)
    stand.run()
    assert "eth1: wanted up, not found" in stand.condition("nic", "Drifted")
    other = read_host("links: {eth2: {}, eth7: {address: '02:00:00:00:00:02'}}")
    stand.kernel.__dict__.update(FakeKernel(other).__dict__)
    stand.run()
    assert stand.row("nic") == "Available"
    assert stand.kernel.snapshot().links["eth7"].mtu == 1400


def test_a_deletion_that_a_finalizer_waits_for_is_done_and_told(stand: Stand) -> None:
    stand.source.put("dummy", DUMMY, deletionPolicy="Remove")
    stand.run()
    known = stand.source.known
    assert known is not None
    manifest = {**known["dummy"].source, "metadata": {"name": "dummy", "deletionTimestamp": "2026-01-01T00:00:00Z"}}
    going = next(policies(Document(manifest)))[0]
    stand.source.known = {"dummy": replace(going, generation=2)}
    stand.run()
    assert "dummy0" not in stand.links()
    assert stand.said.objects["dummy"]["status"]["deletion"] == "Removed"
    done = len(stand.kernel.executed)
    stand.run()
    assert len(stand.kernel.executed) == done
    stand.source.known = {}
    stand.run()
    assert stand.row("dummy") == ""
    assert stand.store.names("node/ways") == []


def test_a_value_of_the_node_that_changes_is_applied(stand: Stand) -> None:
    stand.source.here = ThisNode("node1", labels={"mtu": "1300"})
    stand.source.put("dummy", DUMMY.replace("1400", '"{{ node.labels.mtu }}"'))
    stand.run()
    assert stand.kernel.snapshot().links["dummy0"].mtu == 1300
    stand.source.here = ThisNode("node1", labels={"mtu": "1200"})
    stand.run()
    assert stand.kernel.snapshot().links["dummy0"].mtu == 1200
