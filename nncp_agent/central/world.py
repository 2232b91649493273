"""What the writer knows of a cluster at a moment, and what it can do to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netkernel.frozen import Frozen
from nncp_agent.central.pacing import Written
from nncp_agent.objects.members import Member
from nncp_agent.objects.policy import Policy
from nncp_agent.objects.slots import Slot

Object = Mapping[str, Any]


class World(Frozen, kw_only=True):
    """All of it.

    `enactments` are by policy and node; `strays` have a policy or a node that is not there, by name with the seconds
    since that was seen first. `silent_s` is for how long a slot was not renewed, by the name of its Lease; `absent`
    are Leases by which nodes said they were alive that are not there any more. `written` is what we wrote of each
    policy, by uid.
    """

    policies: tuple[Policy, ...] = ()
    members: tuple[Member, ...] = ()
    enactments: Mapping[str, Mapping[str, Object]] = {}
    strays: Mapping[str, float] = {}
    slots: tuple[Slot, ...] = ()
    silent_s: Mapping[str, float] = {}
    absent: tuple[str, ...] = ()
    settings: tuple[Object, ...] = ()
    written: Mapping[str, Written] = {}
    now: str = ""
    now_s: float = 0.0


class Grant(Frozen):
    """A slot for a node; with `aborted` one that says it will never begin."""

    policy: str
    node: str
    generation: int
    aborted: bool = False


class TakeBack(Frozen):
    """Delete the Lease of this name: a slot, or a sign of life of a node that is gone."""

    lease: str


class Tell(Frozen):
    """The status of a policy, whole; `written` is to be remembered once it stands there."""

    policy: str
    uid: str
    status: Object
    written: Written


class TellSettings(Frozen):
    """The status of an NMState."""

    name: str
    status: Object


class Sweep(Frozen):
    """Delete the enactment of this name: its policy or its node is gone."""

    enactment: str


class Hold(Frozen):
    """The finalizers of a policy, whole: with ours nobody deletes it before its nodes have put back what they should.

    `version` is what it was decided on.
    """

    policy: str
    version: str
    finalizers: tuple[str, ...]


Write = Grant | TakeBack | Tell | TellSettings | Sweep | Hold


class Decided(Frozen):
    """`writes` in the order of writing; `due_s` is when to decide again though nothing happens, None for never."""

    writes: tuple[Write, ...]
    due_s: float | None = None
