"""Delegation to plugins that are small scripts: what they are given, what they print, how they fail."""

import json
import os
from pathlib import Path

import pytest

from cni import ipam
from cni.skel import Call
from cni.types.errors import CniError
from cni.types.results import Ip

STDIN = b'{"cniVersion":"1.0.0",  "name":"net","ipam":{"type":"own"}}'
GIVES = '{"cniVersion":"1.0.0","ips":[{"address":"10.0.0.2/24","gateway":"10.0.0.1"}]}'


def plugin(folder: Path, script: str, name: str = "own") -> Path:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


def call(*folders: Path) -> Call:
    path = ":".join(map(str, folders))
    environment = {"CNI_COMMAND": "CHECK", "CNI_PATH": path, "CNI_CONTAINERID": "c1", "PATH": os.environ["PATH"]}
    return Call("CHECK", "c1", "/ns", "net1", "", path, "net", "1.0.0", json.loads(STDIN), STDIN, environment)


def test_it_is_called_with_our_environment_its_own_command_and_the_same_bytes(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    plugin(tmp_path, f"cat > {seen}; echo $CNI_COMMAND $CNI_CONTAINERID >> {seen}; echo '{GIVES}'")
    assert ipam.add("own", call(tmp_path)).ips == (Ip("10.0.0.2/24", "10.0.0.1"),)
    assert seen.read_bytes() == STDIN + b"ADD c1\n"


def test_the_first_folder_that_has_it_counts_and_folders_are_no_plugins(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
    (tmp_path / "a" / "own").mkdir()
    plugin(tmp_path / "b", f"echo '{GIVES}'")
    plugin(tmp_path / "c", "exit 1")
    assert ipam.find("own", call(tmp_path / "a", tmp_path / "b", tmp_path / "c").path) == str(tmp_path / "b" / "own")


def test_a_plugin_that_is_nowhere_is_named_with_the_path(tmp_path: Path) -> None:
    with pytest.raises(CniError) as refused:
        ipam.add("none", call(tmp_path))
    assert refused.value.message == f'failed to find plugin "none" in path [{tmp_path}]'
    for kind in ("", "../own"):
        with pytest.raises(CniError):
            ipam.find(kind, str(tmp_path))


def test_its_refusal_is_passed_on_and_it_is_told_to_forget(tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    error = '{"code": 11, "msg": "full", "details": "of /24"}'
    plugin(tmp_path, f"echo $CNI_COMMAND >> {seen}; [ $CNI_COMMAND = DEL ] || {{ echo '{error}'; exit 1; }}")
    with pytest.raises(CniError) as refused:
        ipam.add("own", call(tmp_path))
    assert (refused.value.code, refused.value.message, refused.value.details) == (11, "full", "of /24")
    assert seen.read_text() == "ADD\nDEL\n"


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("exit 3", "own: ADD exited with 3 and printed no CNI error"),
        ("kill -9 $$", "own: ADD was ended by signal 9 and printed no CNI error"),
        ("echo nonsense", "own: its result is no JSON: invalid character 'o' in literal null (expecting 'u')"),
        ("echo '{\"ips\":[]}'", None),
    ],
)
def test_what_it_prints_is_judged(tmp_path: Path, script: str, message: str | None) -> None:
    plugin(tmp_path, script)
    if message is None:
        assert ipam.add("own", call(tmp_path)).ips == ()
        return
    with pytest.raises(CniError) as refused:
        ipam.add("own", call(tmp_path))
    assert refused.value.message == message


def test_a_plugin_that_reads_nothing_and_prints_much_is_no_trouble(tmp_path: Path) -> None:
    plugin(tmp_path, f"echo '{GIVES}'; head -c 300000 /dev/zero | tr '\\0' ' '")
    big = call(tmp_path)
    assert ipam.add("own", Call(*[*list(big)[:9], STDIN + b" " * 300_000, big.environment])).ips


def test_no_descriptor_is_left_behind(tmp_path: Path) -> None:
    plugin(tmp_path, "exit 1")
    before = sorted(os.listdir("/proc/self/fd"))
    for kind in ("own", "none"):
        with pytest.raises(CniError):
            ipam.add(kind, call(tmp_path))
    (tmp_path / "own").chmod(0o644)
    with pytest.raises(CniError):
        ipam.add("own", call(tmp_path))
    assert sorted(os.listdir("/proc/self/fd")) == before
