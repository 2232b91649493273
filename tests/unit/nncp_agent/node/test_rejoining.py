"""Links that come late or anew join what waited for them at once; what else is not as committed stays so."""

from pathlib import Path

import pytest

from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.ops import SetLink
from nncp_agent.node import holds
from tests.fake_kernel import FakeKernel
from tests.host_text import read_host
from tests.node_stand import Stand

BOND = """
interfaces:
- {name: bond1, type: bond, state: up, mtu: 1450, link-aggregation: {mode: active-backup, port: [eth2, eth3]}}
- {name: eth2.7, type: vlan, state: up, vlan: {base-iface: eth4, id: 7}}
"""
NICS = "links: {eth1: {}, eth2: {}, eth3: {}, eth4: {}}"


def _without(host: Host, *names: str) -> Host:
    """The host after these NICs were pulled out: what stood on them went along."""
    gone = {*names, *(name for name, link in host.links.items() if link.link in names)}
    return replace(host, links={name: link for name, link in host.links.items() if name not in gone})


def _with(host: Host, *names: str, index: int = 0) -> Host:
    fresh = read_host(NICS)
    found = {name: replace(fresh.links[name], index=fresh.links[name].index + index) for name in names}
    return replace(host, links={**host.links, **found})


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    stand = Stand(tmp_path, read_host(NICS))
    stand.source.put("bond", BOND)
    stand.run()
    assert stand.row("bond") == "Available"
    return stand


def _becomes(stand: Stand, host: Host) -> None:
    """The machine is another one from one moment to the next."""
    kernel = FakeKernel(host)
    stand.kernel.__dict__.update(kernel.__dict__)
    stand.run()


def test_a_port_that_was_pulled_out_is_drift_and_joins_its_bond_when_it_is_back(stand: Stand) -> None:
    _becomes(stand, _without(stand.kernel.snapshot(), "eth3"))
    assert "eth3: wanted up, not found" in stand.condition("bond", "Drifted")
    _becomes(stand, _with(stand.kernel.snapshot(), "eth3"))
    assert stand.kernel.snapshot().links["eth3"].master == "bond1"
    assert stand.condition("bond", "Drifted") == ""


def test_a_driver_that_was_loaded_anew_between_two_looks_has_its_port_joined(stand: Stand) -> None:
    host = stand.kernel.snapshot()
    _becomes(stand, _with(_without(host, "eth3"), "eth3", index=100))
    assert stand.kernel.snapshot().links["eth3"].master == "bond1"


def test_what_stood_on_a_link_comes_back_with_it(stand: Stand) -> None:
    _becomes(stand, _without(stand.kernel.snapshot(), "eth4"))
    assert "eth2.7" not in stand.links()
    _becomes(stand, _with(stand.kernel.snapshot(), "eth4"))
    assert stand.kernel.snapshot().links["eth2.7"].link == "eth4"


def test_a_link_that_comes_back_is_no_leave_to_repair_something_else(stand: Stand) -> None:
    stand.kernel.execute([SetLink("bond1", "bond", {"mtu": 1400}, {"mtu": 1450})])
    host = stand.kernel.snapshot()
    _becomes(stand, _with(_without(host, "eth3"), "eth3", index=100))
    assert stand.kernel.snapshot().links["eth3"].master == "bond1"
    assert stand.kernel.snapshot().links["bond1"].mtu == 1400
    assert "mtu: wanted 1450" in stand.condition("bond", "Drifted")


def test_a_link_that_somebody_took_out_of_its_bond_stays_out(stand: Stand) -> None:
    stand.kernel.execute([SetLink("eth3", "", {"master": ""}, {"master": "bond1"})])
    stand.run()
    assert stand.kernel.snapshot().links["eth3"].master == ""
    assert stand.condition("bond", "Drifted")


def test_it_joins_though_nobody_knows_which_policies_there_are(stand: Stand) -> None:
    stand.source.known = None
    _becomes(stand, _without(stand.kernel.snapshot(), "eth3"))
    _becomes(stand, _with(stand.kernel.snapshot(), "eth3"))
    assert stand.kernel.snapshot().links["eth3"].master == "bond1"


def test_on_a_paused_node_it_joins_when_the_pause_is_over(stand: Stand) -> None:
    holds.pause(stand.store, None)
    _becomes(stand, _without(stand.kernel.snapshot(), "eth3"))
    _becomes(stand, _with(stand.kernel.snapshot(), "eth3"))
    assert stand.kernel.snapshot().links["eth3"].master == ""
    holds.resume(stand.store)
    stand.run()
    assert stand.kernel.snapshot().links["eth3"].master == "bond1"


def test_what_no_boot_unit_restored_is_applied_after_a_restart_of_the_machine(stand: Stand) -> None:
    stand.kernel.__dict__.update(FakeKernel(read_host(NICS)).__dict__)
    stand.boot = "another boot"
    stand.restart()
    stand.run()
    assert stand.kernel.snapshot().links["eth3"].master == "bond1"
    assert stand.condition("bond", "Drifted") == ""
    stand.kernel.execute([SetLink("bond1", "bond", {"mtu": 1400}, {"mtu": 1450})])
    stand.restart()
    stand.run()
    assert stand.kernel.snapshot().links["bond1"].mtu == 1400


def test_a_link_that_could_not_join_is_tried_again(stand: Stand) -> None:
    _becomes(stand, _without(stand.kernel.snapshot(), "eth3"))
    stand.kernel.__dict__.update(FakeKernel(_with(stand.kernel.snapshot(), "eth3"), refuse_at=0).__dict__)
    due = stand.run()
    assert stand.kernel.snapshot().links["eth3"].master == ""
    assert due is not None
    stand.now += due
    stand.run()
    assert stand.kernel.snapshot().links["eth3"].master == "bond1"


def test_a_policy_whose_nic_is_not_there_yet_waits_for_it(tmp_path: Path) -> None:
    stand = Stand(tmp_path, read_host("links: {eth2: {}, eth4: {}}"))
    stand.source.put("bond", BOND)
    stand.run()
    assert stand.message("bond") == "waiting for eth3 (no policy provides it)"
    _becomes(stand, _with(stand.kernel.snapshot(), "eth3"))
    assert stand.row("bond") == "Available"
