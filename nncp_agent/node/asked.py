"""What a policy asks of this node: captures made once and remembered, templates filled, words understood."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from netkernel.frozen import Frozen
from nncp_agent import dispatch, wire
from nncp_agent.errors import Problem
from nncp_agent.model import NetworkState
from nncp_agent.node.doors import ThisNode
from nncp_agent.node.memory import Captured
from nncp_agent.objects.policy import Policy
from nncp_agent.policy.node import Node
from nncp_agent.policy.resolver import Resolution, resolve
from nncp_agent.shown import secrets
from nncp_agent.wire import Decoded

State = Mapping[str, Any]
EMPTY: Final[Mapping[str, Any]] = {}


class Asked(Frozen, kw_only=True):
    """With `problems` the policy cannot be applied, and `desired` is no more than what could be understood of it.

    `tree` is `desired` in nmstate's words.
    """

    policy: Policy
    desired: NetworkState = NetworkState()
    decoded: Decoded | None = None
    tree: State = EMPTY
    captured: Mapping[str, Captured] = EMPTY
    problems: tuple[Problem, ...] = ()
    is_captured_badly: bool = False


def asked(
    policy: Policy,
    node: ThisNode,
    present: Callable[[], State],
    remembered: Mapping[str, Captured],
) -> Asked:
    """`present` gives the host's state when a capture wants it; what is `remembered` is not captured again."""
    expressions = _expressions(policy)
    known = {name: each.state for name, each in remembered.items() if expressions.get(name) == each.expression}
    resolution = resolve([policy.desired], present, lambda: Node(node.name, node.labels, node.annotations), known)
    if resolution.problems:
        return Asked(policy=policy, problems=resolution.problems, is_captured_badly=True)
    decoded = wire.read(resolution.documents)
    problems = (*decoded.problems, *dispatch.refused(decoded.desired))
    return Asked(
        policy=policy,
        desired=decoded.desired,
        decoded=decoded,
        tree={} if problems else wire.encode(decoded.desired),
        captured=_captured(expressions, resolution, known),
        problems=problems,
    )


def still_good(captured: Mapping[str, Captured], nics: Collection[str]) -> bool:
    """Whether what was captured is still about this machine: a NIC that is gone, while there is one that was not there
    then, was replaced. One that is only gone may come back."""
    spoken_of = {
        str(each.get("name")) for capture in captured.values() for each in capture.state.get("interfaces") or ()
    }
    known = {nic for capture in captured.values() for nic in capture.nics}
    return not (spoken_of & known - {*nics} and {*nics} - known)


def without_secrets(tree: State) -> dict[str, Any]:
    """A state as it may be shown to anybody."""
    shown = {**tree}
    if tree.get("interfaces"):
        shown["interfaces"] = [_without_secrets(each) for each in tree["interfaces"]]
    return shown


def _without_secrets(interface: State) -> State:
    found = secrets.of({**interface})
    section = interface.get(str(interface.get("type")))
    if not found or not isinstance(section, Mapping):
        return interface
    return {**interface, str(interface["type"]): {**section, **secrets.hidden(found)}}


def _expressions(policy: Policy) -> dict[str, str]:
    tree = policy.desired.value
    spec = tree.get("spec") if isinstance(tree, Mapping) else None
    found = spec.get("capture") if isinstance(spec, Mapping) else None
    return {str(name): str(text) for name, text in found.items()} if isinstance(found, Mapping) else {}


def _captured(
    expressions: Mapping[str, str], resolution: Resolution, known: Mapping[str, State]
) -> dict[str, Captured]:
    made = {each.name: each.state for each in resolution.captures}
    return {name: Captured(text, {**(known.get(name) or made.get(name) or {})}) for name, text in expressions.items()}
