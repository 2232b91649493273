"""Bonds and bridges of ifupdown and ifupdown2, Debian's own, are taken over in place, and handed back."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from netkernel.files import INTERFACES
from tests.boot.beside import KEPT
from tests.boot.node import node

FIRST = ("ifupdown", "ifenslave", "bridge-utils")
SECOND = ("ifupdown2",)
PROGRAM = "usr/share/ifupdown2/__main__.py"


@pytest.mark.parametrize(
    "packages",
    [pytest.param(each, marks=pytest.mark.boots(*each), id=each[0]) for each in (FIRST, SECOND)],
)
def test_claims_on_a_booted_machine_and_on_its_next_boot(tmp_path: Path, packages: tuple[str, ...]) -> None:
    machine = node(tmp_path, committed={}, packages=packages, keeps=(KEPT, "/etc/network/interfaces.d"))
    machine.lay({INTERFACES: "auto lo\niface lo inet loopback\nsource /etc/network/interfaces.d/*\n"})
    for layer in machine.packages:
        if (program := layer / PROGRAM).exists():  # its installation makes it one
            machine.lay({f"/{PROGRAM}": program.read_text()}, 0o755)
    after = "inside_next_boot.py::test_ifupdown_leaves_them_alone"
    for what in ("inside_claims_ifupdown.py", after):
        words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"tests/boot/{what}"]
        boot = machine.boot(words, limit_s=600)
        assert boot.status == 0, boot.output + boot.console[-4000:]
