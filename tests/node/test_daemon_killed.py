"""kill -9 of the daemon before every step of its turns: the next one ends where it would have ended, and says so."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from netkernel.kernel import LinuxKernel
from netkernel.ops import DeleteLink
from nncp_agent import checkpoint
from nncp_agent.store import Store
from tests.node.process import MANIFESTS, Daemon
from tests.node.wreck import died, take_turns

pytestmark = pytest.mark.needs_kernel("veth", "bonding", "bridge", "bridge_vlan", "ipv6")


def _fresh(node: Daemon, folder: Path) -> None:
    """The host, and all directories, as they were before the daemon ran for the first time."""
    with LinuxKernel() as kernel:
        for name in ("br1", "bond1"):
            if name in (host := kernel.snapshot()).links:
                kernel.execute([DeleteLink(name, host.links[name].kind)])
    for each in (node.state, node.run):
        shutil.rmtree(each, ignore_errors=True)
        each.mkdir()


def test_a_daemon_killed_before_any_step_is_followed_by_one_that_brings_it_to_its_end(
    kernel: LinuxKernel, node: Daemon, tmp_path: Path
) -> None:
    for name in ("worker-bond1", "worker-bond1-br1"):
        node.put(name, (MANIFESTS / f"{name}.yaml").read_text())
    fatal, store = 0, Store(node.state)
    while True:
        _fresh(node, tmp_path)
        status, steps = died(tmp_path, fatal)
        if status == 0:
            break
        take_turns(tmp_path, kernel)
        assert [node.row(name) for name in ("worker-bond1", "worker-bond1-br1")] == ["Available"] * 2, steps[-1:]
        host = kernel.snapshot()
        assert [host.links[name].master for name in ("eth2", "eth3", "bond1")] == ["bond1", "bond1", "br1"], steps[-1:]
        assert checkpoint.read(store) is None
        assert {each.name for each in store.committed().interfaces or ()} >= {"bond1", "br1"}
        fatal += 1 if fatal < 8 else 5
    assert fatal > 40
    said = " ".join(steps)
    for phase in (
        "before telling",
        "before write node/policies.json",
        "guarded",
        "op ",
        "before commit",
        "after commit",
    ):
        assert phase in said
