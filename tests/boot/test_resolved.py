"""Where Debian's systemd-resolved keeps the name servers: what `inside_resolved` wants holds on a booted machine."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.boot.node import node

PACKAGES = ("systemd-resolved",)
pytestmark = pytest.mark.boots(*PACKAGES)


def test_servers_are_those_of_the_link_that_leads_out(tmp_path: Path) -> None:
    inside = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/boot/inside_resolved.py"]
    boot = node(tmp_path, committed={}, packages=PACKAGES).boot(inside)
    assert boot.status == 0, boot.output
