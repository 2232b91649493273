"""Installing nncp itself on a host: versioned, with the boot unit in place, and gone again with all of it."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from nncp_agent.installing import host, program, running

TREE = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("host")


def test_the_program_and_its_unit_are_put_in_place_versioned_and_taken_away(root: Path) -> None:
    place = str(root / "opt/nncp-agent")  # as on the host, so that it can be started from here
    home = root / place.lstrip("/")
    other = home / "an-older-one"
    for name in ("an-older-one", "one-older-still"):
        (home / name / "bin").mkdir(parents=True)
    version = host.install(root, place)
    units = root / "etc/systemd/system"
    unit = (units / host.UNIT).read_text()
    assert f"ExecStart={place}/bin/nncp restore --wait" in unit
    assert "Before=kubelet.service" in unit
    for target in host.wanted_by(unit):
        assert (units / f"{target}.wants" / host.UNIT).readlink() == Path(host.UNITS, host.UNIT)
    assert {each.name for each in home.iterdir()} >= {version, "bin"}
    assert len([each for each in home.iterdir() if each.name != "bin"]) == host.KEPT
    assert host.install(root, place) == version
    host.uninstall(root, place)
    assert [file for file in root.rglob("*") if not file.is_dir()] == []
    assert not other.exists()


def test_the_program_runs_without_the_python_it_was_made_with(tmp_path: Path) -> None:
    place = str(tmp_path / "there")
    program.fill(Path(place), place)
    clean = {"PATH": "/usr/bin:/bin"}
    done = subprocess.run([f"{place}/bin/nncp", "version"], env=clean, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("nncp ")
    asked = "import sys, msgspec, yaml, pyroute2, kubernetes, nncp_agent; print(sys.executable, *sorted("
    asked += "{(getattr(m, '__file__', None) or '').partition('/lib/')[0] for m in list(sys.modules.values())} - {''}))"
    done = subprocess.run([f"{place}/bin/python3", "-I", "-c", asked], env=clean, capture_output=True, text=True)
    assert done.stdout.split() == [f"{place}/bin/python3", place], done.stderr


def test_what_comes_along_is_what_the_project_needs() -> None:
    project = tomllib.loads((TREE / "pyproject.toml").read_text())["project"]
    assert [re.split("[<>=]", each)[0] for each in project["dependencies"]] == list(program.NEEDED)
    assert "deploy/systemd" in (TREE / "pyproject.toml").read_text(), "the wheel has the unit"


def test_a_pods_identity_is_found_through_a_process_of_it() -> None:
    assert running.identity({}, 7) is None
    found = running.identity({"KUBERNETES_SERVICE_HOST": "2001:db8::1", "KUBERNETES_SERVICE_PORT": "6443"}, 7)
    assert found is not None
    assert found["clusters"][0]["cluster"]["server"] == "https://[2001:db8::1]:6443"
    assert found["users"][0]["user"]["tokenFile"] == ("/proc/7/root/var/run/secrets/kubernetes.io/serviceaccount/token")


def test_the_program_is_well_for_as_long_as_it_says_so(tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    assert not running.is_well(str(heard))
    heard.write_text(json.dumps({"ready": False, "well": 100.0}))
    assert running.is_well(str(heard), now=lambda: 159.0)
    assert not running.is_well(str(heard), now=lambda: 161.0)
    assert not running.is_well(str(heard), ready=True)
