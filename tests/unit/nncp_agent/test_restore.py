"""At boot every part of the committed state comes back that can, whatever the others lack."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from netkernel.errors import KernelRefused
from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.ops import CreateLink, Op
from nncp_agent import checkpoint, history
from nncp_agent.checkpoint import Checkpoint
from nncp_agent.errors import StoreBroken
from nncp_agent.options import Options
from nncp_agent.restore import Restored, restore
from nncp_agent.store import Store
from tests.fake_kernel import FakeKernel
from tests.unit.nncp_agent.nodes import BOND, BRIDGE, DUMMY, ETH9, VLAN, VLAN9, host, nic, state


class Late(FakeKernel):
    """NICs appear one after the other, each when somebody waits."""

    now = 0.0
    coming: Sequence[str] = ()

    def clock(self) -> float:
        return self.now

    def wait(self, timeout_s: float) -> bool:
        self.now += min(timeout_s, 1.0)
        if not self.coming:
            return False
        name, *self.coming = self.coming
        now = self.snapshot()
        FakeKernel.__init__(self, replace(now, links={**now.links, name: nic(name, 9)}))
        return True


class Slow(Late):
    """The kernel looks at the ports of its bonds when `lit_at` has come."""

    lit_at = 3.0

    def snapshot(self, also: Collection[str] = ()) -> Host:
        now = super().snapshot(also)
        dark = {name: replace(each, carrier=False) for name, each in now.links.items() if each.kind == "bond"}
        return now if self.now >= self.lit_at else replace(now, links={**now.links, **dark})


class NoBonds(Late):
    """A kernel without the bonding module."""

    def execute(self, ops: Sequence[Op]) -> None:
        for op in ops:
            if isinstance(op, CreateLink) and op.kind == "bond":
                raise KernelRefused(str(op), 95, "Unknown device type", possibly_done=1, failed=frozenset({0}))
        super().execute(ops)


@contextmanager
def unguarded(store: Store, point: Checkpoint, namespace: str | None) -> Iterator[None]:
    """A watchdog that never has to act."""
    yield


EARLIER = Checkpoint(
    id="c1",
    boot="an earlier one",
    namespace="net:[1]",
    pid=42,
    deadline_s=130.0,
    remembered=msgspec.Raw(b"{}"),
    entry=history.Entry(number=7, time="2026-01-01T00:00:00+00:00"),
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "state")


def _restore(store: Store, kernel: Late, wait_s: float = 0.0, command_line: str = "quiet splash\n") -> Restored:
    path = store.path("cmdline")
    store.prepare()
    path.write_text(command_line)
    options = Options(command="nncp restore", guard=unguarded, clock=kernel.clock)
    kept = {"command_line": str(path), "memory": str(store.directory.parent)}
    return restore(store, kernel, options=options, wait_s=wait_s, clock=kernel.clock, **kept)


def test_everything_comes_back_when_everything_is_there(store: Store) -> None:
    store.save_committed(state(BOND, VLAN, BRIDGE, DUMMY))
    kernel = Late(host("eth2", "eth3"))
    done = _restore(store, kernel)
    assert (done.failures, done.missing) == ((), frozenset())
    assert {"bond1", "bond1.93", "br1", "dummy0"} <= set(kernel.snapshot().links)
    assert kernel.snapshot().ports("bond1") == ("eth2", "eth3")


def test_restoring_changes_neither_the_committed_state_nor_the_history(store: Store) -> None:
    wanted = state(DUMMY)
    store.save_committed(wanted)
    _restore(store, Late(host()))
    assert store.committed() == wanted
    assert history.entries(store) == ()
    assert checkpoint.read(store) is None


def test_a_dead_nic_costs_only_what_sits_on_it(store: Store) -> None:
    store.save_committed(state(BOND, VLAN, BRIDGE, ETH9, VLAN9, DUMMY))
    kernel = Late(host("eth2"))
    done = _restore(store, kernel)
    assert done.missing == {"eth3", "eth9"}
    assert {"bond1", "bond1.93", "br1", "dummy0"} <= set(kernel.snapshot().links)
    assert kernel.snapshot().ports("bond1") == ("eth2",)


def test_a_part_that_fails_costs_the_others_nothing(store: Store) -> None:
    store.save_committed(state(BOND, VLAN, BRIDGE, DUMMY))
    kernel = NoBonds(host("eth2", "eth3"))
    done = _restore(store, kernel)
    assert [name for name, _ in done.failures] == ["bond1, bond1.93, br1"]
    assert set(kernel.snapshot().links) == {"lo", "eth2", "eth3", "dummy0"}


def test_a_host_that_moved_after_it_was_observed_is_looked_at_again(store: Store) -> None:
    store.save_committed(state(BOND, VLAN, BRIDGE))
    kernel = Late(host("eth2", "eth3"), refuse_at=7)
    assert _restore(store, kernel).failures == ()
    assert kernel.refuse_at is None
    assert kernel.snapshot().ports("bond1") == ("eth2", "eth3")


def test_nics_that_are_late_join_when_they_appear(store: Store) -> None:
    store.save_committed(state(BOND, ETH9, VLAN9))
    kernel = Late(host("eth2"))
    kernel.coming = ["eth9", "eth3"]
    done = _restore(store, kernel, wait_s=30)
    assert (done.failures, done.missing) == ((), frozenset())
    assert kernel.snapshot().ports("bond1") == ("eth2", "eth3")
    assert "eth9.7" in kernel.snapshot().links
    assert kernel.now < 30


def test_what_needs_the_network_is_not_let_in_before_the_bond_has_the_carrier_of_its_port(store: Store) -> None:
    store.save_committed(state(BOND))
    kernel = Slow(host("eth2", "eth3"))
    assert _restore(store, kernel, wait_s=30).failures == ()
    assert kernel.now == kernel.lit_at


def test_nics_that_never_come_are_waited_for_until_the_deadline(store: Store) -> None:
    store.save_committed(state(BOND))
    kernel = Late(host("eth2"))
    assert _restore(store, kernel, wait_s=30).missing == {"eth3"}
    assert kernel.now == 30


class Full(Store):
    """On a disk where nothing more can be written."""

    def write(self, name: str, data: bytes) -> None:
        raise StoreBroken(f"{name}: No space left on device")


def test_a_full_disk_does_not_cost_the_node_its_network(store: Store) -> None:
    store.save_committed(state(BOND, VLAN, BRIDGE, DUMMY))
    kernel = Late(host("eth2", "eth3"))
    assert _restore(Full(store.directory), kernel).failures == ()
    assert {"bond1", "bond1.93", "br1", "dummy0"} <= set(kernel.snapshot().links)
    assert [place.name for place in store.directory.parent.iterdir()] == [store.directory.name]


def test_a_checkpoint_nobody_can_read_does_not_cost_the_node_its_network(store: Store) -> None:
    store.save_committed(state(DUMMY))
    store.write(checkpoint.NAME, b"hi")
    kernel = Late(host())
    assert _restore(store, kernel).failures == ()
    assert "dummy0" in kernel.snapshot().links
    assert store.read(checkpoint.NAME) == b"hi"


def test_where_nothing_is_committed_a_state_that_cannot_be_read_is_still_said(store: Store) -> None:
    store.write(checkpoint.NAME, b"hi")
    with pytest.raises(StoreBroken, match="not what we write there"):
        _restore(store, Late(host()))


def test_the_kernel_argument_skips_it(store: Store) -> None:
    store.save_committed(state(DUMMY))
    kernel = Late(host())
    assert _restore(store, kernel, command_line="quiet nncp=off\n").skipped
    assert set(kernel.snapshot().links) == {"lo"}


def test_a_checkpoint_of_an_earlier_boot_is_forgotten(store: Store) -> None:
    checkpoint.write(store, EARLIER)
    _restore(store, Late(host()))
    assert checkpoint.read(store) is None
    assert history.entries(store)[-1].outcome == history.GONE


def test_the_unit_runs_before_what_needs_the_network_and_can_be_switched_off() -> None:
    unit = Path("deploy/systemd/nncp-restore.service").read_text()
    before = {word for line in unit.splitlines() if line.startswith("Before=") for word in line[7:].split()}
    assert before >= {"kubelet.service", "crio.service", "containerd.service", "network.target"}
    assert "ConditionKernelCommandLine=!nncp=off" in unit.splitlines()
