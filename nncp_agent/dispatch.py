"""Scripts that run when an interface came up or went down: which are due after a change, and the running of them.

As NetworkManager's dispatcher runs nmstate's `dispatch` (nmstate.md 2): with the interface's name and `up` or `down` as
arguments. They run once the change is committed; what a script does nobody can take back, so one that fails is said and
is no reason to undo anything. Whoever may write one is root, therefore only the command line has them.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from netkernel.frozen import Frozen
from netkernel.ops import CreateLink, DeleteLink, Op, SetLink
from nncp_agent.errors import Problem
from nncp_agent.model import NetworkState
from nncp_agent.shown import Note

LONGEST_S: Final = 60.0
"""How long one may take; NetworkManager gives its own ten minutes, in which nobody waits for them."""
UP, DOWN = "post-activation", "post-deactivation"


class Due(Frozen):
    """One script to run."""

    name: str
    action: str  # "up" or "down"
    script: str


def due(ops: Sequence[Op], before: Mapping[str, Note], after: Mapping[str, Note]) -> list[Due]:
    """What has to run after `ops`: scripts of what went down as they were, then those of what came up as they are.

    A script that is new or another runs, too, where its interface is stated to be up. Notes are by kernel name.
    """
    came, went = set(_came_up(ops)), set(_went_down(ops))
    down = {name: note.dispatch[DOWN] for name, note in before.items() if name in went and DOWN in note.dispatch}
    found = [Due(name, "down", script) for name, script in down.items()]
    for name, note in after.items():
        earlier = before.get(name)
        is_new = earlier is None or not earlier.is_up or note.dispatch.get(UP) != earlier.dispatch.get(UP)
        if UP in note.dispatch and note.is_up and (name in came or is_new):
            found.append(Due(name, "up", note.dispatch[UP]))
    return found


def run(these: Sequence[Due], say: Callable[[str], None], longest_s: float = LONGEST_S) -> None:
    """Run them, one after the other; `say` hears of those that fail."""
    for each in these:
        try:
            done = subprocess.run(
                ["/bin/sh", "-c", each.script, "nncp-dispatch", each.name, each.action],
                check=False,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=longest_s,
            )
        except subprocess.TimeoutExpired:
            say(f"{each.name}: dispatch script for {each.action}: not done after {longest_s:g} s, ended")
        except OSError as error:
            say(f"{each.name}: dispatch script for {each.action}: {error.strerror}")
        else:
            if done.returncode:
                words = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
                why = f": {words[0]}" if words else ""
                say(f"{each.name}: dispatch script for {each.action} ended with {done.returncode}{why}")


def refused(desired: NetworkState) -> list[Problem]:
    """A problem for each script, for those who may not have any."""
    return [
        Problem(f"{iface.name}: dispatch", "scripts are run by the command line only: nncp apply")
        for iface in desired.interfaces or ()
        if iface.dispatch is not None and (iface.dispatch.post_activation or iface.dispatch.post_deactivation)
    ]


def _came_up(ops: Sequence[Op]) -> Iterator[str]:
    for op in ops:
        match op:
            case CreateLink() if op.attrs.get("up"):
                yield op.name
            case SetLink() if op.new.get("up") and not op.old.get("up"):
                yield op.name


def _went_down(ops: Sequence[Op]) -> Iterator[str]:
    for op in ops:
        if isinstance(op, DeleteLink) or (isinstance(op, SetLink) and op.old.get("up") and op.new.get("up") is False):
            yield op.name
