"""Open the state in $EDITOR and apply what was made of it; nothing is done when nothing was changed.

What cannot be read may be mended: the editor opens again. IFNAME is edited with its routes.
"""

from __future__ import annotations

import shlex
import subprocess
import tempfile
from typing import TYPE_CHECKING

from nncp_agent.cli.call import Call
from nncp_agent.cli.codes import FAILED, OK, UNREADABLE

if TYPE_CHECKING:
    from argparse import ArgumentParser

EXAMPLES = """\
  nncp edit bond1
  EDITOR=nano nncp edit --no-commit
"""


def arguments(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("name", metavar="NAME", nargs="?", help="only this interface and its routes")
    add("--no-verify", action="store_true", help="do not look whether it came true")
    add("--no-commit", action="store_true", help="wait for `nncp commit`; without one everything goes back")
    add("--memory-only", action="store_true", help="until the next boot only")
    add("-k", "--kernel", action="store_true", help="for nmstatectl's sake: the kernel is all there is")


def run(call: Call) -> int:
    from netkernel.documents import yaml_writer
    from nncp_agent.cli import asked, choose
    from nncp_agent.shown.running import running_config

    call.needs_root()
    state = running_config(dict(asked.present(call)))
    if call.options.name:
        state = choose.only(state, lambda each: bool(each["name"] == call.options.name))
        if not state["interfaces"]:
            call.error(f"no interface '{call.options.name}'")
            return UNREADABLE
    text = yaml_writer.write(state)
    with tempfile.NamedTemporaryFile("w+", prefix="nncp-edit-", suffix=".yaml") as file:
        file.write(text)
        file.flush()
        return _edited(call, file.name, text)


def _edited(call: Call, path: str, text: str) -> int:
    """Until it can be read, or nobody wants to go on."""
    from nncp_agent.cli import applying, policies
    from nncp_agent.errors import InvalidPolicy

    editor = call.world.environ.get("EDITOR") or "vi"
    while True:
        try:
            done = subprocess.run([*shlex.split(editor), path], check=False, env=dict(call.world.environ) or None)
        except (OSError, ValueError) as error:
            call.error(f"{editor}: {error}")
            return UNREADABLE
        if done.returncode:
            call.error(f"{editor} ended with {done.returncode}: nothing was changed")
            return UNREADABLE
        if _content(path) == text:
            call.say("nothing was edited: nothing to do")
            return OK
        try:
            decoded = policies.read(call, [path])
        except InvalidPolicy as error:
            for problem in error.problems:
                call.error(f"{problem}")
            if not _goes_on(call):
                return FAILED
            continue
        return applying.run(call, decoded, "nncp edit")


def _content(path: str) -> str:
    """Editors may write another file of that name."""
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def _goes_on(call: Call) -> bool:
    call.world.stderr.write("edit it again? [y/n] ")
    call.world.stderr.flush()
    answer: bytes = call.world.stdin.readline()
    return answer.strip().lower() in (b"y", b"yes")
