"""What is about to be done to a host and how to tell that it came true: of a policy, or of the way back to earlier."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from netkernel.frozen import Frozen
from netkernel.host import Host
from netkernel.ops import Op
from nncp_agent.errors import Problem
from nncp_agent.model import NetworkState


class Change(Frozen):
    """All of it is decided before anything is touched. `asked` tells the checks which default routes are given up;
    `following` is the committed state afterwards; `differences` are a host's from what is wanted, none being success;
    `awaited` is what may take longer to come than what we do ourselves. `then` gives the rest, once a host has what it
    is about, and until then what is missing.
    """

    before: Host
    target: Host
    ops: tuple[Op, ...]
    asked: NetworkState
    following: NetworkState
    differences: Callable[[Host], Sequence[str]]
    awaited: Callable[[Host], Sequence[str]] = lambda host: ()
    warnings: tuple[Problem, ...] = ()
    irreversible: tuple[str, ...] = ()
    then: Callable[[Host], Change | tuple[str, ...]] | None = None
