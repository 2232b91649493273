"""Words, the cache directory, and commands whose output matters only when they fail."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

TREE: Final = Path(__file__).resolve().parent.parent.parent


class SetupFailed(Exception):
    """Something a verb needs could not be had; the message says what, and what the user can do."""


def say(text: str) -> None:
    print(f"dev: {text}", file=sys.stderr, flush=True)


def cache(environment: Mapping[str, str] = os.environ) -> Path:
    """Where everything lives that outlasts a run; made when it is not there."""
    base = environment.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    directory = Path(base) / "nncp-agent"
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def digest(*parts: str | bytes) -> str:
    """A short key for a stamp or a cache entry."""
    whole = b"\0".join(part.encode() if isinstance(part, str) else part for part in parts)
    return hashlib.sha256(whole).hexdigest()[:16]


def run(
    command: Sequence[str],
    *,
    failing: str,
    directory: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Run a command to its end and give its output. Raises SetupFailed with `failing` and the last words it said."""
    with subprocess.Popen(
        command,
        cwd=directory,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        output = process.communicate()[0]
    if process.returncode:
        last = "\n".join(f"    {line}" for line in output.splitlines()[-15:])
        raise SetupFailed(f"{failing}: `{' '.join(command)}` said:\n{last}")
    return output


@contextmanager
def alone(name: str) -> Iterator[None]:
    """One process at a time does this; others wait for it, and find it done."""
    with open(cache() / f"{name}.lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another ./dev that sets up the {name}")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
