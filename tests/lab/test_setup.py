"""What setting up decides: keys that follow what they depend on, archives to start from, words for what fails."""

from __future__ import annotations

import gzip
import lzma
import subprocess
from pathlib import Path

import pytest

from lab.setup import initrd, kernel, venv
from lab.setup.base import SetupFailed, run

PROJECT = '[project]\nname = "x"\ndependencies = ["a>=1"]\n'


def test_the_environment_depends_on_the_project_but_not_on_its_tools_settings(tmp_path: Path) -> None:
    def key(text: str) -> str:
        (tmp_path / "pyproject.toml").write_text(text)
        return venv.key(tmp_path)

    assert key(PROJECT) == key(f"{PROJECT}[tool.ruff]\nline-length = 120\n")
    assert key(PROJECT) != key(PROJECT.replace("a>=1", "a>=2"))


def test_a_ready_kernel_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(SetupFailed, match="LAB_KERNEL=/nowhere: no executable kernel"):
        kernel.at_hand({"LAB_KERNEL": "/nowhere"})


def test_no_kernel_is_at_hand_where_none_was_built(tmp_path: Path) -> None:
    assert kernel.at_hand({"XDG_CACHE_HOME": str(tmp_path)}) is None


def test_a_command_that_fails_shows_its_last_words() -> None:
    with pytest.raises(SetupFailed, match=r"(?s)no luck: `sh -c .*` said:.*it broke"):
        run(["sh", "-c", "echo it broke; exit 3"], failing="no luck")


def test_an_archive_holds_its_files_and_their_folders() -> None:
    files = {"init": b"#!/bin/sh\n", "bin/deep/tool": b"x" * 4097, "empty": b""}
    listed = listing(initrd.archive(files))
    assert listed == {"bin": b"", "bin/deep": b"", **files}


def listing(archive: bytes) -> dict[str, bytes]:
    """A reader of its own for the "newc" form: 13 hexadecimal fields after the magic number."""
    found: dict[str, bytes] = {}
    at = 0
    while True:
        fields = [int(archive[at + 6 + 8 * n : at + 14 + 8 * n], 16) for n in range(13)]
        name = archive[at + 110 : at + 110 + fields[11] - 1].decode()
        if name == "TRAILER!!!":
            return found
        start = at + -(-(110 + fields[11]) // 4) * 4
        found[name] = archive[start : start + fields[6]]
        at = start + -(-fields[6] // 4) * 4


@pytest.mark.parametrize("packed", [lzma.compress(b"\x7fELF"), gzip.compress(b"\x7fELF"), b"\x7fELF"])
def test_a_module_is_read_whatever_it_is_packed_with(packed: bytes, tmp_path: Path) -> None:
    assert initrd.decompressed(packed, tmp_path) == b"\x7fELF"


def test_what_follows_a_compressed_kernel_is_no_part_of_it(tmp_path: Path) -> None:
    assert initrd.decompressed(lzma.compress(b"\x7fELF") + b"\x04\0\0\0", tmp_path) == b"\x7fELF"


def test_the_verbs_are_listed_and_an_unknown_one_is_a_usage_error(pytestconfig: pytest.Config) -> None:
    script = str(pytestconfig.rootpath / "dev")
    listed = subprocess.run([script, "help"], check=True, capture_output=True, text=True).stdout
    assert all(f"./dev {verb}" in listed for verb in ("bench", "check", "demo", "lab", "test"))
    wrong = subprocess.run([script, "tset"], check=False, capture_output=True, text=True)
    assert wrong.returncode == 2 and "no verb 'tset'" in wrong.stderr


def test_a_second_run_installs_and_builds_nothing_with_the_network_cut(pytestconfig: pytest.Config) -> None:
    verb = [str(pytestconfig.rootpath / "dev"), "test", "--collect-only", "-q", "tests/lab/test_features.py"]
    subprocess.run(verb, check=True, capture_output=True)
    second = subprocess.run(["unshare", "--net", *verb], check=True, capture_output=True, text=True)
    assert "dev:" not in second.stderr
    assert "test_features.py" in second.stdout


def test_a_build_says_how_far_it_is_and_how_long_it_will_take() -> None:
    assert kernel.progress(325, 120) == "  25% built in 2 minutes, about 6 more"
    assert kernel.progress(10, 60) == "   1% built in 1 minutes"
    assert kernel.progress(5000, 600).startswith("  99%")
