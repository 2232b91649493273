"""A failure among all is asked once more by itself: what fails twice has failed, who passes then is named."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lab import again

TESTS = """
from pathlib import Path

def test_with_a_bad_moment():
    seen = Path("seen")
    bad, _ = not seen.exists(), seen.touch()
    assert not bad

def test_that_is_broken():
    assert not Path("broken").exists()

def test_that_is_well(): ...
"""


def run(tree: Path, root: Path, *words: str) -> tuple[int, str]:
    (tree / "pytest.ini").write_text(f"[pytest]\npythonpath = {root}\naddopts = -q -p no:cacheprovider\n")
    (tree / "conftest.py").write_text("pytest_plugins = ['lab.plugin']\n")
    (tree / "test_it.py").write_text(TESTS)
    done = subprocess.run(
        [sys.executable, "-m", "lab", "test", *words, "test_it.py"],
        cwd=tree,
        env={"PYTHONPATH": str(root), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "XDG_CACHE_HOME": str(tree)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def test_who_passes_by_itself_is_named_as_unsteady(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    status, said = run(tmp_path, pytestconfig.rootpath, "--again")
    assert status == 0, said
    assert "1 failed, 2 passed in " in said
    assert said.splitlines()[-1].startswith("lab: UNSTEADY")
    assert said.splitlines()[-1].endswith("test_it.py::test_with_a_bad_moment")


def test_what_fails_twice_has_failed(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    (tmp_path / "broken").touch()
    status, said = run(tmp_path, pytestconfig.rootpath, "--again")
    assert status == 1
    assert "1 failed, 1 passed in " in said
    assert "UNSTEADY" not in said


def test_nobody_asks_again_unless_told_to(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    status, said = run(tmp_path, pytestconfig.rootpath)
    assert status == 1
    assert "once more" not in said


@pytest.mark.parametrize(
    ("status", "found", "expected"),
    [
        (0, {"a": "passed"}, ()),
        (1, {"a": "passed", "b": "failed", "c": "errors"}, ("b", "c")),
        (1, {str(number): "failed" for number in range(again.MOST + 1)}, ()),
        (1, {"a": "failed", "b": "began"}, ()),
        (2, {"a": "failed"}, ()),
        (125, {"a": "failed"}, ()),
    ],
    ids=["well", "few", "many", "one never ended", "usage", "no result"],
)
def test_only_a_few_failures_are_a_bad_moment(status: int, found: dict[str, str], expected: tuple[str, ...]) -> None:
    assert again.worth_asking(status, found) == expected
