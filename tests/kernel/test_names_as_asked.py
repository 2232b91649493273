"""The host's name and its files of configuration asked for in nmstate's form, on a real kernel and real files."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from netkernel.documents import Document
from netkernel.errors import KernelRefused
from netkernel.files import Files
from netkernel.kernel import LinuxKernel
from netkernel.records import File
from nncp_agent import pending, shown, wire
from nncp_agent.apply import Options, Outcome, apply, go_back
from nncp_agent.errors import InvalidPolicy
from nncp_agent.model import NetworkState
from nncp_agent.plan import decide
from nncp_agent.restore import restore
from nncp_agent.store import Store
from tests.kernel.asked import State
from tests.uts import own_name

pytestmark = pytest.mark.needs_kernel("dummy", "uts")


class Node:
    """A host with a name and files of its own; `ask` takes sections of a network state."""

    def __init__(self, root: Path, state_dir: Path) -> None:
        self.root = root
        self._store = Store(state_dir)

    @contextmanager
    def kernel(self) -> Iterator[LinuxKernel]:
        with LinuxKernel(root=str(self.root)) as kernel:
            yield kernel

    def ask(self, commit: bool = True, memory_only: bool = False, **sections: Any) -> Outcome:
        options = Options(check=False, commit=commit, memory_only=memory_only)
        with self.kernel() as kernel:
            return apply(decoded(sections), kernel, self._store, options=options)

    def plan(self, state: State) -> list[str]:
        with self.kernel() as kernel:
            return [str(op) for op in decide(decoded(state), kernel.snapshot(), self._store.committed()).ops]

    def show(self) -> State:
        with self.kernel() as kernel:
            return shown.state(kernel.overview(shown.routes.RUNNING_PROTOCOLS))

    def rollback(self) -> None:
        with self.kernel() as kernel:
            assert pending.rollback(self._store, kernel) == ()

    def restore(self) -> None:
        with self.kernel() as kernel:
            assert restore(self._store, kernel, command_line=os.devnull).failures == ()

    def go_back(self, number: int) -> None:
        with self.kernel() as kernel:
            go_back(number, kernel, self._store, options=Options(check=False))


def decoded(state: State) -> NetworkState:
    return wire.decode([Document(state)]).desired


@pytest.fixture
def node(netns: str, tmp_path: Path) -> Iterator[Node]:
    (tmp_path / "root/etc").mkdir(parents=True)
    with own_name("node1"):
        yield Node(tmp_path / "root", tmp_path / "state")


def seen(path: Path) -> tuple[bytes, int, int, int]:
    status = os.stat(path)
    return path.read_bytes(), status.st_mode, status.st_uid, status.st_gid


def test_both_names_are_as_asked_and_as_shown(node: Node) -> None:
    node.ask(hostname={"running": "node2", "config": "node2.example.org"})
    assert socket.gethostname() == "node2"
    assert (node.root / "etc/hostname").read_text() == "node2.example.org\n"
    assert node.show()["hostname"] == {"running": "node2", "config": "node2.example.org"}
    assert node.plan(node.show()) == []


def test_a_name_for_the_file_alone_is_the_running_one_at_once(node: Node) -> None:
    node.ask(hostname={"config": "node3.example.org"})
    assert socket.gethostname() == "node3.example.org"
    node.ask(hostname={"running": "node4", "config": ""})
    assert socket.gethostname() == "node4"
    assert not (node.root / "etc/hostname").exists()


def test_what_was_there_comes_back_with_mode_and_owner(node: Node) -> None:
    file = node.root / "etc/hostname"
    file.write_text("# mine\nnode1\n")
    file.chmod(0o640)
    os.chown(file, 7, 8)
    before = seen(file)
    node.ask(hostname={"running": "a", "config": ""}, commit=False)
    assert not file.exists()
    node.rollback()
    assert (seen(file), socket.gethostname()) == (before, "node1")
    node.ask(hostname={"running": "a", "config": "b"})
    assert seen(file)[1:] == before[1:]
    node.go_back(0)
    assert (seen(file), socket.gethostname()) == (before, "node1")


def test_a_failure_after_the_names_takes_them_back(node: Node) -> None:
    (node.root / "etc/hostname").write_text("node1\n")
    os.mkdir(node.root / "etc/.hostname.nncp")  # in the way of the new file
    with pytest.raises(KernelRefused, match="write /etc/hostname"):
        node.ask(hostname={"running": "a", "config": "b"}, interfaces=[{"name": "d0", "type": "dummy"}])
    assert socket.gethostname() == "node1"
    assert "d0" not in [each["name"] for each in node.show()["interfaces"]]


def test_a_file_that_is_immutable_is_refused_with_the_way_out(node: Node) -> None:
    file = node.root / "etc/hostname"
    file.write_text("node1\n")
    subprocess.run(["chattr", "+i", str(file)], check=True)
    try:
        with pytest.raises(InvalidPolicy, match="is immutable"):
            node.ask(hostname={"config": "b"})
    finally:
        subprocess.run(["chattr", "-i", str(file)], check=True)


def test_a_file_that_is_a_mount_of_its_own_is_written_in_place(node: Node) -> None:
    file, outside = node.root / "etc/hostname", node.root / "outside"
    file.write_text("")
    outside.write_text("a long name that goes\n")
    subprocess.run(["mount", "--bind", str(outside), str(file)], check=True)
    try:
        Files(str(node.root)).write("/etc/hostname", File(b"b\n"))
        assert outside.read_text() == "b\n"
        assert os.listdir(node.root / "etc") == ["hostname"]
        with pytest.raises(KernelRefused, match="busy"):
            Files(str(node.root)).write("/etc/hostname", File())
    finally:
        subprocess.run(["umount", str(file)], check=True)


def test_a_mount_of_its_own_in_a_folder_that_cannot_be_written_is_written_in_place(node: Node) -> None:
    etc, outside = node.root / "etc", node.root / "outside"
    outside.write_text("a long name that goes\n")
    subprocess.run(["mount", "-t", "tmpfs", "none", str(etc)], check=True)
    try:
        (etc / "hostname").write_text("")
        subprocess.run(["mount", "--bind", str(outside), str(etc / "hostname")], check=True)
        subprocess.run(["mount", "-o", "remount,ro", str(etc)], check=True)
        Files(str(node.root)).write("/etc/hostname", File(b"b\n"))
        assert outside.read_text() == "b\n"
        with pytest.raises(KernelRefused, match=r"[Rr]ead-only"):
            Files(str(node.root)).write("/etc/resolv.conf", File(b"b\n"))
    finally:
        subprocess.run(["umount", "-R", str(etc)], check=True)


def test_the_names_of_another_namespace_are_not_seen(node: Node, another_netns: Callable[[], str]) -> None:
    with LinuxKernel(another_netns()) as kernel:
        assert kernel.snapshot().files == {}
        assert "kernel/hostname" not in kernel.snapshot().sysctls


SERVERS: State = {"config": {"server": ["192.0.2.53", "2001:db8::53"], "search": ["a.example"], "options": ["ndots:2"]}}


def test_name_servers_are_as_asked_and_as_shown_and_what_was_there_comes_back(node: Node) -> None:
    file = node.root / "etc/resolv.conf"
    file.write_text("# mine\nnameserver 192.0.2.1\nsortlist 192.0.2.0\n")
    file.chmod(0o640)
    before = seen(file)
    node.ask(**{"dns-resolver": SERVERS})
    assert node.show()["dns-resolver"]["config"] == SERVERS["config"]
    assert node.plan(node.show()) == [] == node.plan({"dns-resolver": SERVERS})
    assert file.read_text() == (
        "# mine\nnameserver 192.0.2.53\nnameserver 2001:db8::53\nsortlist 192.0.2.0\n"
        "options ndots:2\nsearch a.example\n"
    )
    node.ask(commit=False, **{"dns-resolver": {"config": {}}})
    assert file.read_text() == "# mine\nsortlist 192.0.2.0\n"
    node.rollback()
    assert node.show()["dns-resolver"]["config"] == SERVERS["config"]
    node.go_back(0)
    assert seen(file) == before


def test_a_symlink_that_became_a_file_comes_back_as_it_was(node: Node) -> None:
    kept = node.root / "run/somebody/resolv.conf"
    kept.parent.mkdir(parents=True)
    kept.write_text("nameserver 192.0.2.1\n")
    link = node.root / "etc/resolv.conf"
    link.symlink_to("../run/somebody/resolv.conf")
    os.lchown(link, 7, 8)
    node.ask(commit=False, **{"dns-resolver": {"config": {"search": ["a.example"]}}})
    assert not link.is_symlink()
    assert link.read_text() == "nameserver 192.0.2.1\nsearch a.example\n"
    node.rollback()
    assert os.readlink(link) == "../run/somebody/resolv.conf"
    assert (os.lstat(link).st_uid, os.lstat(link).st_gid) == (7, 8)
    assert kept.read_text() == "nameserver 192.0.2.1\n"


def test_what_is_committed_is_restored_when_somebody_has_changed_it(node: Node) -> None:
    node.ask(**{"dns-resolver": SERVERS, "hostname": {"config": "b"}})
    (node.root / "etc/resolv.conf").unlink()
    (node.root / "etc/hostname").write_text("other\n")
    node.restore()
    assert node.show()["dns-resolver"]["config"] == SERVERS["config"]
    assert node.show()["hostname"]["config"] == "b"


def test_a_name_for_after_the_restart_cannot_be_kept_in_memory_only(node: Node) -> None:
    with pytest.raises(InvalidPolicy, match="nothing is to be kept"):
        node.ask(memory_only=True, hostname={"config": "b"})
    assert not (node.root / "etc/hostname").exists()
    (warning,) = node.ask(memory_only=True, hostname={"running": "b"}, **{"dns-resolver": SERVERS}).warnings
    assert "/etc/resolv.conf is a file" in str(warning)
    assert socket.gethostname() == "b"
