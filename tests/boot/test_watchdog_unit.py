"""The watchdog where there is systemd: what `inside_watchdog` wants holds on a booted machine."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.boot.node import node

pytestmark = pytest.mark.boots


def test_the_watchdog_is_a_unit_that_outlives_whoever_asked_for_it(tmp_path: Path) -> None:
    inside = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/boot/inside_watchdog.py"]
    boot = node(tmp_path, committed={}).boot(inside)
    assert boot.status == 0, boot.output
