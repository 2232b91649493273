"""`nncp` behind a symlink called nmstatectl, on a real kernel, as scripts written for that one use it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from netkernel.documents import read

pytestmark = pytest.mark.needs_kernel("dummy", "bridge")

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = f"#!{sys.executable}\nfrom nncp_agent.__main__ import command\ncommand()\n"
UPLINK = """\
capture:
  nic: interfaces.name == "dummy7"
desiredState:
  interfaces:
  - name: br7
    type: linux-bridge
    state: up
    mac-address: "{{ capture.nic.interfaces.0.mac-address }}"
    bridge: {port: [{name: "{{ capture.nic.interfaces.0.name }}"}]}
"""
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def nmstatectl(netns: str, tmp_path: Path) -> Run:
    """The command, in a namespace with a dummy."""
    subprocess.run(["ip", "link", "add", "dummy7", "address", "02:00:00:00:00:07", "type", "dummy"], check=True)
    subprocess.run(["ip", "link", "set", "dummy7", "up"], check=True)
    (tmp_path / "nncp").write_text(PROGRAM)
    (tmp_path / "nncp").chmod(0o755)
    (tmp_path / "nmstatectl").symlink_to("nncp")
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "NNCP_STATE_DIR": str(tmp_path / "state")}

    def run(*words: str, given: str = "", code: int = 0) -> subprocess.CompletedProcess[str]:
        command = [str(tmp_path / "nmstatectl"), *words]
        done = subprocess.run(command, input=given, capture_output=True, text=True, cwd=tmp_path, env=environ)
        assert done.returncode == code, done.stderr
        return done

    return run


def names(nmstatectl: Run) -> set[str]:
    (state,) = read(nmstatectl("show", "-k").stdout)
    return {each["name"] for each in state.value["interfaces"]}  # type: ignore[index]


def without_link_local(text: str) -> list[str]:
    """What is shown, but for IPv6: the kernel takes a port's link-local address and gives it another later."""
    (state,) = read(text)
    return [str({**each, "ipv6": None}) for each in state.value["interfaces"]]  # type: ignore[index]


def test_a_policy_is_applied_on_trial_printed_as_its_difference_and_taken_back(nmstatectl: Run) -> None:
    printed = nmstatectl("apply", "-", "--no-commit", "--timeout", "60", given=UPLINK).stdout
    (difference,) = read(printed)
    assert [each["name"] for each in difference.value["interfaces"]] == ["br7"]  # type: ignore[index]
    assert names(nmstatectl) == {"lo", "dummy7", "br7"}
    nmstatectl("apply", "-", given=UPLINK, code=1)
    nmstatectl("rollback")
    assert names(nmstatectl) == {"lo", "dummy7"}
    nmstatectl("commit", code=1)


def test_of_several_files_each_is_a_change_of_its_own(nmstatectl: Run, tmp_path: Path) -> None:
    (tmp_path / "up.yml").write_text("interfaces: [{name: br7, type: linux-bridge, state: up}]")
    (tmp_path / "gone.yml").write_text("interfaces: [{name: br7, type: linux-bridge, state: absent}]")
    nmstatectl("apply", "up.yml", "gone.yml")
    assert names(nmstatectl) == {"lo", "dummy7"}


def test_what_gr_wrote_before_takes_an_apply_back(nmstatectl: Run, tmp_path: Path) -> None:
    asked = "interfaces: [{name: br7, type: linux-bridge, state: up, bridge: {port: [{name: dummy7}]}}]"
    (tmp_path / "back.yml").write_text(nmstatectl("gr", "-", given=asked).stdout)
    before = nmstatectl("show").stdout
    nmstatectl("set", given=asked)
    assert "br7" in names(nmstatectl)
    nmstatectl("apply", "back.yml")
    assert without_link_local(nmstatectl("show").stdout) == without_link_local(before)


def test_the_service_applies_a_folder_once(nmstatectl: Run, tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/10.yml").write_text("interfaces: [{name: dummy8, type: dummy, state: up}]")
    (tmp_path / "etc/20.yml").write_text("interfaces: [{name: dummy9, type: dumy}]")
    nmstatectl("service", "-c", "etc")
    assert sorted(path.name for path in (tmp_path / "etc").iterdir()) == ["10.applied", "20.yml"]
    assert "dummy8" in names(nmstatectl)


def test_scripts_run_when_the_interface_came_up_and_went_down(nmstatectl: Run, tmp_path: Path) -> None:
    script = "{post-activation: 'echo $1 $2 >>ran', post-deactivation: 'echo $1 $2 >>ran'}"
    nmstatectl("apply", given=f"interfaces: [{{name: dummy8, type: dummy, state: up, dispatch: {script}}}]")
    nmstatectl("apply", given="interfaces: [{name: dummy8, state: down}]")
    nmstatectl("apply", "--no-commit", given="interfaces: [{name: dummy8, type: dummy, state: up}]")
    nmstatectl("commit")
    assert (tmp_path / "ran").read_text() == "dummy8 up\ndummy8 down\ndummy8 up\n"
