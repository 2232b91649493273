"""Back to before a policy, on a real kernel: what no policy made is as it was, and what one made is gone."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from netkernel.host import Host
from netkernel.kernel import LinuxKernel
from netkernel.reconcile import reconcile
from nncp_agent.apply import apply, go_back
from nncp_agent.model import NetworkState
from nncp_agent.options import Options
from nncp_agent.store import Store
from tests.host_text import policy

pytestmark = pytest.mark.needs_kernel("veth", "bonding", "vlan", "ipv6")

NODE = """
for n in 0 1 2; do ip link add eth$n type veth peer name far$n; ip link set far$n up; done
ip link set eth2 up
ip link add bond0 type bond mode active-backup miimon 100
ip link set eth0 master bond0
ip link set eth1 master bond0
ip link set bond0 up mtu 1450
ip address add 192.0.2.10/24 dev bond0 label bond0:1
ip address add 2001:db8::10/64 dev bond0 nodad
ip route add default via 192.0.2.1
ip route add 203.0.113.0/24 via 192.0.2.2 tos 4
ip -6 route add default via 2001:db8::1
"""
RENUMBERED = """
interfaces:
  - name: bond0
    type: bond
    state: up
    mtu: 1400
    ipv4: {enabled: true, allow-extra-address: false, address: [{ip: 198.51.100.10, prefix-length: 24}]}
    ipv6: {enabled: false}
    link-aggregation: {mode: active-backup, port: [eth1, eth2]}
"""
VLAN = """
interfaces:
  - name: bond0.40
    type: vlan
    state: up
    mtu: 1280
    vlan: {base-iface: bond0, id: 40}
    ipv4: {enabled: true, address: [{ip: 10.40.0.11, prefix-length: 24}]}
"""
OPTIONS = Options(check=False)


@pytest.fixture
def kernel(netns: str) -> Iterator[LinuxKernel]:
    """A namespace with a bond0 that carries both default routes and that no policy made."""
    subprocess.run(["sh", "-euc", NODE], check=True)
    with LinuxKernel() as kernel:
        yield kernel


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "state")


def _is_again(kernel: LinuxKernel, before: Host) -> bool:
    """Whether nothing would have to be done, and nothing was made anew: bond0 has the index it had."""
    now = kernel.snapshot()
    return reconcile(now, before) == () and now.links["bond0"].index == before.links["bond0"].index


def test_going_back_to_the_beginning_keeps_the_bond_that_was_there_and_its_routes(
    kernel: LinuxKernel, store: Store
) -> None:
    before = kernel.snapshot()
    apply(policy(VLAN), kernel, store, options=OPTIONS)
    apply(policy(RENUMBERED), kernel, store, options=OPTIONS)
    assert not _is_again(kernel, before)
    go_back(0, kernel, store, options=OPTIONS)
    assert _is_again(kernel, before)
    assert "bond0.40" not in kernel.snapshot().links
    assert store.committed() == NetworkState()


def test_going_back_by_one_keeps_what_was_applied_before_it(kernel: LinuxKernel, store: Store) -> None:
    apply(policy(VLAN), kernel, store, options=OPTIONS)
    between, committed = kernel.snapshot(), store.committed()
    apply(policy(RENUMBERED), kernel, store, options=OPTIONS)
    apply(policy("interfaces: [{name: bond0.40, state: absent}]"), kernel, store, options=OPTIONS)
    go_back(1, kernel, store, options=OPTIONS)
    assert _is_again(kernel, between)
    assert store.committed() == committed
