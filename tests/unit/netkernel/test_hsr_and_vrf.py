"""HSR, PRP and VRFs: what they do to other links and to rules, and what of them nobody can bring back."""

from __future__ import annotations

import errno

import pytest

from netkernel.errors import KernelRefused
from netkernel.frozen import replace
from netkernel.ops import AddRule, CreateLink, DeleteLink, DeleteRule, SetLink
from netkernel.reconcile import irreversible, reconcile
from netkernel.records import VRF_RULES, Rule
from netkernel.rewind import remember, rewind
from netkernel.simulation import perform
from netkernel.undo import undo
from tests.fake_kernel import FakeKernel
from tests.same_host import changes, indexes
from tests.strategies import bare, grown

PRP = CreateLink("h0", "hsr", {"slave1": "eth0", "slave2": "eth1", "protocol": "prp", "multicast_spec": 40})
RED = CreateLink("red", "vrf", {"table": 100})


def test_both_ports_of_a_prp_link_have_the_mac_of_the_first_and_the_second_gets_its_own_back() -> None:
    with_it = grown([PRP])
    assert {with_it.links[name].address for name in ("h0", "eth0", "eth1")} == {"02:00:00:00:00:01"}
    kernel = FakeKernel(bare())
    kernel.execute([PRP, SetLink("eth0", "", {"address": "02:00:00:00:00:aa"}, {})])
    assert kernel.snapshot().links["eth1"].address == "02:00:00:00:00:aa"
    assert undo(kernel, remember(bare(), (PRP, SetLink("eth0", "", {"address": "02:00:00:00:00:aa"}, {})))) == ()
    assert changes(bare(), kernel.snapshot()) == []


def test_a_prp_link_made_again_has_its_supervision_address_and_is_said_to_lose_what_is_not_told() -> None:
    before = grown([PRP])
    plan = (DeleteLink("h0", "hsr"),)
    kernel = FakeKernel(before)
    kernel.execute(plan)
    assert undo(kernel, remember(before, plan)) == ()
    assert kernel.snapshot().links["h0"].attrs["multicast_spec"] == 40
    assert any("tells the version of hsr links" in line for line in irreversible(before, plan))


@pytest.mark.parametrize(
    ("one", "other", "answer"),
    [("eth0", "eth0", errno.EINVAL), ("v5", "eth1", errno.EINVAL), ("eth0", "eth2", errno.EBUSY)],
)
def test_what_can_be_no_port_of_an_hsr_link_is_refused(one: str, other: str, answer: int) -> None:
    before = grown(
        [
            CreateLink("v5", "vlan", {"link": "eth1", "id": 5}),
            CreateLink("br0", "bridge"),
            SetLink("eth2", "", {"master": "br0"}, {}),
        ]
    )
    with pytest.raises(KernelRefused) as refused:
        perform(before, CreateLink("h0", "hsr", {"slave1": one, "slave2": other}))
    assert refused.value.errno == answer


def test_the_rules_that_come_with_the_first_vrf_are_said_before_it_and_taken_back_with_it() -> None:
    with_vrf = grown([RED])
    assert set(with_vrf.rules) == set(VRF_RULES)
    own = Rule(4, 1000, table=100, protocol=4)
    ops = reconcile(bare(), replace(with_vrf, rules=(*VRF_RULES, own)))
    assert [op.rule for op in ops if isinstance(op, AddRule)] == [*VRF_RULES, own]
    assert isinstance(ops[2], CreateLink)
    assert {op.rule for op in reconcile(with_vrf, bare()) if isinstance(op, DeleteRule)} == set(VRF_RULES)


def test_rules_that_somebody_deleted_are_not_there_when_a_vrf_is_made_again() -> None:
    kernel = FakeKernel(bare())
    kernel.execute(reconcile(bare(), replace(grown([RED]), rules=())))
    assert kernel.snapshot().rules == ()


def test_undo_leaves_the_rules_to_the_vrf_that_somebody_else_has_made_meanwhile() -> None:
    ops = reconcile(bare(), grown([RED]))
    remembered = remember(bare(), ops)
    alone, beside = grown([RED]), grown([RED, CreateLink("blue", "vrf", {"table": 20})])
    assert rewind(alone, remembered).rules == ()
    assert set(rewind(beside, remembered).rules) == set(VRF_RULES)


@pytest.mark.parametrize("kind", ["geneve", "vxlan"])
def test_a_second_one_with_the_same_id_and_remote_is_refused(kind: str) -> None:
    before = grown([CreateLink("x1", kind, {"id": 7, "remote": "192.0.2.2"})])
    with pytest.raises(KernelRefused) as refused:
        perform(before, CreateLink("x2", kind, {"id": 7, "remote": "192.0.2.2"}))
    assert refused.value.errno == (errno.EBUSY if kind == "geneve" else errno.EEXIST)


def test_a_vxlan_made_again_over_another_base_gives_way_to_the_one_with_the_old_index() -> None:
    before = grown([CreateLink("d0", "dummy"), CreateLink("x1", "vxlan", {"id": 7, "link": "d0"})])
    plan = (DeleteLink("d0", "dummy"), CreateLink("x1", "vxlan", {"id": 7, "link": "eth0"}, 4711))
    kernel = FakeKernel(before)
    kernel.execute(plan)
    assert undo(kernel, remember(before, plan)) == ()
    assert indexes(kernel.snapshot()) == indexes(before)


@pytest.mark.parametrize("kind", ["macvlan", "macsec", "ipvlan"])
def test_nothing_takes_the_frames_of_a_vrf(kind: str) -> None:
    with pytest.raises(KernelRefused) as refused:
        perform(grown([RED]), CreateLink("m1", kind, {"link": "red"}))
    assert refused.value.errno == errno.EINVAL


def test_a_prp_port_that_was_given_another_mac_while_the_link_stayed_has_the_first_ports_again() -> None:
    """The kernel goes on behind an op that it refuses, which is to delete the link here."""
    ups = [SetLink(name, "", {"up": True}, {"up": False}) for name in ("eth0", "eth1")]
    before = grown([PRP, *ups])
    plan = reconcile(before, bare())
    kernel = FakeKernel(before, refuse_at=0)
    with pytest.raises(KernelRefused):
        kernel.execute(plan)
    assert undo(kernel, remember(before, plan)) == ()
    assert changes(before, kernel.snapshot(), link_local=True) == []
    assert kernel.snapshot().links["eth1"].address == "02:00:00:00:00:01"
