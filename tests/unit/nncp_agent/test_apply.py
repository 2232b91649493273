"""The act: what happens, in which order, and what is left when something fails."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from netkernel.errors import KernelRefused, NetworkError
from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.ops import Op
from netkernel.records import Link
from nncp_agent import checkpoint, history, pending
from nncp_agent.apply import apply
from nncp_agent.checkpoint import Checkpoint
from nncp_agent.errors import Busy, Interrupted, NothingPending, NotSettled, NoWatchdog, StoreBroken, Unreachable
from nncp_agent.model import Interface, NetworkState, State
from nncp_agent.options import Options
from nncp_agent.store import COMMITTED, Store
from tests.fake_kernel import FakeKernel

HOST = Host(links={"lo": Link("lo", attrs={"up": True, "mtu": 65536})})
DUMMY = NetworkState(interfaces=(Interface(name="dummy0", type="dummy", state=State.UP, mtu=1400),))
ANOTHER = NetworkState(interfaces=(Interface(name="dummy1", type="dummy", state=State.UP),))


@contextmanager
def unguarded(store: Store, point: Checkpoint, namespace: str | None) -> Iterator[None]:
    """A watchdog that never has to act."""
    assert checkpoint.read(store) is not None, "the checkpoint is on the disk before its watchdog starts"
    yield


@contextmanager
def unstartable(store: Store, point: Checkpoint, namespace: str | None) -> Iterator[None]:
    raise NoWatchdog("no watchdog, so nothing was touched: no memory")
    yield


class Answers:
    """A check with a script: what it says when it is asked the first time, the second time …"""

    def __init__(self, *script: bool) -> None:
        self.script = list(script)
        self.allowed_s: list[float] = []

    def describe(self) -> str:
        return "tcp://192.0.2.1:6443"

    def try_once(self, timeout_s: float) -> bool:
        self.allowed_s.append(timeout_s)
        return self.script.pop(0)


class Clocked(FakeKernel):
    """A fake kernel in which only waiting makes the time pass."""

    now = 0.0

    def clock(self) -> float:
        return self.now

    def wait(self, timeout_s: float) -> bool:
        self.now += timeout_s
        return False


class Deaf(Clocked):
    """Says yes to everything and does nothing, as real kernels do to some options."""

    def execute(self, ops: Sequence[Op]) -> None:
        pass


class Unreadable(Clocked):
    """A kernel that cannot be looked at any more once it was changed."""

    def execute(self, ops: Sequence[Op]) -> None:
        super().execute(ops)
        self.broken = True

    broken = False

    def snapshot(self, also: Collection[str] = ()) -> Host:
        if self.broken:
            raise NetworkError("links: the dump was interrupted too often")
        return super().snapshot(also)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "state")


OPTIONS = Options(guard=unguarded, check=False, command="nncp apply dummy0.yaml", policies=("dummy0",))


def _apply(state: NetworkState, kernel: Clocked, store: Store, options: Options = OPTIONS) -> object:
    return apply(state, kernel, store, options=replace(options, clock=kernel.clock))


def _entry(store: Store) -> history.Entry:
    return history.entries(store)[-1]


def test_what_was_applied_is_committed_and_in_the_history(store: Store) -> None:
    kernel = Clocked(HOST)
    outcome = apply(DUMMY, kernel, store, options=OPTIONS)
    assert outcome.committed
    assert outcome.checkpoint is None
    assert kernel.snapshot().links["dummy0"].mtu == 1400
    assert store.committed() == DUMMY
    assert checkpoint.read(store) is None
    entry = _entry(store)
    assert (entry.number, entry.outcome, entry.policies) == (outcome.history, history.COMMITTED, ("dummy0",))
    assert entry.plan == tuple(map(str, outcome.ops))
    assert entry.plan[0].startswith("create dummy dummy0")
    assert set(entry.seconds) >= {"lock", "plan", "checkpoint", "execute", "verify"}


def test_applying_it_again_does_nothing_and_writes_no_history(store: Store) -> None:
    kernel = Clocked(HOST)
    _apply(DUMMY, kernel, store)
    outcome = apply(DUMMY, kernel, store, options=replace(OPTIONS, guard=unstartable))
    assert outcome.ops == ()
    assert len(history.entries(store)) == 1


def test_what_is_so_already_is_committed_without_a_change(store: Store) -> None:
    kernel = Clocked(HOST)
    _apply(DUMMY, kernel, Store(store.directory.with_name("another")))
    outcome = apply(DUMMY, kernel, store, options=replace(OPTIONS, guard=unstartable))
    assert outcome.ops == ()
    assert store.committed() == DUMMY
    assert _entry(store).outcome == history.COMMITTED


def test_memory_only_leaves_the_committed_state_alone(store: Store) -> None:
    _apply(DUMMY, Clocked(HOST), store, replace(OPTIONS, memory_only=True))
    assert store.committed() == NetworkState()
    assert checkpoint.read(store) is None
    assert _entry(store).outcome == history.MEMORY_ONLY


def _fails(
    state: NetworkState, kernel: Clocked, store: Store, error: type[NetworkError], options: Options
) -> NetworkError:
    """Apply must fail with `error` and leave everything as it was."""
    before = kernel.snapshot()
    with pytest.raises(error) as caught:
        _apply(state, kernel, store, options)
    assert kernel.snapshot() == before
    assert store.committed() == NetworkState()
    assert checkpoint.read(store) is None
    assert caught.value.leftovers == ()
    return caught.value


@pytest.mark.parametrize("position", [0, 1])
def test_a_refused_op_takes_everything_back(store: Store, position: int) -> None:
    error = _fails(DUMMY, Clocked(HOST, refuse_at=position), store, KernelRefused, OPTIONS)
    entry = _entry(store)
    assert (entry.outcome, entry.error, entry.leftovers) == (history.ROLLED_BACK, str(error), ())


def test_what_does_not_come_true_is_taken_back(store: Store) -> None:
    kernel = Deaf(HOST)
    error = _fails(DUMMY, kernel, store, NotSettled, OPTIONS)
    assert "dummy0" in str(error)
    assert kernel.now == OPTIONS.verify_timeout_s


def test_without_verification_it_is_kept_all_the_same(store: Store) -> None:
    _apply(DUMMY, Deaf(HOST), store, replace(OPTIONS, verify=False))
    assert store.committed() == DUMMY


def test_what_answered_before_must_answer_after(store: Store) -> None:
    check = Answers(True, False)
    error = _fails(DUMMY, Clocked(HOST), store, Unreachable, replace(OPTIONS, checks=[check]))
    assert "tcp://192.0.2.1:6443, within 120 s" in str(error)
    assert check.allowed_s[0] <= 2
    assert 119 < check.allowed_s[1] <= 120


def test_what_did_not_answer_before_is_not_asked_after(store: Store) -> None:
    check = Answers(False)
    outcome = apply(DUMMY, Clocked(HOST), store, options=replace(OPTIONS, checks=[check]))
    assert outcome.checks == ()


def test_what_answers_before_and_after_is_in_the_outcome(store: Store) -> None:
    outcome = apply(DUMMY, Clocked(HOST), store, options=replace(OPTIONS, checks=[Answers(True, True)]))
    assert outcome.checks == ("tcp://192.0.2.1:6443",)


def test_without_a_watchdog_nothing_is_touched(store: Store) -> None:
    _fails(DUMMY, Clocked(HOST, refuse_at=0), store, NoWatchdog, replace(OPTIONS, guard=unstartable))
    assert history.entries(store) == ()


def test_an_undo_that_breaks_off_leaves_the_checkpoint_for_the_watchdog(store: Store) -> None:
    kernel = Unreadable(HOST)
    with pytest.raises(NetworkError) as caught:
        _apply(DUMMY, kernel, store)
    assert checkpoint.read(store) is not None
    assert "did not come to its end" in caught.value.leftovers[0]


def test_a_bug_is_taken_back_too_and_raises_as_itself(store: Store) -> None:
    class Buggy(Answers):
        def try_once(self, timeout_s: float) -> bool:
            if not self.script.pop(0):
                raise ZeroDivisionError
            return True

    kernel = Clocked(HOST)
    with pytest.raises(ZeroDivisionError):
        _apply(DUMMY, kernel, store, replace(OPTIONS, checks=[Buggy(True, False)]))
    assert kernel.snapshot() == HOST
    assert _entry(store).error == "ZeroDivisionError"


def test_a_signal_in_the_middle_takes_everything_back(store: Store) -> None:
    class Stopped(Answers):
        def try_once(self, timeout_s: float) -> bool:
            if not self.script.pop(0):
                os.kill(os.getpid(), signal.SIGTERM)
            return True

    error = _fails(DUMMY, Clocked(HOST), store, Interrupted, replace(OPTIONS, checks=[Stopped(True, False)]))
    assert "SIGTERM" in str(error)


def _pending(store: Store, timeout_s: float = 60) -> tuple[Clocked, str]:
    kernel = Clocked(HOST)
    options = replace(OPTIONS, commit=False, timeout_s=timeout_s)
    outcome = apply(DUMMY, kernel, store, options=options)
    assert not outcome.committed
    assert outcome.checkpoint is not None
    return kernel, outcome.checkpoint


def test_an_uncommitted_change_is_done_and_waits(store: Store) -> None:
    kernel, name = _pending(store)
    found = checkpoint.read(store)
    assert found is not None
    assert (found.id, found.stage) == (name, "pending")
    assert "dummy0" in kernel.snapshot().links
    assert store.committed() == NetworkState()
    assert _entry(store).outcome == history.PENDING


@pytest.mark.parametrize("named", [True, False])
def test_commit_keeps_it(store: Store, named: bool) -> None:
    kernel, name = _pending(store)
    assert pending.commit(store, name if named else None) == name
    assert store.committed() == DUMMY
    assert checkpoint.read(store) is None
    assert "dummy0" in kernel.snapshot().links
    assert [entry.outcome for entry in history.entries(store)] == [history.COMMITTED]


@pytest.mark.parametrize("named", [True, False])
def test_rollback_takes_it_back(store: Store, named: bool) -> None:
    kernel, name = _pending(store)
    assert pending.rollback(store, kernel, name if named else None) == ()
    assert kernel.snapshot() == HOST
    assert store.committed() == NetworkState()
    assert [entry.outcome for entry in history.entries(store)] == [history.ROLLED_BACK]


Verb = Callable[[Store, Clocked, str | None], object]


@pytest.fixture(params=["commit", "rollback"])
def verb(request: pytest.FixtureRequest) -> Verb:
    if request.param == "commit":
        return lambda store, kernel, name: pending.commit(store, name)
    return pending.rollback


def test_nothing_pending_is_said(store: Store, verb: Verb) -> None:
    with pytest.raises(NothingPending, match="no checkpoint is pending"):
        verb(store, Clocked(HOST), None)


def test_another_checkpoint_than_the_pending_one_is_refused(store: Store, verb: Verb) -> None:
    kernel, name = _pending(store)
    with pytest.raises(NothingPending, match=f"no checkpoint x is pending; {name} is"):
        verb(store, kernel, "x")
    assert checkpoint.read(store) is not None


def test_a_pending_checkpoint_refuses_the_next_apply(store: Store) -> None:
    kernel, name = _pending(store)
    with pytest.raises(Busy, match=rf"checkpoint {name} .*dummy0\.yaml.*nncp rollback"):
        _apply(ANOTHER, kernel, store)
    assert set(kernel.snapshot().links) == {"lo", "dummy0"}


def test_a_pending_checkpoint_whose_watchdog_died_goes_back_at_the_next_apply(store: Store) -> None:
    kernel, _ = _pending(store, timeout_s=0)
    _apply(ANOTHER, kernel, store)
    assert set(kernel.snapshot().links) == {"lo", "dummy1"}
    assert [entry.outcome for entry in history.entries(store)] == [history.ROLLED_BACK, history.COMMITTED]


def _found_as(store: Store, **changes: object) -> None:
    found = checkpoint.read(store)
    assert found is not None
    checkpoint.write(store, msgspec.structs.replace(found, **changes))


def test_a_checkpoint_left_half_way_goes_back_at_the_next_apply(store: Store) -> None:
    kernel, _ = _pending(store)
    _found_as(store, stage="applying")
    _apply(ANOTHER, kernel, store)
    assert set(kernel.snapshot().links) == {"lo", "dummy1"}
    assert history.entries(store)[0].error == "the process that applied it died"


def test_a_checkpoint_left_half_way_cannot_be_committed(store: Store) -> None:
    _pending(store)
    _found_as(store, stage="applying")
    with pytest.raises(NothingPending, match="interrupted half-way: `nncp rollback`"):
        pending.commit(store)


def test_a_checkpoint_of_an_earlier_boot_is_forgotten_without_touching_anything(store: Store) -> None:
    _pending(store)
    _found_as(store, boot="another")
    fresh = Clocked(HOST)
    _apply(ANOTHER, fresh, store)
    assert set(fresh.snapshot().links) == {"lo", "dummy1"}
    assert history.entries(store)[0].outcome == history.GONE
    assert store.committed() == ANOTHER


def test_a_checkpoint_of_an_earlier_boot_can_neither_be_committed_nor_rolled_back(store: Store, verb: Verb) -> None:
    kernel, _ = _pending(store)
    _found_as(store, boot="another")
    with pytest.raises(NothingPending, match="earlier boot"):
        verb(store, kernel, None)


def test_a_checkpoint_of_another_namespace_is_left_alone(store: Store) -> None:
    kernel, _ = _pending(store)
    _found_as(store, namespace="net:[1]")
    with pytest.raises(Busy, match=r"namespace net:\[1\]"):
        _apply(ANOTHER, kernel, store)
    with pytest.raises(Busy, match=r"namespace net:\[1\]"):
        pending.rollback(store, kernel)
    assert checkpoint.read(store) is not None


def test_a_commit_that_was_cut_off_after_its_rename_is_finished_by_the_next_apply(store: Store) -> None:
    kernel, name = _pending(store)
    store.commit(name)
    _apply(ANOTHER, kernel, store)
    assert set(kernel.snapshot().links) == {"lo", "dummy0", "dummy1"}
    assert [entry.outcome for entry in history.entries(store)] == [history.COMMITTED, history.COMMITTED]
    assert store.committed().interface("dummy0") == DUMMY.interface("dummy0")


@pytest.mark.parametrize("name", [COMMITTED, checkpoint.NAME])
def test_a_state_that_cannot_be_read_stops_everything_before_anything_is_touched(store: Store, name: str) -> None:
    store.write(name, b"{garbage")
    kernel = Clocked(HOST, refuse_at=0)
    with pytest.raises(StoreBroken, match=name):
        _apply(DUMMY, kernel, store)
    assert kernel.snapshot() == HOST
    assert store.read(name) == b"{garbage"


class Full(Store):
    """A directory that takes `room` more writes."""

    def __init__(self, directory: Path, room: int) -> None:
        super().__init__(directory)
        self.room = room

    def write(self, name: str, data: bytes) -> None:
        self.room -= 1
        if self.room < 0:
            raise StoreBroken(f"{name}: cannot write it: No space left on device")
        super().write(name, data)


@pytest.mark.parametrize("room", [0, 1])
def test_a_full_disk_stops_everything_before_anything_is_touched(tmp_path: Path, room: int) -> None:
    kernel = Clocked(HOST, refuse_at=0)
    with pytest.raises(StoreBroken, match="No space"):
        _apply(DUMMY, kernel, Full(tmp_path, room))
    assert kernel.snapshot() == HOST
    assert checkpoint.read(Store(tmp_path)) is None


def test_a_disk_that_is_full_after_the_checkpoint_commits_all_the_same(tmp_path: Path) -> None:
    kernel = Clocked(HOST)
    _apply(DUMMY, kernel, Full(tmp_path, 2))
    assert Store(tmp_path).committed() == DUMMY
    assert "dummy0" in kernel.snapshot().links


def test_a_disk_that_is_full_when_the_wait_for_a_commit_begins_takes_everything_back(tmp_path: Path) -> None:
    _fails(DUMMY, Clocked(HOST), Full(tmp_path, 2), StoreBroken, replace(OPTIONS, commit=False))


def test_an_apply_that_finds_nothing_to_do_loads_nothing_that_only_a_change_needs(tmp_path: Path) -> None:
    script = """
import sys
from netkernel.host import Host
from nncp_agent.apply import apply
from nncp_agent.model import NetworkState
from nncp_agent.store import Store

class Kernel:
    def snapshot(self, also):
        return Host()

assert apply(NetworkState(), Kernel(), Store(sys.argv[1])).ops == ()
of_a_change = {"nncp_agent.act", "nncp_agent.checks", "nncp_agent.watchdog.daemon", "netkernel.simulation"}
print(*sorted(sys.modules.keys() & {*of_a_change, "ctypes", "difflib", "hashlib", "secrets", "subprocess"}))
"""
    command = [sys.executable, "-c", script, str(tmp_path)]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "\n"
