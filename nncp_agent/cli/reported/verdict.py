"""Whether a policy has come to its end, for whoever waits: of the generation asked for, never of an older one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from netkernel.choice import Choice, auto
from netkernel.frozen import Frozen
from nncp_agent.objects import conditions
from nncp_agent.objects.conditions import leading
from nncp_agent.objects.enactment import conditions_of, generation_of, message_of, node_of, policy_of

Object = Mapping[str, Any]


class End(Choice):
    """How it ended."""

    NOT_YET = auto()
    WELL = auto()
    BADLY = auto()


class Verdict(Frozen):
    """`line` is a sentence for people; `failures` a line for each node where it went wrong."""

    end: End
    line: str
    failures: tuple[str, ...] = ()


_ENDS: Final = {"Available": End.WELL, "Degraded": End.BADLY, "Ignored": End.BADLY}


def verdict(policy: Object, enactments: Iterable[Object], generation: int | None = None) -> Verdict:
    """`generation` is the one to wait for, the policy's own when not given.

    A policy that was edited meanwhile is waited for as it is now.
    """
    name = policy["metadata"]["name"]
    wanted = max(int(policy["metadata"].get("generation") or 0), generation or 0)
    status = policy.get("status") or {}
    if (policy.get("spec") or {}).get("paused"):
        return Verdict(End.NOT_YET, f"{name}: paused")
    said = status.get("conditions") or ()
    observed = status.get("observedGeneration")
    if isinstance(observed, int) and observed < wanted:
        return Verdict(End.NOT_YET, f"{name}: nothing said of this edit yet")
    word = leading(said)
    message = next((str(each.get("message") or "") for each in said if each.get("status") == conditions.TRUE), "")
    line = f"{name}: {word or 'nothing said yet'}{f': {message}' if message else ''}"
    return Verdict(_ENDS.get(word, End.NOT_YET), line, tuple(_failures(name, wanted, enactments)))


def _failures(policy: str, generation: int, enactments: Iterable[Object]) -> list[str]:
    """Of nodes that say so of this generation, sorted; where nobody counts generations, of all."""
    return sorted(
        f"{node_of(each)}: {message_of(each)}"
        for each in enactments
        if policy_of(each) == policy
        and leading(conditions_of(each)) in ("Failing", "Aborted")
        and generation_of(each) in (0, generation)
    )
