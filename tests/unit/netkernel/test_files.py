"""The door to files of configuration: whole or not there, with everything that belongs to them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netkernel.errors import KernelRefused
from netkernel.files import HOSTNAME, RESOLV_CONF, Files, beside
from netkernel.host import Host
from netkernel.ops import WriteFile
from netkernel.reconcile import reconcile
from netkernel.records import File
from netkernel.rewind import Remembered, remember, rewind

files = st.builds(
    File,
    content=st.binary(max_size=40),
    mode=st.sampled_from((0o600, 0o644, 0o640)),
    owner=st.just(os.geteuid()),
    group=st.just(os.getegid()),
    attributes=st.sampled_from(((), (("user.origin", b"a test"),))),
)
links = st.builds(
    File, link=st.sampled_from(("elsewhere", "/etc/hostname", "../run/x")), mode=st.just(0o777),
    owner=st.just(os.geteuid()), group=st.just(os.getegid()),
)  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "etc").mkdir()
    return tmp_path


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(st.just(File()), files, links), min_size=1, max_size=4))
def test_whatever_is_written_is_read_again_whatever_was_there(root: Path, history: list[File]) -> None:
    door = Files(str(root))
    for file in history:
        door.write(HOSTNAME, file)
        assert door.read(HOSTNAME) == file
        assert not door.read(beside(HOSTNAME)).exists


def test_a_symlink_is_seen_with_all_that_it_leads_to(root: Path) -> None:
    (root / "etc/resolv.conf").symlink_to("../run/a/resolv.conf")
    (root / "run/a").mkdir(parents=True)
    (root / "run/a/resolv.conf").symlink_to("/run/b")
    (root / "run/b").write_text("nameserver 192.0.2.1\n")
    found = Files(str(root)).all()
    assert list(found) == [RESOLV_CONF, "/run/a/resolv.conf", "/run/b", HOSTNAME]
    assert found["/run/b"].lines == ("nameserver 192.0.2.1",)
    assert found[HOSTNAME] == File()


def test_symlinks_in_a_circle_end(root: Path) -> None:
    (root / "etc/hostname").symlink_to("hostname")
    assert Files(str(root)).all()[HOSTNAME].link == "hostname"


def test_what_is_no_file_is_said_to_be_none(root: Path) -> None:
    (root / "etc/hostname").mkdir()
    os.mkfifo(root / "etc/resolv.conf")
    found = Files(str(root)).all()
    assert all("no regular file" in found[path].obstacle for path in (HOSTNAME, RESOLV_CONF))


def test_a_folder_that_is_not_there_is_a_refusal_with_its_reason(tmp_path: Path) -> None:
    with pytest.raises(KernelRefused, match=r"write /etc/hostname: .*No such file or directory"):
        Files(str(tmp_path)).write(HOSTNAME, File(b"a\n"))


def test_what_a_dead_process_left_beside_the_file_is_taken_away_by_undo(root: Path) -> None:
    door = Files(str(root))
    door.write(HOSTNAME, File(b"old\n"))
    before = Host(files=door.all())
    op = WriteFile(HOSTNAME, File(b"new\n"), before.files[HOSTNAME])
    remembered = Remembered.from_json(remember(before, [op]).to_json())
    (root / "etc/.hostname.nncp").write_text("ne")
    now = Host(files=door.all())
    plan = reconcile(now, rewind(now, remembered), exact=True)
    assert [str(op) for op in plan] == ["delete file /etc/.hostname.nncp"]
    for each in done(plan):
        door.write(each.path, each.new)
    assert door.all() == before.files


def done(plan: tuple[object, ...]) -> Iterator[WriteFile]:
    return (op for op in plan if isinstance(op, WriteFile))


def test_a_plan_says_which_lines_change() -> None:
    old, new = File(b"# mine\nnameserver 192.0.2.1\n"), File(b"# mine\nnameserver 192.0.2.2\n")
    lines = "-nameserver 192.0.2.1; +nameserver 192.0.2.2"
    assert str(WriteFile(RESOLV_CONF, new, old)) == f"write /etc/resolv.conf: {lines}"
    assert str(WriteFile(RESOLV_CONF, File(), old)) == "delete file /etc/resolv.conf"
    link = File(link="/run/x")
    assert str(WriteFile(RESOLV_CONF, link, old)) == "link /etc/resolv.conf to /run/x"
    assert str(WriteFile(RESOLV_CONF, new, link)).startswith("write /etc/resolv.conf instead of the link to /run/x: +")
    many = File("".join(f"nameserver 192.0.2.{n}\n" for n in range(20)).encode())
    assert str(WriteFile(RESOLV_CONF, many, File())).endswith(" and 12 more")
