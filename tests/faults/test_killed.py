"""kill -9 of an apply before every step it takes: the host ends in the old state or in the new one, never between."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab import namespaces
from netkernel.documents import Document
from netkernel.kernel import LinuxKernel
from nncp_agent import checkpoint, history, lock, pending, promises, recovery, wire
from nncp_agent.checkpoint import Here
from nncp_agent.plan import decide
from nncp_agent.store import Store
from tests.faults import raw, wreck
from tests.faults.conftest import at_rest, param, settled, until
from tests.faults.scenes import BOND_BRIDGE_VLAN, KINDS, MOVE_ADDRESSES, STACKED, TUNNELS, Scene

pytestmark = pytest.mark.needs_kernel("veth", "bonding", "bridge", "vlan", "ipv6", "policy_routing", "mptcp")


def _wreck(store: Store, scene: Scene, fatal: int, *words: str) -> tuple[int, list[str]]:
    return wreck.died(str(store.directory), scene.name, str(fatal), *words)


def _restart(store: Store) -> None:
    """What `nncp restore` and the next apply do first."""
    with LinuxKernel() as kernel, lock.held(store, "test", timeout_s=30):
        recovery.put_right(store, lambda: kernel, Here.find())


@pytest.mark.parametrize(
    ("scene", "stride"),
    [
        param(BOND_BRIDGE_VLAN, 1),
        param(MOVE_ADDRESSES, 1),
        param(KINDS, 4),
        param(TUNNELS, 3),
        param(STACKED, 7),
    ],
)
def test_an_apply_killed_before_any_step_ends_in_the_old_state_or_in_the_new(
    store: Store, scene: Scene, stride: int
) -> None:
    scene.set_up()
    with LinuxKernel() as kernel:
        old = at_rest()
        seen = kernel.snapshot()
        planned = len(decide(wire.decode([Document(scene.policy)]).desired, seen).ops)
        fatal = 0
        while (result := _wreck(store, scene, fatal))[0]:
            steps = result[1]
            if "guarded" in steps:
                until(store, lambda: _is_over(store), f"the watchdog after {steps[-1]}")
            else:
                _restart(store)
            if "after commit" in steps or ("before commit" in steps and store.committed_by()):
                break
            assert raw.changes(old, settled(old)) == "", steps[-1:]
            assert kernel.snapshot() == seen, steps[-1:]
            assert store.committed().interfaces is None
            assert store.read(promises.FILE) is None, steps[-1:]
            done = len(steps_of_kernel(steps))
            fatal += stride if 0 < done < planned - stride else 1  # every step that is no op, and those to the commit
    assert fatal > len(steps_of_kernel(steps)) > 3
    _new_state_whatever_happens_after_the_commit(store, scene, fatal)


def _new_state_whatever_happens_after_the_commit(store: Store, scene: Scene, fatal: int) -> None:
    new = at_rest()
    _restart(store)
    assert checkpoint.read(store) is None
    bridges = [each.name for each in store.committed().interfaces or () if each.type == "linux-bridge"]
    assert promises.read(store.read(promises.FILE)) == set(bridges)
    assert history.entries(store)[-1].outcome == history.COMMITTED
    assert raw.changes(new, settled(new)) == ""
    with LinuxKernel() as kernel:
        assert {interface.name for interface in store.committed().interfaces or ()} <= set(kernel.snapshot().links)


def steps_of_kernel(steps: list[str]) -> list[str]:
    return [step for step in steps if step.startswith("op ")]


def _is_over(store: Store) -> bool:
    """The checkpoint is gone, or its commit happened: then it is left for the next one to tidy up."""
    found = checkpoint.read(store)
    return found is None or found.id == store.committed_by()


def test_an_apply_killed_after_its_commit_is_finished_by_the_next(store: Store) -> None:
    BOND_BRIDGE_VLAN.set_up()
    _, steps = _wreck(store, BOND_BRIDGE_VLAN, 10_000)
    assert steps.index("after commit") < steps.index(f"before remove {checkpoint.NAME}")
    assert pending_is_gone(store)


def test_whoever_dies_after_the_commit_leaves_it_in_the_history(store: Store, tmp_path: Path) -> None:
    BOND_BRIDGE_VLAN.set_up()
    _, steps = _wreck(store, BOND_BRIDGE_VLAN, 10_000)
    for fatal in range(steps.index("after commit"), len(steps)):
        with namespaces.standing_in():
            mine = Store(tmp_path / str(fatal))
            mine.prepare()
            BOND_BRIDGE_VLAN.set_up()
            assert _wreck(mine, BOND_BRIDGE_VLAN, fatal)[0]
            until(mine, lambda mine=mine: _is_over(mine), steps[fatal])  # type: ignore[misc]  # mypy takes it for None
            _restart(mine)
            assert history.entries(mine)[-1].outcome == history.COMMITTED, steps[fatal]


def pending_is_gone(store: Store) -> bool:
    return checkpoint.read(store) is None and history.entries(store)[-1].outcome == history.COMMITTED


def test_a_change_left_pending_by_a_killed_process_can_be_rolled_back_by_another(store: Store) -> None:
    BOND_BRIDGE_VLAN.set_up()
    old = at_rest()
    status, _ = _wreck(store, BOND_BRIDGE_VLAN, 10_000, "wait")
    assert status == 0
    assert checkpoint.read(store) is not None
    with LinuxKernel() as kernel:
        assert pending.rollback(store, kernel) == ()
    assert raw.changes(old, settled(old)) == ""
