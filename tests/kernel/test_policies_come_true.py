"""Random policies on a real kernel: each comes true, the same again plans nothing, and so does what is shown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

import pytest
from hypothesis import Phase, given, settings

from lab import namespaces
from netkernel.ethtool import PARTS
from netkernel.kernel import LinuxKernel
from netkernel.ops import CreateLink, MoveLink, SetLink
from nncp_agent.committed import commit
from nncp_agent.errors import InvalidPolicy
from nncp_agent.model import NetworkState
from nncp_agent.observe import present
from nncp_agent.plan import Decision, decide
from nncp_agent.verify import differences
from tests.policies import NICS, policies
from tests.uts import own_name

pytestmark = pytest.mark.needs_kernel("bonding", "vlan", "bridge_vlan", "dummy", "veth", "uts", "mptcp")

PATIENCE_S = 30.0


@contextmanager
def node() -> Iterator[LinuxKernel]:
    """A kernel with four NICs: veths whose other ends are out of reach, as a container's are."""
    with (
        own_name("node1"),
        TemporaryDirectory() as root,
        namespaces.aside() as outside,
        namespaces.standing_in() as inside,
        LinuxKernel(root=root) as kernel,
    ):
        Path(root, "etc").mkdir()
        Path(root, "etc/hostname").write_text("node1\n")
        Path(root, "etc/resolv.conf").write_text("# by hand\nnameserver 192.0.2.1\n")
        for nic in NICS:
            kernel.execute([CreateLink(nic, "veth", {"peer": f"{nic}-peer"})])
            kernel.execute([MoveLink(f"{nic}-peer", inside, outside)])
        kernel.execute([SetLink("eth0", "veth", {"up": True}, {"up": False})])
        yield kernel


def settled(decision: Decision, kernel: LinuxKernel) -> tuple[str, ...]:
    """What is still otherwise than asked once nothing changes any more, or patience ends."""
    deadline = monotonic() + PATIENCE_S
    while True:
        found = differences(decision, kernel.snapshot(PARTS))
        if not found or monotonic() > deadline:
            return found
        kernel.wait(deadline - monotonic())


@settings(max_examples=40, deadline=None, database=None, phases=[Phase.generate])
@given(policies(whole_host=True), policies(whole_host=True))
def test_any_two_policies_come_true_one_after_the_other(first: NetworkState, second: NetworkState) -> None:
    committed = NetworkState()
    with node() as kernel:
        for desired in (first, second):
            try:
                decision = decide(desired, kernel.snapshot(PARTS), committed)
            except InvalidPolicy:
                continue
            kernel.execute(decision.ops)
            assert settled(decision, kernel) == ()
            committed = commit(committed, decision.desired)
            after = kernel.snapshot(PARTS)
            assert [str(op) for op in decide(desired, after, committed).ops] == []
            assert [str(op) for op in decide(present(after, committed), after, committed).ops] == []
