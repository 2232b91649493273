"""kill -9 of an apply that writes files and the host's name, before every step; and a restart in the middle."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from netkernel.kernel import LinuxKernel
from nncp_agent import checkpoint, history, lock, recovery
from nncp_agent.checkpoint import Here
from nncp_agent.store import Store
from tests.faults import wreck
from tests.faults.conftest import until
from tests.faults.scenes import NAMES
from tests.uts import own_name

pytestmark = pytest.mark.needs_kernel("uts", "dummy")

Seen = dict[str, tuple[bytes, int, str]]


@pytest.fixture
def root(store: Store, tmp_path: Path) -> Iterator[Path]:
    """Where the files begin; the host is called node1."""
    (tmp_path / "root/etc").mkdir(parents=True)
    (tmp_path / "root/run").mkdir()
    (tmp_path / "root/etc/hostname").write_text("# mine\nnode1\n")
    (tmp_path / "root/etc/hostname").chmod(0o600)
    (tmp_path / "root/run/resolv.conf").write_text("nameserver 192.0.2.1\n")
    (tmp_path / "root/etc/resolv.conf").symlink_to("../run/resolv.conf")
    with own_name("node1"):
        yield tmp_path / "root"


def seen(root: Path) -> Seen:
    """Everything below, and the name."""
    found = {"name": (socket.gethostname().encode(), 0, "")}
    for path in sorted(root.rglob("*")):
        if path.is_symlink():
            found[str(path)] = (b"", 0, os.readlink(path))
        elif path.is_file():
            found[str(path)] = (path.read_bytes(), path.stat().st_mode, "")
    return found


def _wreck(store: Store, root: Path, fatal: str, *words: str) -> tuple[int, list[str]]:
    return wreck.died(str(store.directory), NAMES.name, fatal, *words, root=str(root))


def _restart(store: Store, root: Path) -> None:
    with LinuxKernel(root=str(root)) as kernel, lock.held(store, "test", timeout_s=30):
        recovery.put_right(store, lambda: kernel, Here.find())


def test_files_and_names_are_the_old_ones_or_the_new_ones_wherever_the_apply_dies(store: Store, root: Path) -> None:
    old, fatal = seen(root), 0
    while (result := _wreck(store, root, str(fatal)))[0]:
        steps = result[1]
        if "guarded" in steps:
            until(store, lambda: checkpoint.read(store) is None or bool(store.committed_by()), f"after {steps[-1]}")
        else:
            _restart(store, root)
        if "after commit" in steps or store.committed_by():
            break
        assert seen(root) == old, steps[-1:]
        fatal += 1
    ops = [step.split()[2].rstrip(":") for step in steps if step.startswith("op write ")]
    assert {"kernel/hostname", "/etc/hostname", "/etc/resolv.conf"} <= set(ops)
    _restart(store, root)
    assert history.entries(store)[-1].outcome == history.COMMITTED
    new = seen(root)
    assert new["name"][0] == b"node2"
    assert (root / "etc/resolv.conf").read_text() == "nameserver 192.0.2.53\n"
    assert not (root / "etc/resolv.conf").is_symlink()
    assert (root / "etc/hostname").read_text() == "# mine\nnode2\n"


def test_files_go_back_after_a_restart_of_the_machine_too(store: Store, root: Path) -> None:
    old = seen(root)
    assert _wreck(store, root, "none", "wait")[0] == 0
    assert seen(root) != old
    point = checkpoint.read(store)
    assert point is not None
    checkpoint.write(store, msgspec.structs.replace(point, id="another", boot="an earlier one"))
    socket.sethostname("node1")  # as the restart does it
    _restart(store, root)
    assert seen(root) == old
    assert history.entries(store)[-1].outcome == history.GONE
