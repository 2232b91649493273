"""A daemon among faults: killed in mid-check, a disk full or read-only, a storm of events, somebody who fights."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from netkernel.kernel import LinuxKernel
from nncp_agent import checkpoint, history
from nncp_agent.store import Store
from tests.faults.conftest import until
from tests.node.conftest import ip
from tests.node.process import MANIFESTS, Daemon

pytestmark = pytest.mark.needs_kernel("veth", "bonding", "bridge", "ipv6")

DUMMY = "{interfaces: [{name: dummy0, type: dummy, state: up, mtu: 1400}]}"
EVENTS = 10_000


@contextmanager
def _small_disk(folder: Path) -> Iterator[None]:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_daemon_killed_while_it_asks_whether_all_still_answers_leaves_the_way_back_to_the_watchdog(
    kernel: LinuxKernel, node: Daemon, gateway: str
) -> None:
    checks = f"{{gateway: {{target: {gateway}, timeoutSeconds: 400}}}}"
    nics = "{name: eth0, type: ethernet, state: down}, {name: eth1, type: ethernet, state: up, mtu: 1400}"
    before = kernel.snapshot()
    node.policy("nic", f"{{interfaces: [{nics}]}}", checks=checks)
    node.start()
    node.until(lambda: not kernel.snapshot().links["eth0"].up)
    node.die()
    store = Store(node.state)
    until(store, lambda: checkpoint.read(store) is None, "the watchdog")
    after = kernel.snapshot()
    assert (after.links["eth0"].up, after.links["eth1"].mtu) == (True, before.links["eth1"].mtu)
    node.policy("nic", "{interfaces: [{name: eth1, type: ethernet, state: up, mtu: 1300}]}", checks=checks)
    node.start()
    node.until(lambda: node.row("nic") == "Available" and node.generation("nic") == 2)
    assert kernel.snapshot().links["eth1"].mtu == 1300


@pytest.mark.parametrize("fault", ["full", "read-only"])
def test_on_a_disk_that_takes_nothing_all_stays_and_is_done_when_it_does_again(
    kernel: LinuxKernel, node: Daemon, fault: str
) -> None:
    with _small_disk(node.state):
        node.policy("dummy", DUMMY)
        node.start()
        node.until_available("dummy")
        if fault == "full":
            filler = node.state / "filler"
            with pytest.raises(OSError), filler.open("wb") as file:
                file.write(bytes(1 << 20))
        else:
            node.until(lambda: _is_remounted(node.state, "ro"), "read-only")  # a watchdog may still have its log open
        node.policy("dummy", DUMMY.replace("1400", "1300"))
        node.until(lambda: node.generation("dummy") == 2 and node.row("dummy") == "Retrying")
        assert kernel.snapshot().links["dummy0"].mtu == 1400
        if fault == "full":
            filler.unlink()
        else:
            assert _is_remounted(node.state, "rw")
        node.until_available("dummy")
        assert kernel.snapshot().links["dummy0"].mtu == 1300
        node.die()


def _is_remounted(folder: Path, how: str) -> bool:
    return subprocess.run(["mount", "-o", f"remount,{how}", str(folder)], stderr=subprocess.DEVNULL).returncode == 0


def test_ten_thousand_link_events_later_it_knows_what_is_so(kernel: LinuxKernel, node: Daemon) -> None:
    node.put("worker-bond1", (MANIFESTS / "worker-bond1.yaml").read_text())
    node.start()
    node.until_available("worker-bond1")
    ip("link add storm type dummy")
    lines = "".join(f"link set storm mtu {1400 + number % 2}\n" for number in range(EVENTS))
    subprocess.run(["ip", "-batch", "-"], input=lines, text=True, check=True)
    ip("link set bond1 mtu 1300")
    node.until(lambda: node.condition("worker-bond1", "Drifted") == "bond1: mtu: wanted 1450, found 1300")
    node.policy("dummy", DUMMY)
    node.until_available("dummy")
    assert node.end() == 0


FIGHTER = """
import subprocess, sys
while True:
    subprocess.run(["ip", "link", "set", "dummy0", "mtu", "1300"], check=True)
"""


def test_somebody_who_sets_it_back_each_time_is_not_fought_without_end(kernel: LinuxKernel, node: Daemon) -> None:
    node.policy("dummy", DUMMY, driftPolicy="Repair")
    node.start()
    node.until_available("dummy")
    with subprocess.Popen([sys.executable, "-c", FIGHTER]) as fighter:
        node.until(lambda: "repaired 4 times" in node.condition("dummy", "Drifted") or _failed(node))
        node.policy("another", DUMMY.replace("dummy0", "dummy1"))
        node.until_available("another")
        fighter.kill()
    node.until(lambda: kernel.snapshot().links["dummy0"].mtu == 1400)
    assert len(history.entries(Store(node.state))) < 20


def _failed(node: Daemon) -> bool:
    return "repairing it failed" in node.condition("dummy", "Drifted")


def test_of_two_daemons_one_waits_until_the_other_is_gone(kernel: LinuxKernel, node: Daemon, tmp_path: Path) -> None:
    node.policy("dummy", DUMMY)
    node.start()
    node.until_available("dummy")
    second = Daemon(tmp_path / "second")
    second.manifests, second.state = node.manifests, node.state
    second.start()
    node.policy("dummy", DUMMY.replace("1400", "1300"))
    node.until(lambda: node.generation("dummy") == 2 and node.row("dummy") == "Available")
    assert second.enactment("dummy") == {}
    node.die()
    second.until_available("dummy")
    assert second.generation("dummy") == 2
    assert second.end() == 0
