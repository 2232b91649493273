"""Installing the CNI plugins: by renames, versioned, and gone again with all that they took the place of put back."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from nncp_agent.installing import NotInstalled, install, launcher


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    yield tmp_path_factory.mktemp("bin")


def put(folder: Path, *, replace: bool = False, socket: str = "/run/none/socket") -> install.Installed:
    return install.install(folder, str(folder), replace=replace, socket=socket, may_compile=False)


def says(folder: Path, plugin: str) -> str:
    done = subprocess.run([folder / plugin], env={"CNI_COMMAND": "VERSION"}, capture_output=True, text=True, check=True)
    return done.stdout


def test_plugins_come_in_versions_and_go_without_a_trace(folder: Path) -> None:
    (folder / "bridge").write_text("#!/bin/sh\necho another\n")
    (folder / "bridge").chmod(0o755)
    (folder / "host-local").write_text("not ours")
    first = put(folder, replace=True)
    assert sorted(first.files) == ["bridge", "cnv-bridge", "cnv-tuning", "tuning"]
    assert first.replaced == ("bridge",)
    assert says(folder, "bridge") == says(folder, "cnv-tuning") != "another\n"
    second = put(folder, replace=True, socket="/run/other/socket")
    assert (second.before, second.replaced) == (first.version, ("bridge",))
    again = put(folder, replace=True, socket="/run/other/socket")
    assert (again.version, again.before, again.files) == (second.version, first.version, second.files)
    third = put(folder, replace=True, socket="/run/third/socket")
    kept = {each.name for each in (folder / install.HOME).iterdir() if each.is_dir()}
    assert kept == {third.version, second.version, "replaced"}
    assert sorted(each.name for each in folder.iterdir()) == [
        ".nncp", "bridge", "cnv-bridge", "cnv-tuning", "host-local", "tuning",
    ]  # fmt: skip
    (folder / "cnv-tuning").write_text("somebody else's by now")
    assert sorted(install.uninstall(folder)) == ["bridge", "cnv-bridge", "tuning"]
    assert sorted(each.name for each in folder.iterdir()) == ["bridge", "cnv-tuning", "host-local"]
    assert says(folder, "bridge") == "another\n"


def test_there_is_a_plugin_at_every_moment(folder: Path) -> None:
    """A runtime starts it while another version is put in its place, again and again."""
    home = folder / "busy"
    put(home)
    script = 'while [ ! -e "$0/stop" ]; do CNI_COMMAND=VERSION "$0/cnv-bridge" || exit 1; done'
    caller = subprocess.Popen(["sh", "-c", script, str(home)], stdout=subprocess.PIPE)
    for number in range(2):
        put(home, socket=f"/run/{number}/socket")
    (home / "stop").touch()
    printed, _ = caller.communicate(timeout=60)
    assert caller.returncode == 0
    assert printed.count(b"cniVersion") > 0


def test_what_is_not_installed_cannot_go(tmp_path: Path) -> None:
    with pytest.raises(NotInstalled, match="nncp has installed nothing here"):
        install.uninstall(tmp_path)
    (tmp_path / ".nncp").mkdir()
    (tmp_path / ".nncp" / "installed.json").write_text("{")
    with pytest.raises(NotInstalled, match="cannot be understood"):
        install.uninstall(tmp_path)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotInstalled, match="file"):
        put(tmp_path / "file")
    assert (tmp_path / "file").read_text() == ""


def test_programs_that_need_a_loader_are_known(tmp_path: Path) -> None:
    assert launcher.needs_a_loader(Path("/bin/sh").read_bytes())
    assert not launcher.needs_a_loader(launcher.elf(["/bin/sh"]))


def test_a_launcher_becomes_another_program_with_its_environment(tmp_path: Path) -> None:
    file = tmp_path / "launcher"
    file.write_bytes(launcher.elf(["/bin/sh", "-c", 'echo "$0 $1 $WORD"', "zero", "one"]))
    file.chmod(0o755)
    done = subprocess.run([file, "ignored"], env={"WORD": "x" * 5000}, capture_output=True, text=True, check=True)
    assert done.stdout == f"zero one {'x' * 5000}\n"
    file.write_bytes(launcher.elf(["/is/not/there"]))
    assert subprocess.run([file], check=False).returncode == 127


def test_a_launcher_for_another_machine_says_so_and_has_the_same_words_where_its_code_finds_them() -> None:
    words = ["/opt/python", "-m", "cni.bridge"]
    made = launcher.elf(words, "aarch64")
    kind, machine = struct.unpack_from("<HH", made, 16)
    entry, base = struct.unpack_from("<Q", made, 24)[0], 0x400000
    path, argv = struct.unpack_from("<QQ", made, entry - base + 10 * 4)
    pointers = struct.unpack_from("<4Q", made, argv - base)
    found = [made[each - base :].partition(b"\0")[0].decode() for each in pointers if each]
    assert (kind, machine, found, pointers[3], path) == (2, 183, words, 0, pointers[0])
    assert not launcher.needs_a_loader(made)
    with pytest.raises(NotInstalled, match="no launcher for s390x: install a C compiler"):
        launcher.elf(words, "s390x")
