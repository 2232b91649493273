"""Completion scripts for bash, zsh and fish, made from the parsers themselves."""

from __future__ import annotations

from importlib import import_module
from typing import Final

SHELLS: Final = ("bash", "zsh", "fish")


def script(shell: str) -> str:
    """The script for one of SHELLS."""
    text: str = import_module(f"nncp_agent.cli.shells.{shell}").script()
    return text
