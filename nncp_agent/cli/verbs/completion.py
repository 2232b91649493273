"""Print a script that completes verbs, options, interfaces and files in your shell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netkernel.completion import SHELLS
from nncp_agent.cli.call import Call
from nncp_agent.cli.codes import OK

if TYPE_CHECKING:
    from argparse import ArgumentParser

EXAMPLES = """\
  source <(nncp completion bash)
  nncp completion bash > /usr/share/bash-completion/completions/nncp
  nncp completion zsh > "${fpath[1]}/_nncp"
  nncp completion fish > ~/.config/fish/completions/nncp.fish
"""


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("shell", choices=SHELLS, help="yours")


def run(call: Call) -> int:
    from netkernel import completion
    from nncp_agent.cli import shells

    call.world.stdout.write(completion.script(call.options.shell, shells.program()))
    return OK
