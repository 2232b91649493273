"""Bonds and bridges of NetworkManager and systemd-networkd, Debian's own, are taken over in place, and handed back."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.boot.node import node

PACKAGES = ("network-manager",)
pytestmark = pytest.mark.boots(*PACKAGES)


@pytest.mark.parametrize("inside", ["inside_claims.py", "inside_claims_networkd.py"])
def test_claims_on_a_booted_machine(tmp_path: Path, inside: str) -> None:
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"tests/boot/{inside}"]
    boot = node(tmp_path, committed={}, packages=PACKAGES).boot(words, limit_s=240)
    assert boot.status == 0, boot.output
