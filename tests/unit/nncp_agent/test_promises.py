"""The bridges that committed policies make, promised to the CNI plugins: no more, no fewer, however an apply ends."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from cni.bridge.plugin import promised_bridges
from netkernel.errors import KernelRefused
from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.ops import Op
from netkernel.records import Link
from nncp_agent import pending, promises
from nncp_agent.apply import apply
from nncp_agent.errors import NetworkError
from nncp_agent.model import Interface, NetworkState, State
from nncp_agent.options import Options
from nncp_agent.restore import restore
from nncp_agent.store import Store
from tests.fake_kernel import FakeKernel
from tests.unit.nncp_agent.test_apply import unguarded

HOST = Host(links={"lo": Link("lo", attrs={"up": True, "mtu": 65536})})
OPTIONS = Options(check=False, guard=unguarded)


def of(*bridges: str, state: State = State.UP) -> NetworkState:
    return NetworkState(interfaces=tuple(Interface(name=name, type="linux-bridge", state=state) for name in bridges))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "state")


def promised(store: Store) -> frozenset[str]:
    """As the plugin reads them."""
    return promised_bridges(str(store.path(promises.FILE)))


class Watching(FakeKernel):
    """Notes what is promised while ops are done; with `fails` they are refused then."""

    def __init__(self, host: Host, store: Store, *, fails: bool = False) -> None:
        super().__init__(host)
        self._of = store
        self._fails = fails
        self.seen: list[frozenset[str]] = []

    def execute(self, ops: Sequence[Op]) -> None:
        self.seen.append(promised(self._of))
        if self._fails:
            self._fails = False
            raise KernelRefused("create", 1, "not today")
        super().execute(ops)


def test_what_is_committed_is_promised_and_what_is_forgotten_is_not(store: Store) -> None:
    kernel = FakeKernel(HOST)
    apply(of("br1", "br2"), kernel, store, options=OPTIONS)
    assert promised(store) == {"br1", "br2"}
    apply(of("br1", state=State.ABSENT), kernel, store, options=OPTIONS)
    assert promised(store) == {"br2"}
    apply(of("br2", state=State.DOWN), kernel, store, options=OPTIONS)
    assert promised(store) == frozenset()
    assert not store.path(promises.FILE).exists()


def test_a_bridge_is_promised_before_it_is_made_and_not_after_it_was_taken_back(store: Store) -> None:
    kernel = Watching(HOST, store)
    apply(of("br1"), kernel, store, options=OPTIONS)
    assert kernel.seen[0] == {"br1"}
    failing = Watching(kernel.snapshot(), store, fails=True)
    with pytest.raises(NetworkError):
        apply(of("br7"), failing, store, options=OPTIONS)
    assert failing.seen[0] == {"br1", "br7"}
    assert promised(store) == {"br1"}


def test_a_change_on_trial_is_promised_until_it_is_taken_back(store: Store) -> None:
    kernel = FakeKernel(HOST)
    trial = replace(OPTIONS, commit=False, timeout_s=600.0)
    apply(of("br1"), kernel, store, options=trial)
    assert promised(store) == {"br1"}
    pending.rollback(store, kernel)
    assert promised(store) == frozenset()
    apply(of("br1"), kernel, store, options=trial)
    pending.commit(store)
    assert promised(store) == {"br1"}


def test_what_is_so_already_is_promised_without_a_change(store: Store) -> None:
    kernel = FakeKernel(HOST)
    apply(of("br1"), kernel, Store(store.directory.with_name("another")), options=OPTIONS)
    assert apply(of("br1"), kernel, store, options=OPTIONS).ops == ()
    assert promised(store) == {"br1"}


def test_in_memory_nothing_is_promised(store: Store) -> None:
    apply(of("br1"), FakeKernel(HOST), store, options=replace(OPTIONS, memory_only=True))
    assert promised(store) == frozenset()


def test_a_boot_brings_the_promises_to_what_is_committed(store: Store, tmp_path: Path) -> None:
    """Whoever wrote them died between two files, or is older than they are."""
    command_line = tmp_path / "cmdline"
    command_line.write_text("")
    for left in (b"", b"br7\nbr8\n"):
        store.save_committed(of("br1"))
        store.write(promises.FILE, left)
        restore(store, FakeKernel(HOST), options=OPTIONS, command_line=str(command_line))
        assert promised(store) == {"br1"}
