"""`nncp release`: leases go back to their servers when somebody says so."""

from __future__ import annotations

from pathlib import Path

from netkernel.ops import DeleteClient
from netkernel.records import ROUTERS, Client
from tests.fake_kernel import FakeKernel
from tests.host_text import host
from tests.unit.cli.command import Result, nncp

HOST = {"links": {"eth1": {}, "eth2": {}}, "dhcp4": ["eth1", "eth2"], "dhcp6": ["eth1"], "routers": ["eth1"]}


def released(kernel: FakeKernel, state_dir: Path, *words: str) -> Result:
    return nncp("release", *words, kernel=kernel, state_dir=state_dir, may_configure=True)


def running(kernel: FakeKernel) -> list[tuple[str, int]]:
    return [each.key for each in kernel.snapshot().clients]


def test_the_clients_of_both_families_stop_and_give_their_leases_back(tmp_path: Path) -> None:
    kernel = FakeKernel(host(HOST))
    done = released(kernel, tmp_path, "eth1")
    assert (done.code, done.out) == (
        0,
        "stop DHCPv4 on eth1 and give its lease back\nstop DHCPv6 on eth1 and give its lease back\n",
    )
    assert running(kernel) == [("eth1", ROUTERS), ("eth2", 4)]


def test_one_family_can_be_kept(tmp_path: Path) -> None:
    kernel = FakeKernel(host(HOST))
    assert released(kernel, tmp_path, "--family", "6", "eth1").code == 0
    assert running(kernel) == [("eth1", ROUTERS), ("eth1", 4), ("eth2", 4)]


def test_an_interface_without_dhcp_is_named_and_nothing_is_released(tmp_path: Path) -> None:
    kernel = FakeKernel(host(HOST))
    done = released(kernel, tmp_path, "eth1", "eth9", "eth2")
    assert (done.code, len(running(kernel))) == (3, 4)
    assert "eth9: no DHCP client runs there; wanted one of eth1, eth2" in done.err


def test_without_an_interface_nothing_is_released(tmp_path: Path) -> None:
    kernel = FakeKernel(host(HOST))
    done = released(kernel, tmp_path)
    assert (done.code, len(running(kernel))) == (2, 4)
    assert "of which interfaces?" in done.err


def test_the_way_back_of_a_release_is_a_client_that_asks_again() -> None:
    client = Client("eth1", 6, {"auto-dns": False})
    op = DeleteClient(client, release=True)
    assert op.inverse().inverse() == DeleteClient(client)
