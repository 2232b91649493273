"""States that are compared and not applied: what this version does not do stands in them as it was written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from netkernel.documents import Document
from nncp_agent import wire
from nncp_agent.errors import InvalidPolicy
from nncp_agent.wire.policy import states
from nncp_agent.wire.refused import TOP, is_not_done_here
from nncp_agent.wire.report import Report
from nncp_agent.writer import encode

_LISTS: Final = ("routes", "route-rules")
_ONCE: Final = ("hostname", "dns-resolver")


def comparable(documents: Sequence[wire.Document]) -> dict[str, Any]:
    """The documents as one state in nmstate's form, as canonical as it is understood. Raises InvalidPolicy."""
    decoded = wire.read(documents)
    wrong = [problem for problem in decoded.problems if not is_not_done_here(problem.message)]
    if wrong:
        raise InvalidPolicy(wrong)
    if not decoded.problems:
        return encode(decoded.desired)
    result: dict[str, Any] = {"interfaces": [], **{section: {"config": []} for section in _LISTS}}
    for tree in _trees(documents):
        result["interfaces"] += [_understood("interfaces", each) for each in tree.get("interfaces") or ()]
        for section in _LISTS:
            config = (tree.get(section) or {}).get("config") or ()
            result[section]["config"] += [_understood(section, each) for each in config]
        result |= {key: value for key, value in tree.items() if key in (*TOP, *_ONCE)}
    return {key: value for key, value in result.items() if value not in ([], {"config": []})}


def _trees(documents: Sequence[wire.Document]) -> Iterator[Mapping[str, Any]]:
    for document in documents:
        yield from (found.tree for found in states(document.value, (), Report()))


def _understood(section: str, tree: Any) -> Any:
    """One interface, route or rule in canonical words; as it stands where any of it is not done here."""
    decoded = wire.read([Document({section: [tree] if section == "interfaces" else {"config": [tree]}})])
    if decoded.problems:
        return tree
    state = encode(decoded.desired)
    (only,) = state["interfaces"] if section == "interfaces" else state[section]["config"]
    return only
