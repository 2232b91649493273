"""Every op of a change refused in turn: the host is exactly as it was, seen by us and by iproute2."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from netkernel.documents import Document
from netkernel.errors import KernelRefused
from netkernel.host import Host
from netkernel.kernel import LinuxKernel
from netkernel.ops import Op
from nncp_agent import checkpoint, wire
from nncp_agent.apply import apply
from nncp_agent.checkpoint import Checkpoint
from nncp_agent.keeping import LEASES
from nncp_agent.keeping.door import Door
from nncp_agent.options import Options
from nncp_agent.store import Store
from tests import processes
from tests.faults import raw
from tests.faults.conftest import at_rest, param, settled
from tests.faults.scenes import SCENES, Scene

pytestmark = pytest.mark.needs_kernel("veth", "bonding", "bridge", "vlan", "ipv6", "policy_routing", "mptcp")


class Refusing:
    """The real kernel, but op `position` (counted from 0) is refused once; undo finds it willing again."""

    namespace = None

    def __init__(self, kernel: LinuxKernel, position: int) -> None:
        self._kernel = kernel
        self._left = position

    def snapshot(self, also: Collection[str] = ()) -> Host:
        return self._kernel.snapshot(also)

    def wait(self, timeout_s: float) -> bool:
        return self._kernel.wait(timeout_s)

    def execute(self, ops: Sequence[Op]) -> None:
        for done, op in enumerate(ops):
            if self._left == 0:
                self._left -= 1
                raise KernelRefused(str(op), 22, "a test says no", possibly_done=done + 1, failed=frozenset({done}))
            self._left -= 1
            self._kernel.execute([op])


@contextmanager
def unguarded(store: Store, point: Checkpoint, namespace: str | None) -> Iterator[None]:
    yield


@pytest.fixture(autouse=True)
def started(store: Store) -> Iterator[None]:
    """What a scene starts ends with it."""
    yield
    processes.end(Path(store.directory), LEASES)


OPTIONS = Options(check=False, guard=unguarded, command="test", verify_timeout_s=20)


@pytest.mark.parametrize("scene", [param(scene) for scene in SCENES])
def test_a_refused_op_leaves_the_host_exactly_as_it_was(store: Store, scene: Scene) -> None:
    scene.set_up()
    desired = wire.decode([Document(scene.policy)]).desired
    with LinuxKernel(keepers=Door(store.directory)) as kernel:
        before, seen = at_rest(), kernel.snapshot()
        position = 0
        while True:
            try:
                outcome = apply(desired, Refusing(kernel, position), store, options=OPTIONS)
            except KernelRefused as error:
                assert error.leftovers == (), (position, str(error))
                assert raw.changes(before, settled(before)) == "", (position, str(error))
                assert kernel.snapshot() == seen, (position, str(error))
                assert checkpoint.read(store) is None
            else:
                break
            position += 1
        assert position == len(outcome.ops) > 3


@pytest.mark.parametrize("scene", [param(scene) for scene in SCENES])
def test_applying_it_again_plans_nothing(store: Store, scene: Scene) -> None:
    scene.set_up()
    desired = wire.decode([Document(scene.policy)]).desired
    with LinuxKernel(keepers=Door(store.directory)) as kernel:
        assert apply(desired, kernel, store, options=OPTIONS).ops
        assert apply(desired, kernel, store, options=OPTIONS).ops == ()
