"""Cold starts are budgets: what a command must not import before it needs it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from typing import Final

from lab.setup.base import TREE

HEAVY: Final = ("kubernetes", "pyroute2", "rich", "scapy", "yaml")

MODELS: Final = ("dataclasses", "inspect", "msgspec", "nncp_agent.kinds", "nncp_agent.model", "pathlib")
"""What people's policies are read with; to look at a host must cost none of it either."""

CHANGING: Final = (
    "netkernel.executor", "netkernel.netns", "netkernel.ops", "netkernel.reconcile", "nncp_agent.apply",
    "nncp_agent.judge", "nncp_agent.plan", "nncp_agent.wire",
)  # fmt: skip
"""What changes need; to look at a host must cost none of it."""


COMFORTS: Final = (
    "argparse", "asyncio", "ctypes", "difflib", "enum", "gettext", "json", "locale", "logging", "netkernel.documents",
    "random", "re", "select", "selectors", "signal", "socket", "subprocess", "typing",
)  # fmt: skip
"""What a command that only looks does without."""


@dataclass(frozen=True, slots=True)
class Start:
    """A command line of `nncp`, and the modules that it may not load; each with all below it."""

    words: tuple[str, ...]
    without: tuple[str, ...]


STARTS: Final = (
    Start(("--help",), (*HEAVY, *MODELS, "asyncio", "json", "socket", "subprocess")),
    Start(
        ("show", "-o", "json"),
        (*HEAVY, *MODELS, *CHANGING, *COMFORTS),
    ),
    Start(("show",), (*HEAVY, "asyncio")),
)


def problems() -> str:
    """One line for each command that loads what it should not."""
    if not (TREE / "nncp_agent" / "cli").exists():
        return ""
    return "\n".join(line for start in STARTS for line in loaded_too_much(start))


def loaded_too_much(start: Start) -> list[str]:
    """-X importtime names every module as it is loaded, on stderr; whether the command succeeds is not the question."""
    command = [sys.executable, "-X", "importtime", "-m", "nncp_agent.cli", *start.words]
    done = subprocess.run(command, check=False, cwd=TREE, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    loaded = {line.rsplit("|", 1)[1].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    if "nncp_agent.cli" not in loaded:
        return [f"nncp {' '.join(start.words)} did not start: {done.stderr.splitlines()[-1]}"]
    return [
        f"nncp {' '.join(start.words)} imports {heavy}"
        for heavy in start.without
        if any(is_below(name, heavy) for name in loaded)
    ]


def is_below(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")
