"""A plugin as a process: environment and stdin in, one document on stdout, an exit status."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

from cni.client import LOST
from cni.skel import ADD, DEL, Answer, Plugin, answer, refusal
from cni.types.errors import TRY_AGAIN_LATER, CniError


def command(plugin: Plugin) -> NoReturn:
    """Answer the call this process was started for."""
    environment = dict(os.environ)
    if environment.pop(LOST, "") and environment.get("CNI_COMMAND") == ADD:
        said = _cleared(plugin, environment)
    else:
        said = answer(plugin, environment, sys.stdin.buffer.read, _release())
    sys.stderr.buffer.write(said.stderr)
    sys.stderr.buffer.flush()
    sys.stdout.buffer.write(said.stdout)
    sys.stdout.buffer.flush()
    os._exit(said.status)  # nothing is left to do, and an interpreter takes a millisecond to find that out


def _cleared(plugin: Plugin, environment: dict[str, str]) -> Answer:
    """The daemon went away with an ADD, and nobody knows how far it came. Everything else is simply done again."""
    gone = answer(plugin, {**environment, "CNI_COMMAND": DEL}, sys.stdin.buffer.read, "")
    done = "what it had begun was taken back" if not gone.status else "not all of what it had begun could be taken back"
    return refusal(CniError(TRY_AGAIN_LATER, "the nncp daemon ended while it worked on this call", done))


def _release() -> str:
    if os.environ.get("CNI_COMMAND"):
        return ""  # only somebody who looks is told, and looking it up is slow
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("nncp-agent")
    except PackageNotFoundError:
        return "unknown"
