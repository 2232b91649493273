"""Routing rules a policy states: well formed, each for itself."""

from __future__ import annotations

from collections.abc import Iterator

from nncp_agent.errors import Problem
from nncp_agent.model import RuleEntry, State
from nncp_agent.resolve import Resolved
from nncp_agent.sections import rules
from nncp_agent.spelling import link_name


def problems(resolved: Resolved) -> Iterator[Problem]:
    """Everything wrong with the policy's rules."""
    for index, entry in enumerate(resolved.rules):
        if entry.state is not State.IGNORE:
            yield from _malformed(entry, f"route-rules.config[{index}]")


def _malformed(entry: RuleEntry, path: str) -> Iterator[Problem]:
    for key, text in (("ip-from", entry.ip_from), ("ip-to", entry.ip_to)):
        if text and (6 if ":" in text else 4) != rules.family(entry):
            wanted = f"an IPv{rules.family(entry)} network"
            yield Problem(f"{path}.{key}", f"wanted {wanted} {_as_what(entry)}, found {text}")
    try:
        link_name(entry.iif or "lo")
    except ValueError as error:  # no link is called so, by any of its names, and none can be
        yield Problem(f"{path}.iif", f"found {entry.iif!r}, wanted {error}")
    if entry.state is State.ABSENT:
        return
    if entry.state not in (None, State.UP):
        yield Problem(f"{path}.state", f"wanted absent, ignore or nothing, found {entry.state}")
    if rules.family(entry) is None:
        yield Problem(path, "wanted family, ip-from or ip-to: packets of which family does the rule speak of?")
    if entry.fwmask is not None and entry.fwmark is None:
        yield Problem(f"{path}.fwmask", f"found {entry.fwmask:#x} without fwmark, of which it is the mask")


def _as_what(entry: RuleEntry) -> str:
    return "like its family" if entry.family is not None else "like ip-from"
