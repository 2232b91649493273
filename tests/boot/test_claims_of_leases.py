"""Leases that NetworkManager and systemd-networkd have from a real server go on when their links are claimed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.boot.node import node

PACKAGES = ("network-manager", "udev")
pytestmark = pytest.mark.boots(*PACKAGES)


def test_leases_of_claimed_links_on_a_booted_machine(tmp_path: Path) -> None:
    inside = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/boot/inside_claims_of_leases.py"]
    boot = node(tmp_path, committed={}, packages=PACKAGES).boot(inside, limit_s=600)
    assert boot.status == 0, boot.output
