"""A bridge whose last port has left has a MAC of zeros, and refuses a new default PVID (EINVAL)."""

from __future__ import annotations

import errno

import pytest

from netkernel.errors import KernelRefused
from netkernel.host import Host
from netkernel.ops import CreateLink, SetLink
from netkernel.reconcile import reconcile
from netkernel.rewind import remember
from netkernel.simulation import perform
from netkernel.undo import undo
from tests.fake_kernel import FakeKernel
from tests.same_host import changes
from tests.strategies import grown

BRIDGE = CreateLink("br0", "bridge", {})
JOIN, LEAVE = (SetLink("eth0", "", {"master": master}, {}) for master in ("br0", ""))
PVID = SetLink("br0", "bridge", {"vlan_default_pvid": 5}, {"vlan_default_pvid": 1})
EMPTY = grown([BRIDGE, JOIN, LEAVE])


def changed(before: Host, target: Host) -> list[SetLink]:
    """What a plan does to the bridge, which leads to the target."""
    plan = reconcile(before, target)
    kernel = FakeKernel(before)
    kernel.execute(plan)
    assert changes(target, kernel.snapshot()) == []
    return [op for op in plan if isinstance(op, SetLink) and op.name == "br0"]


def test_it_refuses_a_new_default_pvid_and_lets_the_old_one_go() -> None:
    with pytest.raises(KernelRefused) as refused:
        perform(EMPTY, PVID)
    assert refused.value.errno == errno.EINVAL
    none = SetLink("br0", "bridge", {"vlan_default_pvid": 0}, {"vlan_default_pvid": 1})
    assert perform(EMPTY, none).vlans.get("br0", ()) == ()


def test_a_mac_that_is_asked_for_is_written_first() -> None:
    mac = SetLink("br0", "bridge", {"address": "02:00:00:00:00:bb"}, {})
    assert [list(op.new) for op in changed(EMPTY, grown([BRIDGE, mac, PVID]))] == [["address"], ["vlan_default_pvid"]]


def test_a_port_that_brings_one_joins_first() -> None:
    assert changed(EMPTY, grown([BRIDGE, JOIN, PVID])) == [PVID]


def test_before_the_last_port_leaves_it_is_still_taken() -> None:
    assert changed(grown([BRIDGE, JOIN]), grown([BRIDGE, JOIN, PVID, LEAVE])) == [PVID]


def test_one_that_has_none_before_and_after_borrows_one_and_is_as_it_was() -> None:
    after = grown([BRIDGE, JOIN, PVID, LEAVE])
    lines = [
        "create dummy mac-for-now master=br0",
        "set br0 vlan_default_pvid 1 -> 5",
        "delete dummy mac-for-now",
    ]
    assert [str(op) for op in reconcile(EMPTY, after)] == lines
    assert changed(EMPTY, after) == [PVID]
    for done in range(1, 4):
        plan = reconcile(EMPTY, after)
        kernel = FakeKernel(EMPTY)
        kernel.execute(plan[:done])
        assert undo(kernel, remember(EMPTY, plan)) == ()
        assert kernel.snapshot() == EMPTY
