"""What goes back by itself, whoever dies, and who has to wait for whom."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from nncp_agent import checkpoint, history, pending
from nncp_agent.store import Store
from tests.faults import raw
from tests.faults.conftest import at_rest, settled, until
from tests.faults.scenes import BOND_BRIDGE_VLAN

pytestmark = pytest.mark.needs_kernel("veth", "bonding", "bridge", "vlan", "ipv6", "policy_routing")

APPLY = """
import sys
from netkernel.documents import Document
from netkernel.kernel import LinuxKernel
from nncp_agent import wire
from nncp_agent.apply import apply
from nncp_agent.options import Options
from nncp_agent.store import Store
from tests.faults.scenes import BOND_BRIDGE_VLAN

desired = wire.decode([Document(BOND_BRIDGE_VLAN.policy)]).desired
options = Options(check=False, commit=False, timeout_s=float(sys.argv[2]), command="test", verify_timeout_s=20)
with LinuxKernel() as kernel:
    print(apply(desired, kernel, Store(sys.argv[1]), options=options).checkpoint)
"""


BUSY = """
import signal, sys, threading
from netkernel.documents import Document
from netkernel.kernel import LinuxKernel
from nncp_agent import wire
from nncp_agent.apply import apply
from nncp_agent.options import Options
from nncp_agent.store import Store
from tests.faults.scenes import BOND_BRIDGE_VLAN

class Slow:
    asked = False
    def describe(self):
        return "something slow"
    def try_once(self, timeout_s):
        if self.asked:
            print("changed", flush=True)
            signal.pause()
        self.asked = True
        return True

threading.Thread(target=threading.Event().wait, daemon=True).start()
desired = wire.decode([Document(BOND_BRIDGE_VLAN.policy)]).desired
options = Options(check=False, checks=[Slow()], command="test", verify_timeout_s=20)
with LinuxKernel() as kernel:
    apply(desired, kernel, Store(sys.argv[1]), options=options)
"""
HANGING = """
import os, signal, sys
import msgspec
from netkernel.documents import Document
from netkernel.kernel import LinuxKernel
from netkernel.rewind import remember
from nncp_agent import checkpoint, history, lock, wire
from nncp_agent.checkpoint import Checkpoint, Here
from nncp_agent.plan import decide
from nncp_agent.store import Store
from nncp_agent.watchdog.start import guarding
from tests.faults.scenes import BOND_BRIDGE_VLAN

store, here = Store(sys.argv[1]), Here.find()
with LinuxKernel() as kernel, lock.held(store, "test"):
    before = kernel.snapshot()
    ops = decide(wire.decode([Document(BOND_BRIDGE_VLAN.policy)]).desired, before).ops
    point = Checkpoint(
        id=checkpoint.new_id(), boot=here.boot, namespace=here.namespace, pid=os.getpid(),
        deadline_s=checkpoint.now_s() + 1.5, remembered=msgspec.Raw(remember(before, ops).to_json()),
        entry=history.Entry(number=1, time="2026-01-01T00:00:00+00:00"),
    )
    checkpoint.write(store, point)
    with guarding(store, point):
        kernel.execute(ops)
        os.kill(os.getpid(), signal.SIGSTOP)
"""
TAKE_BACK = """
import sys
from nncp_agent.watchdog import guard
from nncp_agent import checkpoint, lock, recovery
from nncp_agent.store import Store

store, loaded = Store(sys.argv[1]), set(sys.modules)
with lock.held(store, guard.COMMAND), guard.LinuxKernel() as kernel:
    guard.Here.find()
    recovery.take_back(store, kernel, checkpoint.read(store), "a test")
print(*sorted(set(sys.modules) - loaded))
"""


def _start(script: str, store: Store) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", script, str(store.directory)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _apply(store: Store, timeout_s: float, prefix: str = "") -> str:
    """Apply the scene without a commit, from a shell that runs `prefix` first; gives the checkpoint's name."""
    script = f'{prefix} exec "$@"'
    command = ["sh", "-c", script, "sh", sys.executable, "-c", APPLY, str(store.directory), str(timeout_s)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _is_gone(store: Store) -> bool:
    return checkpoint.read(store) is None


def test_an_uncommitted_change_goes_back_at_its_deadline(store: Store) -> None:
    BOND_BRIDGE_VLAN.set_up()
    old = at_rest()
    _apply(store, 1.0)
    until(store, lambda: _is_gone(store), "the rollback at the deadline")
    assert raw.changes(old, settled(old)) == ""
    last = history.entries(store)[-1]
    assert (last.outcome, last.error) == (history.ROLLED_BACK, "nobody committed it in time")
    assert last.plan and last.seconds


def test_it_goes_back_after_everything_the_caller_started_was_killed(store: Store) -> None:
    BOND_BRIDGE_VLAN.set_up()
    old = at_rest()
    cgroup = Path("/sys/fs/cgroup") / f"caller-{os.getpid()}"
    cgroup.mkdir()
    try:
        _apply(store, 5.0, prefix=f"echo 0 > {cgroup}/cgroup.procs;")
        (cgroup / "cgroup.kill").write_text("1")
        until(store, lambda: _is_gone(store), "the rollback at the deadline")
    finally:
        cgroup.rmdir()
    assert raw.changes(old, settled(old)) == ""


def test_the_watchdog_has_loaded_what_the_way_back_needs_before_the_first_change(store: Store) -> None:
    BOND_BRIDGE_VLAN.set_up()
    old = at_rest()
    _apply(store, 60.0)
    with _start(TAKE_BACK, store) as process:
        late, said = process.communicate(timeout=60)
    assert late == "\n", said
    assert raw.changes(old, settled(old)) == ""


def test_a_commit_by_another_process_keeps_it_beyond_the_deadline(store: Store) -> None:
    BOND_BRIDGE_VLAN.set_up()
    name = _apply(store, 60.0)
    new = at_rest()
    assert pending.commit(store, name) == name
    assert raw.changes(new, settled(new)) == ""
    assert history.entries(store)[-1].outcome == history.COMMITTED


def test_the_second_of_two_applies_at_once_waits_and_then_finds_the_first_one_pending(store: Store) -> None:
    BOND_BRIDGE_VLAN.set_up()
    command = [sys.executable, "-c", APPLY, str(store.directory), "60"]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=60) for process in both]
    assert sorted(process.returncode for process in both) == [0, 1]
    [refused] = [error for _, error in said if error]
    assert "Busy: checkpoint" in refused
    assert "`nncp commit` keeps it, `nncp rollback` takes it back" in refused


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_takes_everything_back_before_the_process_ends(store: Store, number: signal.Signals) -> None:
    BOND_BRIDGE_VLAN.set_up()
    old = at_rest()
    with _start(BUSY, store) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "changed\n"
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert f"Interrupted: interrupted by {number.name}" in said
    assert checkpoint.read(store) is None
    assert raw.changes(old, settled(old)) == ""


def test_a_killed_process_that_has_threads_is_taken_back_too(store: Store) -> None:
    BOND_BRIDGE_VLAN.set_up()
    old = at_rest()
    with _start(BUSY, store) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "changed\n"
        process.kill()
    until(store, lambda: _is_gone(store), "the rollback after the kill")
    assert raw.changes(old, settled(old)) == ""


def test_an_apply_that_hangs_is_ended_at_its_deadline_and_taken_back(store: Store) -> None:
    BOND_BRIDGE_VLAN.set_up()
    old = at_rest()
    with _start(HANGING, store) as process:
        until(store, lambda: _is_gone(store), "the rollback of what hangs")
    assert process.returncode == -signal.SIGKILL
    assert raw.changes(old, settled(old)) == ""
