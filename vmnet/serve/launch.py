"""Becoming the process that serves: in the pod's network, with what there is to tell on standard input."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from netkernel import netns
from vmnet.serve.told import Told, to_json

MODULE = "vmnet.serve.process"


def arguments(transcript: str) -> list[str]:
    """The command, for who starts it as a process of its own."""
    return [sys.executable, "-P", "-S", "-m", MODULE, transcript]


def environment() -> dict[str, str]:
    """Whatever made our own modules importable must do so there: without `site` nothing else would."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(os.path.abspath(each) for each in sys.path)}


def become(namespace: str, told: Sequence[Told], transcript: str) -> NoReturn:
    """Take this process's place: none of what planned stays in memory. Raises NetworkError, OSError."""
    input = os.memfd_create("told")
    os.write(input, to_json(told).encode())
    os.lseek(input, 0, os.SEEK_SET)
    os.dup2(input, 0)
    command = arguments(transcript)
    with netns.inside(namespace):
        os.execve(command[0], command, environment())
