"""Machines of Debian's systemd-networkd and NetworkManager boot from the files of `nncp gc`; dracut reads its words."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from lab.machine import Machine
from netkernel.documents import read
from nncp_agent.gc import generate
from nncp_agent.wire.comparable import comparable
from tests.boot.node import enable, node

PACKAGES = ("network-manager", "dracut-network", "udev")
STATE = Path(__file__).with_name("gc-state.yaml")
NO_OTHERS = {"/etc/NetworkManager/conf.d/gc.conf": "[main]\nno-auto-default=*\n"}
pytestmark = pytest.mark.boots(*PACKAGES)


def inside(machine: Machine, *selection: str) -> None:
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/boot/inside_gc.py", "-k"]
    boot = machine.boot([*words, " or ".join(selection)], limit_s=600)
    assert boot.status == 0, boot.output + boot.console[-3000:]


def written(to: str, folder: str) -> dict[str, str]:
    made = generate(comparable(read(STATE.read_text())), to)
    assert made.left_out == ()
    return {f"{folder}/{name}": text for name, text in made.files.items()}


def test_networkd_boots_into_the_state(tmp_path: Path) -> None:
    machine = node(tmp_path, committed={}, packages=PACKAGES)
    machine.lay(written("networkd", "/etc/systemd/network"))
    enable(machine, "systemd-networkd.service")
    inside(machine, "made_the_state and networkd")


def test_networkmanager_boots_into_the_state_and_its_initramfs_and_dracut_take_the_arguments(tmp_path: Path) -> None:
    machine = node(tmp_path, committed={}, packages=PACKAGES)
    machine.lay(written("networkmanager", "/etc/NetworkManager/system-connections"), 0o600)
    machine.lay(NO_OTHERS)
    enable(machine, "NetworkManager.service")
    inside(machine, "made_the_state and NetworkManager", "dracuts_arguments")
