"""The process that serves a guest, as `vmnet serve` starts it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from lab.setup.base import TREE
from vmnet import transcript
from vmnet.transcript import Lease, Line, OfTap


@contextmanager
def serving(manifest: Path, netns: str, state_dir: str, resolv_conf: Path) -> Iterator[subprocess.Popen[str]]:
    """From the moment it serves to the end of the block."""
    where = ["--netns", netns, "--state-dir", state_dir, "--resolv-conf", str(resolv_conf)]
    command = [sys.executable, "-P", "-m", "vmnet", "serve", str(manifest), *where]
    environment = {**os.environ, "PYTHONPATH": str(TREE)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "serving\n"
            yield process
        finally:
            process.terminate()
    assert process.returncode == 0


def remembered(state_dir: str) -> Mapping[str, OfTap]:
    """What it wrote down, by tap; nothing before its first answer, which a guest has a moment earlier."""
    return {tap: each for path in Path(state_dir).glob("*.transcript") for tap, each in _read(path).items()}


def _read(path: Path) -> Mapping[str, OfTap]:
    return transcript.read(path.read_text())


def leases(state_dir: str, tap: str) -> tuple[Lease, ...]:
    """Those of a tap."""
    return remembered(state_dir).get(tap, OfTap()).leases


def noted(state_dir: str, tap: str) -> tuple[Line, ...]:
    """What it was asked on a tap."""
    return remembered(state_dir).get(tap, OfTap()).lines
