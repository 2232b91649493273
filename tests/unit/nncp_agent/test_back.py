"""The way back to an earlier apply: the kernel's records from before each one, newest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from netkernel.errors import NetworkError
from netkernel.frozen import replace
from netkernel.ops import DeleteLink, Op, SetLink
from netkernel.reconcile import reconcile
from nncp_agent import history, pending
from nncp_agent.apply import apply, go_back
from nncp_agent.back import back_to
from nncp_agent.change import Change
from nncp_agent.checkpoint import Checkpoint
from nncp_agent.errors import NotSettled, StoreBroken
from nncp_agent.model import NetworkState
from nncp_agent.options import Options, Outcome
from nncp_agent.store import Store
from tests.fake_kernel import FakeKernel
from tests.host_text import policy, read_host

NODE = read_host("""
links:
  eth0: {master: bond0}
  eth1: {master: bond0}
  eth2: {}
  bond0: {kind: bond, mode: active-backup, miimon: 100, addresses: [192.0.2.10/24]}
routes:
  - 0.0.0.0/0 via 192.0.2.1 on bond0
""")
RENUMBERED = """
interfaces:
  - name: bond0
    type: bond
    mtu: 1400
    ipv4: {enabled: true, allow-extra-address: false, address: [{ip: 192.0.2.99, prefix-length: 24}]}
"""
VLAN = """
interfaces:
  - {name: bond0.40, type: vlan, mtu: 1280, vlan: {base-iface: bond0, id: 40}}
"""


@contextmanager
def unguarded(store: Store, point: Checkpoint, namespace: str | None) -> Iterator[None]:
    """A watchdog that never has to act."""
    yield


OPTIONS = Options(guard=unguarded, check=False)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "state")


def _apply(text: str, kernel: FakeKernel, store: Store, options: Options = OPTIONS) -> Outcome:
    return apply(policy(text), kernel, store, options=options)


def _back(number: int, kernel: FakeKernel, store: Store, options: Options = OPTIONS) -> Outcome:
    return go_back(number, kernel, store, options=options)


def test_an_interface_that_no_policy_made_comes_back_as_it_was(store: Store) -> None:
    kernel = FakeKernel(NODE)
    _apply(RENUMBERED, kernel, store)
    assert kernel.snapshot() != NODE
    outcome = _back(0, kernel, store)
    assert not any(isinstance(op, DeleteLink) for op in outcome.ops)
    assert kernel.snapshot() == NODE
    assert store.committed() == NetworkState()


def test_a_key_that_only_a_later_policy_stated_comes_back_and_what_the_earlier_made_stays(store: Store) -> None:
    kernel = FakeKernel(NODE)
    _apply(VLAN, kernel, store)
    then, committed = kernel.snapshot(), store.committed()
    _apply(RENUMBERED, kernel, store)
    _apply("interfaces: [{name: bond0, mtu: 1300}]", kernel, store)
    _back(1, kernel, store)
    assert kernel.snapshot() == then
    assert store.committed() == committed
    assert history.entries(store)[-1].outcome == history.COMMITTED


def test_what_was_removed_since_is_made_again(store: Store) -> None:
    kernel = FakeKernel(NODE)
    _apply(VLAN, kernel, store)
    then = kernel.snapshot()
    _apply("interfaces: [{name: bond0.40, state: absent}]", kernel, store)
    _back(1, kernel, store)
    assert kernel.snapshot() == then


def test_an_interface_of_nobody_that_a_policy_removed_is_made_again(store: Store) -> None:
    kernel = FakeKernel(NODE)
    _apply("interfaces: [{name: bond0, state: absent}]", kernel, store)
    assert "bond0" not in kernel.snapshot().links
    _back(0, kernel, store)
    assert reconcile(kernel.snapshot(), NODE) == ()


def test_going_back_can_itself_be_taken_back(store: Store) -> None:
    kernel = FakeKernel(NODE)
    _apply(VLAN, kernel, store)
    _apply(RENUMBERED, kernel, store)
    then, committed = kernel.snapshot(), store.committed()
    _back(0, kernel, store)
    _back(2, kernel, store)
    assert kernel.snapshot() == then
    assert store.committed() == committed


def test_what_nobody_applied_stays_as_it_is_now(store: Store) -> None:
    kernel = FakeKernel(NODE)
    _apply(RENUMBERED, kernel, store)
    eth2 = NODE.links["eth2"]
    kernel.execute([SetLink("eth2", "", {"mtu": 1300}, {"mtu": 1500})])
    _back(0, kernel, store)
    changed = replace(eth2, attrs={**eth2.attrs, "mtu": 1300})
    assert kernel.snapshot() == replace(NODE, links={**NODE.links, "eth2": changed})


def test_a_change_in_memory_only_is_taken_back_with_the_others(store: Store) -> None:
    kernel = FakeKernel(NODE)
    _apply(RENUMBERED, kernel, store, replace(OPTIONS, memory_only=True))
    _back(0, kernel, store)
    assert kernel.snapshot() == NODE


def test_going_back_in_memory_only_leaves_what_is_committed(store: Store) -> None:
    kernel = FakeKernel(NODE)
    _apply(RENUMBERED, kernel, store)
    committed = store.committed()
    _back(0, kernel, store, replace(OPTIONS, memory_only=True))
    assert kernel.snapshot() == NODE
    assert store.committed() == committed


def test_going_back_can_wait_for_a_commit(store: Store) -> None:
    kernel = FakeKernel(NODE)
    _apply(RENUMBERED, kernel, store)
    then, committed = kernel.snapshot(), store.committed()
    _back(0, kernel, store, replace(OPTIONS, commit=False))
    assert kernel.snapshot() == NODE
    assert pending.rollback(store, kernel) == ()
    assert (kernel.snapshot(), store.committed()) == (then, committed)
    _back(0, kernel, store, replace(OPTIONS, commit=False))
    pending.commit(store)
    assert (kernel.snapshot(), store.committed()) == (NODE, NetworkState())


class Deaf(FakeKernel):
    """Says yes to everything and does nothing, once it is told to."""

    deaf = False

    def execute(self, ops: Sequence[Op]) -> None:
        if not self.deaf:
            super().execute(ops)


def test_what_does_not_come_back_is_said_and_nothing_is_committed(store: Store) -> None:
    kernel = Deaf(NODE)
    _apply(RENUMBERED, kernel, store)
    then, committed = kernel.snapshot(), store.committed()
    kernel.deaf = True
    with pytest.raises(NotSettled, match="bond0"):
        _back(0, kernel, store, replace(OPTIONS, verify_timeout_s=0.0))
    assert (kernel.snapshot(), store.committed()) == (then, committed)
    assert history.entries(store)[-1].outcome == history.ROLLED_BACK


def test_a_nic_that_is_gone_is_said_to_be_and_all_else_comes_back(store: Store) -> None:
    kernel = FakeKernel(NODE)
    address = "{ip: 203.0.113.3, prefix-length: 24}"
    _apply(f"interfaces: [{{name: eth2, ipv4: {{enabled: true, address: [{address}]}}}}]", kernel, store)
    _apply("interfaces: [{name: eth2, state: absent}, {name: bond0, mtu: 1400}]", kernel, store)
    now = kernel.snapshot()
    kernel = FakeKernel(replace(now, links={name: link for name, link in now.links.items() if name != "eth2"}))
    outcome = _back(1, kernel, store)
    assert [warning.path for warning in outcome.warnings] == ["eth2"]
    assert kernel.snapshot().links["bond0"] == NODE.links["bond0"]


def test_a_default_route_that_came_since_may_go_without_being_missed(store: Store) -> None:
    bare = replace(NODE, routes=())
    kernel = FakeKernel(bare)
    _apply("routes: {config: [{destination: 0.0.0.0/0, next-hop-address: 192.0.2.1, next-hop-interface: bond0}]}",
           kernel, store)  # fmt: skip
    change = _change(0, kernel, store)
    assert [each.destination for each in (change.asked.routes and change.asked.routes.config) or ()] == ["0.0.0.0/0"]
    _apply(RENUMBERED, kernel, store)
    assert _change(1, kernel, store).asked.routes.config == ()  # type: ignore[union-attr]  # it always has them


def test_before_the_first_apply_is_out_of_reach_once_that_is_forgotten(store: Store) -> None:
    kernel = FakeKernel(NODE)
    _apply(VLAN, kernel, store)
    _apply(RENUMBERED, kernel, store)
    store.remove("history/000001.json")
    with pytest.raises(NetworkError, match="the first apply is not kept any more: 2 is the oldest"):
        _back(0, kernel, store)


def test_an_entry_that_does_not_say_how_it_was_is_no_way_back(store: Store) -> None:
    kernel = FakeKernel(NODE)
    _apply(RENUMBERED, kernel, store)
    entry = history.entry(store, 1)
    history.write(store, msgspec.structs.replace(entry, remembered=history.NOTHING))
    with pytest.raises(NetworkError, match="entry 1 does not say how the host was before it"):
        _back(0, kernel, store)
    history.write(store, msgspec.structs.replace(entry, remembered=msgspec.Raw(b"[]")))
    with pytest.raises(StoreBroken, match="entry 1"):
        _back(0, kernel, store)


def _change(number: int, kernel: FakeKernel, store: Store) -> Change:
    return back_to(store, number, kernel.snapshot())
