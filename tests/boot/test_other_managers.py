"""Beside udev, NetworkManager and systemd-networkd, Debian's own: what is run inside holds on a booted machine."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.boot.node import node

PACKAGES = ("network-manager", "udev")
pytestmark = pytest.mark.boots(*PACKAGES)


def test_who_names_or_holds_a_link_is_named_and_lets_go_of_it_as_we_say(tmp_path: Path) -> None:
    files = ["tests/boot/inside_udev.py", "tests/boot/inside_managers.py"]
    inside = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files]
    boot = node(tmp_path, committed={}, packages=PACKAGES).boot(inside, limit_s=600)
    assert boot.status == 0, boot.output
