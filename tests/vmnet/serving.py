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
from vmnet.transcript import OfTap


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
    """What it wrote down, by tap."""
    (path,) = Path(state_dir).glob("*.transcript")
    return transcript.read(path.read_text())
