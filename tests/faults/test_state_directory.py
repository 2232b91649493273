"""A state directory that cannot keep its promise: refused before anything is touched, and undo works without it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from netkernel.documents import Document
from netkernel.kernel import LinuxKernel
from nncp_agent import checkpoint, pending, wire
from nncp_agent.apply import apply
from nncp_agent.errors import StoreBroken
from nncp_agent.options import Options
from nncp_agent.restore import restore
from nncp_agent.store import Store
from tests.faults import raw
from tests.faults.conftest import at_rest, settled
from tests.faults.scenes import BOND_BRIDGE_VLAN

pytestmark = pytest.mark.needs_kernel("veth", "bonding", "bridge", "vlan", "ipv6")

DESIRED = wire.decode([Document(BOND_BRIDGE_VLAN.policy)]).desired
OPTIONS = Options(check=False, command="test", verify_timeout_s=20)


@contextmanager
def mounted(path: Path, options: str) -> Iterator[None]:
    path.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(path)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


def remount(path: Path, option: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{option}", str(path)], check=True)


def fill(path: Path) -> None:
    """Until not one more byte fits."""
    with open(path / "ballast", "wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            return


def test_a_full_disk_is_refused_before_anything_is_touched(netns: str, tmp_path: Path) -> None:
    BOND_BRIDGE_VLAN.set_up()
    old = at_rest()
    with mounted(tmp_path / "small", "size=64k"), LinuxKernel() as kernel:
        fill(tmp_path / "small")
        with pytest.raises(StoreBroken, match="No space left on device"):
            apply(DESIRED, kernel, Store(tmp_path / "small"), options=OPTIONS)
        assert checkpoint.read(Store(tmp_path / "small")) is None
    assert raw.changes(old, raw.dump()) == ""


def test_a_read_only_disk_is_refused_before_anything_is_touched(netns: str, tmp_path: Path) -> None:
    BOND_BRIDGE_VLAN.set_up()
    old = at_rest()
    with mounted(tmp_path / "fixed", "ro"), LinuxKernel() as kernel, pytest.raises(StoreBroken, match="Read-only"):
        apply(DESIRED, kernel, Store(tmp_path / "fixed"), options=OPTIONS)
    assert raw.changes(old, raw.dump()) == ""


@pytest.mark.parametrize("end", [fill, lambda path: remount(path, "ro")], ids=["full", "read-only"])
def test_what_was_committed_is_restored_from_a_disk_nobody_can_write_to(
    netns: str, tmp_path: Path, end: Callable[[Path], None]
) -> None:
    BOND_BRIDGE_VLAN.set_up()
    with mounted(tmp_path / "small", "size=64k"), LinuxKernel() as kernel:
        store = Store(tmp_path / "small")
        store.save_committed(DESIRED)
        end(store.directory)
        assert restore(store, kernel, options=OPTIONS, memory=str(tmp_path)).failures == ()
        assert {"bond1", "bond1.93", "br1"} <= set(kernel.snapshot().links)
        assert checkpoint.read(store) is None


def test_a_disk_that_fills_up_meanwhile_keeps_nobody_from_committing(netns: str, tmp_path: Path) -> None:
    BOND_BRIDGE_VLAN.set_up()
    with mounted(tmp_path / "small", "size=256k"), LinuxKernel() as kernel:
        store = Store(tmp_path / "small")
        name = apply(DESIRED, kernel, store, options=Options(check=False, commit=False, command="test")).checkpoint
        fill(store.directory)
        assert pending.commit(store) == name
        assert store.committed_by() == name


def test_a_disk_that_fills_up_meanwhile_keeps_nobody_from_rolling_back(netns: str, tmp_path: Path) -> None:
    BOND_BRIDGE_VLAN.set_up()
    old = at_rest()
    with mounted(tmp_path / "small", "size=256k"), LinuxKernel() as kernel:
        store = Store(tmp_path / "small")
        apply(DESIRED, kernel, store, options=Options(check=False, commit=False, command="test"))
        fill(store.directory)
        assert pending.rollback(store, kernel) == ()
        assert checkpoint.read(store) is None
    assert raw.changes(old, settled(old)) == ""
