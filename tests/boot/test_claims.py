"""Bonds and bridges of NetworkManager and systemd-networkd, Debian's own, are taken over in place, and handed back."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.boot.beside import KEPT
from tests.boot.node import node

PACKAGES = ("network-manager", "udev")
KEEPS = (KEPT, "/etc/NetworkManager/conf.d", "/etc/NetworkManager/system-connections", "/etc/systemd/network")
"""What a claim writes stands there, and there the profiles are."""
pytestmark = pytest.mark.boots(*PACKAGES)


@pytest.mark.parametrize(
    ("inside", "after"),
    [("inside_claims.py", "network_manager"), ("inside_claims_networkd.py", "networkd")],
)
def test_claims_on_a_booted_machine_and_on_its_next_boot(tmp_path: Path, inside: str, after: str) -> None:
    machine = node(tmp_path, committed={}, packages=PACKAGES, keeps=KEEPS)
    for what in (inside, f"inside_next_boot.py::test_{after}_has_found_them_and_leaves_them_alone"):
        words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"tests/boot/{what}"]
        boot = machine.boot(words, limit_s=600)
        assert boot.status == 0, boot.output + boot.console[-4000:]
