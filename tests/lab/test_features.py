"""Features are tried for real, and only those that somebody asks for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lab import features


@pytest.mark.needs_kernel("bonding", "bridge", "bridge_vlan", "dummy", "qinq", "veth", "vlan", "vrf")
def test_a_kernel_that_runs_this_shows_no_device_from_having_been_asked() -> None:
    """Some drivers make bond0 or dummy0 in the caller's namespace when they load."""
    names = subprocess.run(["ip", "-br", "link"], check=True, capture_output=True, text=True).stdout
    assert not {"bond0", "dummy0", "ifb0"} & {line.split()[0] for line in names.splitlines()}


@pytest.mark.needs_kernel(*features.FEATURES.keys() - {"vhost_net"})
def test_the_test_kernel_has_every_feature_but_those_that_want_hardware() -> None:
    """Its requirement is the assertion: a kernel without one of them fails this test or passes it on."""


def test_what_a_kernel_lacks_is_found_out_without_leaving_anything() -> None:
    before = subprocess.run(["ip", "-d", "link"], check=True, capture_output=True, text=True).stdout
    assert features.present(["netdevsim", "veth"]).keys() == {"netdevsim", "veth"}
    assert subprocess.run(["ip", "-d", "link"], check=True, capture_output=True, text=True).stdout == before


def test_a_probe_whose_tool_is_not_installed_is_no_answer() -> None:
    with pytest.raises(features.ToolMissing, match="no-such-tool"):
        features.tried(features.Feature("no-such-tool"))


def test_a_machine_without_kmod_is_told_apart_from_a_kernel_without_the_module(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    code = "from lab import features; features.tried(features.FEATURES['dummy'])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        capture_output=True,
        text=True,
        env={"PATH": str(tmp_path), "PYTHONPATH": str(pytestconfig.rootpath)},
    )
    assert "ToolMissing: cannot run: modprobe dummy" in done.stderr


BARE = """
import pytest

@pytest.mark.needs_kernel("impossible")
def test_of_the_future() -> None: ...
"""


def test_a_feature_nobody_knows_is_a_usage_error(pytester: pytest.Pytester, pytestconfig: pytest.Config) -> None:
    pytester.makeini(f"[pytest]\npythonpath = {pytestconfig.rootpath}")
    pytester.makeconftest("pytest_plugins = ['lab.plugin']")
    pytester.makepyfile(BARE)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*lab/features.py knows no impossible*"])


def test_importing_the_plugin_probes_nothing_and_needs_no_kernel() -> None:
    code = "import sys, lab.plugin; sys.exit('pyroute2' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
