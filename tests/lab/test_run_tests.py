"""A run's parts: what goes to guests is run there once, and everything adds up. A guest here is a container."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

RUN = """
import os, sys
from pathlib import Path
from lab import request
from lab.run_tests import Run
from tests.lab.stand_in import StandIn
work = Path("work")
work.mkdir()
kernel = StandIn()
asked = request.parse(sys.argv[2:], os.environ)
sys.exit(Run(asked, work.resolve(), lambda: kernel, kernel_is_ready=sys.argv[1] == "ready").run())
"""

TESTS = """
import os, signal
import pytest

def test_that_needs_no_kernel(): ...

@pytest.fixture(scope="module")
def once(tmp_path_factory):
    yield tmp_path_factory.mktemp("once")

@pytest.mark.needs_kernel("bridge")
@pytest.mark.parametrize("number", range(20))
def test_there(number, once):
    assert number != FAILING
    if number == DEADLY:
        with open("/proc/1/fd/1", "w") as console:
            console.write("Kernel panic - not syncing: a test did it\\n")
        signal.pause()
"""

pytestmark = pytest.mark.needs_kernel("bridge")


@pytest.fixture
def tree(tmp_path: Path, pytestconfig: pytest.Config) -> Path:
    (tmp_path / "pytest.ini").write_text(f"[pytest]\npythonpath = {pytestconfig.rootpath}\naddopts = -q\n")
    (tmp_path / "conftest.py").write_text("pytest_plugins = ['lab.plugin']\n")
    return tmp_path


def run(
    tree: Path, root: Path, *words: str, failing: int = -1, deadly: int = -1, kernel: str = "ready"
) -> tuple[int, list[str]]:
    """`--reference` sends to guests all that has needs, whatever this machine's kernel can do."""
    (tree / "test_it.py").write_text(f"FAILING, DEADLY = {failing}, {deadly}\n{TESTS}")
    done = subprocess.run(
        [sys.executable, "-c", RUN, kernel, "--reference", *words, "test_it.py"],
        cwd=tree,
        env={"PYTHONPATH": str(root), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout.splitlines()


def test_guests_share_the_tests_and_each_runs_once(tree: Path, pytestconfig: pytest.Config) -> None:
    status, said = run(tree, pytestconfig.rootpath, "--junit-xml=all.xml")
    assert status == 0, said
    assert " 20 passed in " in said[-1]
    cases = [case.get("name") for case in ElementTree.parse(tree / "all.xml").iter("testcase")]
    assert sorted(map(str, cases)) == sorted(f"test_there[{number}]" for number in range(20))


def test_a_kernel_that_must_be_built_first_is_waited_for(tree: Path, pytestconfig: pytest.Config) -> None:
    status, said = run(tree, pytestconfig.rootpath, kernel="to be built")
    assert status == 0, said
    assert " 20 passed in " in said[-1]


def test_a_selection_by_expression_holds_in_guests_too(tree: Path, pytestconfig: pytest.Config) -> None:
    status, said = run(tree, pytestconfig.rootpath, "-k", "there and (7 or 9)")
    assert status == 0, said
    assert " 4 passed in " in said[-1]  # 7, 9, 17 and 19


def test_one_failure_in_a_guest_is_the_run_s_failure(tree: Path, pytestconfig: pytest.Config) -> None:
    status, said = run(tree, pytestconfig.rootpath, failing=11)
    assert status == 1
    assert " 1 failed, 19 passed in " in said[-1]


def test_a_test_that_kills_its_kernel_is_named(tree: Path, pytestconfig: pytest.Config) -> None:
    status, said = run(tree, pytestconfig.rootpath, deadly=3)
    assert status == 125
    assert "lab: test_it.py::test_there[3] began and never ended" in said
    assert any("died: Kernel panic - not syncing: a test did it" in line for line in said)
    assert " 1 errors in " in said[-1]


def test_an_unknown_option_is_pytest_s_own_complaint(tree: Path, pytestconfig: pytest.Config) -> None:
    status, said = run(tree, pytestconfig.rootpath, "--no-such-option")
    assert status == 4
    assert any("--no-such-option" in line for line in said)
