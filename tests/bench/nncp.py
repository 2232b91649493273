"""`nncp apply` as a whole process, for contests: a policy laid on a disk in memory, and the command that applies it."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml


def command(python: str, asked: Mapping[str, Any]) -> list[str]:
    """With a state directory of its own; `python` is the interpreter that has `nncp` installed."""
    directory = Path(tempfile.mkdtemp(dir="/dev/shm"))
    document = directory / "policy.yaml"
    document.write_text(yaml.safe_dump(asked, sort_keys=False))
    return [
        python, "-m", "nncp_agent", "--state-dir", str(directory / "state"), "-q",
        "apply", "--no-check", str(document),
    ]  # fmt: skip


def apply(command: object) -> None:
    """Raises SystemExit with what it said when it failed."""
    done = subprocess.run(command, capture_output=True, text=True)  # type: ignore[call-overload]
    if done.returncode:
        raise SystemExit(f"bench: nncp apply: {done.stderr}")
