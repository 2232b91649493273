"""Say which nncp this is and which kernel it runs on."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from nncp_agent.cli.call import Call
from nncp_agent.cli.codes import OK

if TYPE_CHECKING:
    from argparse import ArgumentParser

EXAMPLES = "  nncp version\n"


def arguments(parser: ArgumentParser) -> None:
    """None."""


def run(call: Call) -> int:
    call.print(text())
    return OK


def text() -> str:
    """Two lines."""
    system = os.uname()
    return f"nncp {own()}\n{system.sysname} {system.release} {system.machine}"


def own() -> str:
    """Of this program."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("nncp-agent")
    except PackageNotFoundError:  # run from a checkout
        return "of a checkout"
