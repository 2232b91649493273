"""As a plugin of kubectl: `kubectl nncp …` is of the cluster that kubectl would ask, and completes as kubectl does.

Kubectl runs `kubectl-nncp` with the words after it; for a TAB it runs `kubectl_complete-nncp` with them, the last of
which may be unfinished, and wants what could follow, a line each, and a directive after them (kubectl 1.26).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from netkernel.frozen import replace
from nncp_agent.cli.codes import OK
from nncp_agent.cli.world import World

COMPLETES: Final = "kubectl_complete"
_NO_FILES, _FILES = ":4", ":0"
"""ShellCompDirectiveNoFileComp and Default of cobra."""


def run(argv: Sequence[str], world: World, called: str) -> int:
    """One command as kubectl calls it; gives its exit code."""
    if called.startswith(COMPLETES):
        for line in completed(argv):
            world.stdout.write(f"{line}\n")
        return OK
    from nncp_agent import cli

    return cli.main(argv, replace(world, of_kubectl=True))


def completed(words: Sequence[str]) -> Iterator[str]:
    """What the last word could become, with what it means, and the directive."""
    from netkernel.completion.words import Takes
    from nncp_agent.cli import shells as known

    *before, last = words or [""]
    verbs = {verb.name: verb for verb in known.verbs()}
    named = next((word for word in before if word in verbs), None)
    if named is None:
        yield from (f"{name}\t{verb.summary}" for name, verb in verbs.items() if name.startswith(last))
        yield _NO_FILES
        return
    verb = verbs[named]
    options = (*verb.options, *known.common())
    asked = next((each for each in options if before and before[-1] in each.flags), None)
    values = asked.values if asked else None
    if values is None:
        flags = [(flag, each.help) for each in options for flag in each.flags if flag.startswith("--")]
        yield from (f"{flag}\t{text}" for flag, text in flags if last.startswith("-") and flag.startswith(last))
        values = verb.actions or verb.values
    if isinstance(values, tuple) and not last.startswith("-"):
        yield from (value for value in values if value.startswith(last))
    yield _FILES if values is Takes.FILE else _NO_FILES
