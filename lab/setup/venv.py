"""The tree's own Python environment in `.venv`: an interpreter that is new enough, the project, its test tools."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from lab.setup import apt
from lab.setup.base import TREE, SetupFailed, alone, digest, run, say

DIRECTORY: Final = TREE / ".venv"
OLDEST: Final = (3, 11)
INTERPRETERS: Final = ("python3", "python3.14", "python3.13", "python3.12", "python3.11")

NO_PYTHON: Final = "    On Ubuntu 22.04 it is in the archive `universe`: `add-apt-repository universe`, then once more."


def python(*, tree: Path = TREE) -> Path:
    """The environment's interpreter; makes or renews the environment when its project file asks for something else."""
    directory = tree / ".venv"
    interpreter, stamp = directory / "bin" / "python", directory / "stamp"
    wanted = key(tree)
    if not _is(stamp, wanted):
        with alone("environment"):
            if not _is(stamp, wanted):
                _make(directory, tree)
                stamp.write_text(wanted)
    return interpreter


def key(tree: Path) -> str:
    """What the environment depends on: where it is, and the project file above its tools' settings."""
    project = (tree / "pyproject.toml").read_text()
    return digest(str(tree), re.split(r"^\[tool\.", project, maxsplit=1, flags=re.MULTILINE)[0])


def _is(stamp: Path, wanted: str) -> bool:
    return stamp.exists() and stamp.read_text() == wanted and (stamp.parent / "bin" / "python").exists()


def _make(directory: Path, tree: Path) -> None:
    say(f"making the Python environment {directory} (once)")
    base = _interpreter()
    run([base, "-m", "venv", "--clear", str(directory)], failing="making the Python environment failed")
    pip = [str(directory / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    quiet = {"PIP_ROOT_USER_ACTION": "ignore"}
    run([*pip, "-e", f"{tree}[dev]"], failing="installing Python packages failed", environment=quiet)


def _interpreter() -> str:
    """A Python that is new enough and can make environments; installs the distribution's when there is none."""
    for name in (sys.executable, *INTERPRETERS):
        found = shutil.which(name)
        if found and (version := _version(found)) >= OLDEST:
            # Debian splits what venv needs off its python3
            if not _answers(found, "import ensurepip, venv"):
                apt.ensure([f"python{version[0]}.{version[1]}-venv"], "Python environments")
            return found
    try:
        apt.ensure(["python3.11", "python3.11-venv"], "the project needs Python 3.11; this system's own stays as it is")
    except SetupFailed as failure:
        raise SetupFailed(f"{failure}\n{NO_PYTHON}") from failure
    installed = shutil.which("python3.11")
    if installed is None:
        raise SetupFailed("no Python 3.11 or newer here, and installing python3.11 brought none")
    return installed


def _version(interpreter: str) -> tuple[int, int]:
    said = subprocess.run(
        [interpreter, "-c", "import sys; print(*sys.version_info[:2])"], check=False, capture_output=True, text=True
    ).stdout.split()
    return (int(said[0]), int(said[1])) if len(said) == 2 else (0, 0)


def _answers(interpreter: str, code: str) -> bool:
    return subprocess.run([interpreter, "-c", code], check=False, capture_output=True).returncode == 0
