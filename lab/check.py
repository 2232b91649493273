"""`./dev check`: everything but the tests. Each check says what is wrong and how to mend it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lab import cold, house_rules
from lab.setup.base import TREE

BIN: Final = Path(sys.executable).parent


@dataclass(frozen=True)
class Check:
    """`find` gives what is wrong, empty when nothing is; `mend` is the way out, in words."""

    name: str
    find: Callable[[], str]
    mend: str


def tool(*words: str) -> Callable[[], str]:
    """A check that is another program: what it printed when it failed."""

    def find() -> str:
        command = [str(BIN / words[0]), *words[1:]]
        done = subprocess.run(command, check=False, cwd=TREE, capture_output=True, text=True)
        return (done.stdout + done.stderr).strip() or f"exit status {done.returncode}" if done.returncode else ""

    return find


def schemas() -> str:
    """The published schemas are generated; the generators know whether they are as it would write them."""
    generators = ("nncp_agent.schema", "nncp_agent.crds", "cni.schema")
    return "\n".join(filter(None, (tool("python", "-m", each, "--check")() for each in generators)))


CHECKS: Final = (
    Check("lint", tool("ruff", "check", "-q", "."), "`.venv/bin/ruff check --fix .` mends what a program can mend"),
    Check("format", tool("ruff", "format", "-q", "--check", "."), "`.venv/bin/ruff format .`"),
    Check("types", tool("mypy", "--no-error-summary"), "correct the types; an ignore names its code and a reason"),
    Check(
        "types of the set-up",
        tool("mypy", "--no-error-summary", "--python-version", "3.10", "--cache-dir", ".mypy_cache/3.10", "lab/setup"),
        "lab/setup runs on the system's own python3, 3.10 on Ubuntu 22.04: use only what that has",
    ),
    Check(
        "floors",
        tool("lint-imports", "--no-cache"),
        "an import points down the floors of ARCHITECTURE.md: move what is shared to the lower floor",
    ),
    Check("house rules", house_rules.broken, "see CONTRIBUTING.md; the line above says what to do instead"),
    Check("cold starts", cold.problems, "import it inside the function that needs it, with a comment"),
    Check("schemas", schemas, "`.venv/bin/python -m nncp_agent.schema` writes them, or the module that is named"),
)


def main(words: Sequence[str]) -> int:
    """Runs all of them two at a time; gives 1 when one of them found something."""
    chosen = [check for check in CHECKS if not words or check.name in words]
    if not chosen:
        print(f"check: there is no such check; there are: {', '.join(check.name for check in CHECKS)}", file=sys.stderr)
        return 2
    with ThreadPoolExecutor(max_workers=2) as workers:
        results = [(check, workers.submit(timed, check.find)) for check in chosen]
        failed = [report(check, *result.result()) for check, result in results]
    bad = sum(failed)
    print(f"check: {len(failed) - bad} passed, {bad} failed")
    return 1 if bad else 0


def timed(find: Callable[[], str]) -> tuple[str, float]:
    began = time.monotonic()
    return find(), time.monotonic() - began


def report(check: Check, found: str, seconds: float) -> bool:
    print(f"{'ok  ' if not found else 'FAIL'} {check.name} ({seconds:.1f} s)", flush=True)
    if found:
        print("\n".join(f"    {line}" for line in found.splitlines()))
        print(f"  → {check.mend}")
    return bool(found)
