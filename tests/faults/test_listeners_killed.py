"""kill -9 and refusals where an apply starts processes of its own: who listens and who asks for leases is as before.

Beside them a name and files change, so that all there is to a host is seen on both sides: the kernel, the files, the
clients, and what is kept of them for a process that follows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from netkernel.documents import Document
from netkernel.errors import KernelRefused
from netkernel.kernel import LinuxKernel
from netkernel.records import LLDP, ROUTERS
from nncp_agent import checkpoint, history, lock, recovery, wire
from nncp_agent.apply import apply
from nncp_agent.checkpoint import Here
from nncp_agent.keeping import LEASES, NEIGHBOURS
from nncp_agent.keeping.door import Door
from nncp_agent.keeping.places import CLIENT
from nncp_agent.store import Store
from tests import processes
from tests.faults import raw, wreck
from tests.faults.conftest import at_rest, settled, until
from tests.faults.scenes import LISTENING
from tests.faults.test_files_killed import seen
from tests.faults.test_refused_ops import OPTIONS, Refusing
from tests.uts import own_name

pytestmark = pytest.mark.needs_kernel("uts", "veth", "ipv6", "bridge_vlan", "mptcp")

STARTED = {("eth1", LLDP), ("eth1", 4), ("eth2", ROUTERS)}
Sight = tuple[raw.Dump, object, object, object]


@pytest.fixture
def root(store: Store, tmp_path: Path) -> Iterator[Path]:
    """Where the files begin; the host is called node1. What was started ends with the test."""
    (tmp_path / "root/etc").mkdir(parents=True)
    (tmp_path / "root/etc/hostname").write_text("node1\n")
    (tmp_path / "root/etc/resolv.conf").write_text("nameserver 192.0.2.1\n")
    with own_name("node1"):
        LISTENING.set_up()
        yield tmp_path / "root"
        for service in (LEASES, NEIGHBOURS):
            processes.end(Path(store.directory), service)


def kept(store: Store) -> list[str]:
    """What is remembered of clients, for a process that follows."""
    return sorted(path.name for path in Path(store.directory).rglob(f"*{CLIENT}"))


def sight(store: Store, root: Path, dump: Callable[[], raw.Dump]) -> Sight:
    """All there is to the host."""
    with LinuxKernel(root=str(root), keepers=Door(store.directory)) as kernel:
        return dump(), kernel.snapshot(), seen(root), kept(store)


def assert_is_as(before: Sight, store: Store, root: Path, after: object) -> None:
    now = sight(store, root, lambda: settled(before[0]))
    assert raw.changes(before[0], now[0]) == "", after
    assert now[1:] == before[1:], after


def _restart(store: Store, root: Path) -> None:
    with LinuxKernel(root=str(root), keepers=Door(store.directory)) as kernel, lock.held(store, "test", timeout_s=30):
        recovery.put_right(store, lambda: kernel, Here.find())


def test_who_listens_and_asks_is_as_before_wherever_the_apply_dies(store: Store, root: Path) -> None:
    old, fatal = sight(store, root, at_rest), 0
    while (result := wreck.died(str(store.directory), LISTENING.name, str(fatal), root=str(root)))[0]:
        steps = result[1]
        if "guarded" in steps:
            until(store, lambda: checkpoint.read(store) is None or bool(store.committed_by()), f"after {steps[-1]}")
        else:
            _restart(store, root)
        if "after commit" in steps or store.committed_by():
            break
        assert_is_as(old, store, root, steps[-1:])
        fatal += 1
    ops = [step.split(": ")[0] for step in steps if step.startswith("op ")]
    assert len([op for op in ops if op.startswith("op start ")]) == len(STARTED), ops
    _restart(store, root)
    assert history.entries(store)[-1].outcome == history.COMMITTED
    assert {client.key for client in Door(store.directory).clients()} == STARTED
    assert len(kept(store)) == len(STARTED)


def test_who_listens_and_asks_is_as_before_whichever_op_is_refused(store: Store, root: Path) -> None:
    desired, position = wire.decode([Document(LISTENING.policy)]).desired, 0
    old = sight(store, root, at_rest)
    with LinuxKernel(root=str(root), keepers=Door(store.directory)) as kernel:
        while True:
            try:
                outcome = apply(desired, Refusing(kernel, position), store, options=OPTIONS)
            except KernelRefused as error:
                assert error.leftovers == (), (position, str(error))
                assert_is_as(old, store, root, (position, str(error)))
            else:
                break
            position += 1
        assert position == len(outcome.ops) > len(STARTED)
        assert {client.key for client in Door(store.directory).clients()} == STARTED
        assert apply(desired, kernel, store, options=OPTIONS).ops == ()
