"""The closed vocabulary of reversible changes to a host's network.

Every op is a frozen value that knows its inverse and prints as one line; that line is the log, `nncp plan` and the
golden test files. Executing is `netkernel.kernel`'s business, modelling the effect `netkernel.simulation`'s.
"""

from __future__ import annotations

from collections.abc import Sequence

from netkernel.ops.base import word
from netkernel.ops.ip import (
    NO_PREFIX_ROUTE,
    RULE_ACTIONS,
    TO_TABLE,
    AddAddress,
    AddEndpoint,
    AddNeighbour,
    AddNexthop,
    AddRoute,
    AddRule,
    DeleteAddress,
    DeleteEndpoint,
    DeleteNeighbour,
    DeleteNexthop,
    DeleteRoute,
    DeleteRule,
    SetAddress,
    is_set_in_place,
)
from netkernel.ops.links import (
    AddVlans,
    CreateLink,
    DeleteLink,
    DeleteVlans,
    MoveLink,
    RenameLink,
    SetHardware,
    SetLink,
    SetPort,
)
from netkernel.ops.services import AddClient, DeleteClient, SetLinkDns, SetManager, WriteFile, WriteSysctl

__all__ = [
    "NO_PREFIX_ROUTE",
    "RULE_ACTIONS",
    "TO_TABLE",
    "AddAddress",
    "AddClient",
    "AddEndpoint",
    "AddNeighbour",
    "AddNexthop",
    "AddRoute",
    "AddRule",
    "AddVlans",
    "CreateLink",
    "DeleteAddress",
    "DeleteClient",
    "DeleteEndpoint",
    "DeleteLink",
    "DeleteNeighbour",
    "DeleteNexthop",
    "DeleteRoute",
    "DeleteRule",
    "DeleteVlans",
    "MoveLink",
    "Op",
    "Plan",
    "RenameLink",
    "SetAddress",
    "SetHardware",
    "SetLink",
    "SetLinkDns",
    "SetManager",
    "SetPort",
    "WriteFile",
    "WriteSysctl",
    "inverse",
    "is_set_in_place",
    "word",
]

Op = (
    CreateLink | DeleteLink | SetLink | SetPort | SetHardware
    | AddAddress | DeleteAddress | SetAddress | AddRoute | DeleteRoute | AddRule | DeleteRule
    | AddNeighbour | DeleteNeighbour | AddNexthop | DeleteNexthop
    | AddVlans | DeleteVlans | WriteSysctl | WriteFile | SetLinkDns | SetManager | MoveLink | RenameLink
    | AddClient | DeleteClient | AddEndpoint | DeleteEndpoint
)  # fmt: skip
Plan = Sequence[Op]


def inverse(plan: Plan) -> tuple[Op, ...]:
    """The plan that takes `plan` back."""
    return tuple(op.inverse() for op in reversed(plan))
