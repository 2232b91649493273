"""The pytest plugin: `@pytest.mark.needs_kernel(...)`, the `netns` fixtures, and the runner's side of the bargain.

A test says which kernel features it needs (`lab.features`). Only those that selected tests ask for are tried. What then
happens to a test whose needs this kernel does not meet is the runner's choice (`--lab-unmet`):

fail        it fails and says how to run it; what a bare `pytest` does
skip        it is skipped with a reason; only for the reference kernel, where another run has it covered
FD number   it is left out here, and the runner is told so through this file descriptor

Several pytest processes may share one selection (`--lab-share=DIR`): each walks the tests from its own `--lab-start`
and claims one after the other by making a directory, which is atomic also across the borders of a test kernel.

`@pytest.mark.boots(*packages)` marks tests that switch on a machine (`lab.machine`), which is a test kernel of its own:
they run on the host. What they need is built and fetched before the first test, for the runner only.

`@pytest.mark.cluster` marks tests that talk to a real Kubernetes API (`lab.cluster`), here or in a test kernel. It is
built before the first test, and before a test kernel is told of its tests.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, nullcontext
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from lab import cluster, features, machine, namespaces, virtual
from lab.deferral import Deferral
from lab.setup.base import SetupFailed, say
from lab.sharing import Progress, Share

MISSING: Final = pytest.StashKey[frozenset[str]]()
NONE: Final[frozenset[str]] = frozenset()
HOW_TO: Final = "run `./dev test {node}`, which takes it to a test kernel"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("lab", "test kernels")
    group.addoption("--lab-unmet", default="fail", metavar="fail|skip|FD", help="tests this kernel cannot run")
    group.addoption("--lab-defer-all", action="store_true", help="leave out all: those with needs go to the runner")
    group.addoption("--lab-share", metavar="DIR", help="claim each test below DIR before it runs")
    group.addoption("--lab-start", type=float, default=0.0, metavar="0..1", help="where in the selection to begin")
    group.addoption("--lab-progress", metavar="FILE", help="one JSON line when a test begins and when it ends")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs_kernel(*features): what the test's kernel must have; see lab/features.py")
    config.addinivalue_line("markers", "boots(*packages): switches on machines that have them; see lab/machine.py")
    config.addinivalue_line("markers", "guests: starts virtual machines; see lab/virtual.py")
    config.addinivalue_line("markers", "cluster: talks to a real Kubernetes API; see lab/cluster.py")
    if config.option.lab_share:
        config.pluginmanager.register(Share(Path(config.option.lab_share), config.option.lab_start))
    if config.option.lab_progress:
        config.pluginmanager.register(Progress(Path(config.option.lab_progress)))


def needs(item: pytest.Item) -> frozenset[str]:
    return frozenset(feature for mark in item.iter_markers("needs_kernel") for feature in mark.args)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Here the selection is final: -k, -m and other plugins have had their say."""
    config = session.config
    wanted = frozenset().union(*map(needs, session.items))
    if unknown := wanted - features.FEATURES.keys():
        raise pytest.UsageError(f"needs_kernel: lab/features.py knows no {', '.join(sorted(unknown))}")
    if config.option.collectonly:
        return
    config.stash[MISSING] = wanted if config.option.lab_defer_all else missing_of(wanted)
    if config.option.lab_unmet.isdecimal() and not session.testsfailed:
        _prepare_what_test_kernels_see(session)
        _defer(session, config.stash[MISSING])
        _prepare_machines(session)


def missing_of(wanted: frozenset[str]) -> frozenset[str]:
    """Those of the features that this kernel does not have."""
    try:
        found = features.present(sorted(wanted))
    except features.ToolMissing as error:
        raise pytest.UsageError(f"{error}: `./dev test` installs what is needed") from error
    return frozenset(feature for feature, there in found.items() if not there)


def _defer(session: pytest.Session, missing: frozenset[str]) -> None:
    away = [item for item in session.items if needs(item) & missing]
    here = [item for item in session.items if not needs(item) & missing]
    session.items[:] = [] if session.config.option.lab_defer_all else here
    config = session.config
    selection = set(config.option.file_or_dir or ())
    words = [str(word) for word in config.invocation_params.args if word not in selection]
    deferral = Deferral(
        tests=tuple(item.nodeid for item in away),
        options=tuple(word for word in words if not word.startswith("--lab-")),
        missing=tuple(sorted(missing)),
    )
    with open(int(config.option.lab_unmet), "w") as runner:
        runner.write(deferral.to_json())


def packages(item: pytest.Item) -> frozenset[str] | None:
    """What a machine that the test switches on must have; None for a test that does not."""
    marks = [*item.iter_markers("boots")]
    return frozenset(package for mark in marks for package in mark.args) if marks else None


def _prepare_what_test_kernels_see(session: pytest.Session) -> None:
    """Before tests go elsewhere: what is not there by then is not in the root of a test kernel either."""
    seen = {"cluster": cluster.prepare, "guests": virtual.prepare}
    wanted = [mark for mark in seen if any(item.get_closest_marker(mark) for item in session.items)]
    _prepare(session, [seen[mark] for mark in wanted])


def _prepare_machines(session: pytest.Session) -> None:
    wanted = dict.fromkeys(needed for item in session.items if (needed := packages(item)) is not None)
    _prepare(session, [partial(machine.prepare, needed) for needed in wanted])


def _prepare(session: pytest.Session, preparing: Iterable[Callable[[], None]]) -> None:
    """In the open: pytest catches what is said while it collects, and a kernel takes minutes."""
    capture = session.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled() if capture else nullcontext():
        for prepare in preparing:
            try:
                prepare()
            except SetupFailed as failure:
                say(str(failure))  # its tests will fail and say so once more


def _machine_problem(needed: frozenset[str]) -> str:
    if features.in_test_kernel():
        return "it switches on a machine, and this is one: run it on the host"
    try:
        machine.at(Path(), packages=needed)
    except SetupFailed as failure:
        return str(failure)
    return ""


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    needed = packages(item)
    if needed is not None and (problem := _machine_problem(needed)):
        pytest.fail(problem, pytrace=False)
    missing: frozenset[str] = item.config.stash.get(MISSING, NONE)
    lacking = ", ".join(sorted(needs(item) & missing))
    if not lacking:
        return
    said = f"this kernel has no {lacking}" + ("" if os.geteuid() == 0 else ", or needs root to show it")
    if item.config.option.lab_unmet == "skip":
        pytest.skip(said)
    pytest.fail(said if features.in_test_kernel() else f"{said}: {HOW_TO.format(node=item.nodeid)}", pytrace=False)


@pytest.fixture
def netns() -> Iterator[str]:
    """The test's thread stands in a throw-away network namespace with `lo` up; the value is a path that names it."""
    with namespaces.standing_in() as path:
        yield path


@pytest.fixture
def another_netns() -> Iterator[Callable[[], str]]:
    """Makes further namespaces, `lo` up, gone after the test; each call gives the path of a new one."""
    with ExitStack() as held:
        yield lambda: held.enter_context(namespaces.aside())
