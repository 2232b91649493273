"""Completion scripts for bash, zsh and fish of a command with verbs, made of what its parsers know."""

from __future__ import annotations

from importlib import import_module
from typing import Final

from netkernel.completion.words import Program

SHELLS: Final = ("bash", "zsh", "fish")


def script(shell: str, program: Program) -> str:
    """The script for one of SHELLS: what its `source` takes."""
    text: str = import_module(f"netkernel.completion.{shell}").script(program)
    return text
