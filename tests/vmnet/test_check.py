"""`vmnet check` on a kernel that has all of it, and with programs that are older, newer or not there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.vmnet.clinic import ENVIRONMENT

pytestmark = pytest.mark.needs_kernel(
    "bridge", "bridge_vlan", "dummy", "macvtap", "nft_bridge", "nft_nat", "tap", "veth"
)


def checked(folder: Path, **programs: str) -> dict[str, dict[str, object]]:
    """What is said of each thing when these programs, with what they print, are all there are."""
    for name, text in programs.items():
        script = folder / name
        script.write_text(f"#!{os.path.realpath('/bin/sh')}\necho '{text}'\n")
        script.chmod(0o755)
    command = [sys.executable, "-P", "-m", "vmnet", "check", "-o", "json"]
    done = subprocess.run(command, capture_output=True, text=True, env={**ENVIRONMENT, "PATH": str(folder)})
    assert (done.returncode, done.stderr) == (0, "")
    return {each["name"]: each for each in json.loads(done.stdout)}


def test_what_the_kernel_has_is_there(netns: str, tmp_path: Path) -> None:
    lacking = {name for name, each in checked(tmp_path).items() if each["lacking"]}
    assert lacking - {"KVM", "vhost-net", "taps for any user"} == {
        "qemu-system-x86_64",
        "libvirt",
        "commands that doctor names",
    }


@pytest.mark.parametrize(("version", "is_old"), [("7.2.22 (Debian)", True), ("8.0.0", False), ("10.0.2", False)])
def test_a_model_that_this_qemu_does_not_have_is_told(netns: str, tmp_path: Path, version: str, is_old: bool) -> None:
    found = checked(tmp_path, **{"qemu-system-x86_64": "QEMU emulator version " + version})
    assert bool(found["NIC model igb"]["lacking"]) is is_old
    assert found["qemu-system-x86_64"]["lacking"] == ""


def test_which_commands_are_missing_is_told(netns: str, tmp_path: Path) -> None:
    found = checked(tmp_path, nsenter="", ip="", bridge="", nft="", sysctl="")
    assert found["commands that doctor names"]["lacking"] == "tcpdump not on the path"
