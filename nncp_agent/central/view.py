"""What watches have brought together, with our own writes over it until the watches bring those, too.

Without that a slot just given would look free until its Lease came back to us, and be given twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Protocol

from netkernel.frozen import Frozen
from nncp_agent.central.pacing import Written
from nncp_agent.central.world import Object, World
from nncp_agent.kube.lease import Freshness, duration_of
from nncp_agent.kube.times import now as wall_clock
from nncp_agent.objects import slots
from nncp_agent.objects.enactment import NODE_LABEL, node_of, policy_of
from nncp_agent.objects.members import Member, member
from nncp_agent.objects.policy import Policy, read

Item = dict[str, Any]

LOOK_S: Final = 5.0
"""So often signs of life are looked at, though nothing else happened."""
REMEMBERED_S: Final = 30.0
"""A write that the watch has not brought by then was undone before it could."""


class Items(Protocol):
    """What there is of one resource (`kube.watch.Reflector`); values are never changed afterwards."""

    @property
    def synced(self) -> bool: ...
    def items(self) -> tuple[Item, ...]: ...


class Sources(Frozen, kw_only=True):
    """The watches. `slots` are the Leases labelled with a policy, `beats` the agent's others; `pods` are those of
    kubernetes-nmstate, whose nodes are looked after, too.
    """

    policies: Items
    enactments: Items
    nodes: Items
    slots: Items
    beats: Items
    pods: Items
    settings: Items

    def all(self) -> tuple[Items, ...]:
        return (
            self.policies, self.enactments, self.nodes, self.slots, self.beats, self.pods, self.settings,
        )  # fmt: skip


class View:
    """Used by one thread."""

    def __init__(
        self,
        sources: Sources,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], str] = wall_clock,
    ) -> None:
        self._sources = sources
        self._clock, self._wall = clock, wall
        self._slots = _Overlay(sources.slots, clock)
        self._policies = _Overlay(sources.policies, clock)
        self._settings = _Overlay(sources.settings, clock)
        self._freshness = Freshness(clock)
        self._strays: dict[str, float] = {}
        self._read: dict[str, tuple[str, Policy]] = {}
        self._written: dict[str, Written] = {}
        self._uids: dict[str, str] = {}

    def world(self) -> World | None:
        """None while some of it is not known: nothing is decided on a part."""
        sources = self._sources
        if not all(each.synced for each in sources.all()):
            return None
        nodes = {_name(node): node for node in sources.nodes.items()}
        enactments, strays = self._sorted(sources.enactments.items(), nodes)
        leases = self._slots.items()
        beats = {node: each for each in sources.beats.items() if (node := _beats_for(each))}
        self._uids = {_name(each): _uid(each) for each in (*sources.enactments.items(), *leases, *beats.values())}
        self._freshness.forget_all_but((*leases, *beats.values()))
        left_s = {node: self._freshness.left_s(lease) for node, lease in beats.items()}
        return World(
            policies=tuple(self._policy(each) for each in self._policies.items()),
            members=self._members(nodes, left_s),
            enactments=enactments,
            strays=strays,
            slots=tuple(slot for each in leases if (slot := slots.read(each)) is not None),
            silent_s={_name(each): duration_of(each) - self._freshness.left_s(each) for each in leases},
            absent=tuple(_name(beats[node]) for node, left in left_s.items() if node not in nodes and left <= 0),
            settings=tuple(self._settings.items()),
            written=self._written,
            now=self._wall(),
            now_s=self._clock(),
        )

    def wrote_slot(self, name: str, lease: Item | None) -> None:
        """The Lease as it is now; None: it is gone."""
        self._slots.wrote(name, lease)

    def wrote_policy(self, name: str, policy: Item, written: Written | None) -> None:
        """The policy as the server gave it back."""
        self._policies.wrote(name, policy)
        if written is not None:
            self._written[str((policy.get("metadata") or {}).get("uid") or "")] = written

    def wrote_settings(self, name: str, settings: Item) -> None:
        """The NMState as the server gave it back."""
        self._settings.wrote(name, settings)

    def uid_of(self, name: str) -> str:
        """Of the Lease or enactment as it was in the last world; empty when it was not."""
        return self._uids.get(name, "")

    def _policy(self, found: Object) -> Policy:
        """Read once for each version of it."""
        name, version = _name(found), _version(found)
        known = self._read.get(name)
        if known is None or known[0] != version or not version:
            known = (version, read(found)[0])
            self._read[name] = known
        return known[1]

    def _members(self, nodes: Mapping[str, Object], left_s: Mapping[str, float]) -> tuple[Member, ...]:
        pods = {(each.get("spec") or {}).get("nodeName") for each in self._sources.pods.items()}
        return tuple(
            member(
                node,
                has_agent=name in left_s or name in pods,
                is_alive=left_s[name] > 0 if name in left_s else True,
            )
            for name, node in nodes.items()
        )

    def _sorted(
        self, found: Iterable[Object], nodes: Mapping[str, Object]
    ) -> tuple[dict[str, dict[str, Object]], dict[str, float]]:
        """By policy and node, and the strays."""
        policies, now = {_name(each) for each in self._policies.items()}, self._clock()
        sorted_: dict[str, dict[str, Object]] = {}
        strays: dict[str, float] = {}
        for each in found:
            policy, node = policy_of(each), node_of(each)
            if policy in policies and node in nodes:
                sorted_.setdefault(policy, {})[node] = each
            else:
                strays[_name(each)] = self._strays.get(_name(each), now)
        self._strays = strays
        return sorted_, {name: now - since for name, since in strays.items()}


class _Overlay:
    """A watch's objects with ours in their places, each until the watch has another version than when we wrote."""

    def __init__(self, below: Items, clock: Callable[[], float]) -> None:
        self._below = below
        self._clock = clock
        self._ours: dict[str, tuple[str, Item | None, float]] = {}
        self._versions: dict[str, str] = {}  # of what the watch had when it was last looked at

    def items(self) -> list[Item]:
        found = {_name(each): each for each in self._below.items()}
        self._versions = {name: _version(each) for name, each in found.items()}
        oldest_s = self._clock() - REMEMBERED_S
        self._ours = {
            name: (before, ours, at_s)
            for name, (before, ours, at_s) in self._ours.items()
            if self._versions.get(name, "") == before and at_s > oldest_s
        }
        for name, (_, ours, _at_s) in self._ours.items():
            if ours is None:
                found.pop(name, None)
            else:
                found[name] = ours
        return [*found.values()]

    def wrote(self, name: str, ours: Item | None) -> None:
        before = self._versions.get(name, "")
        if ours is None or _version(ours) != before:
            self._ours[name] = (before, ours, self._clock())


def _beats_for(lease: Object) -> str:
    """The node of a sign of life; empty for other Leases."""
    labels: Mapping[str, str] = (lease.get("metadata") or {}).get("labels") or {}
    node = slots.heartbeat_of(lease)
    return (labels.get(NODE_LABEL) or node) if node else ""


def _name(found: Object) -> str:
    return str((found.get("metadata") or {}).get("name") or "")


def _uid(found: Object) -> str:
    return str((found.get("metadata") or {}).get("uid") or "")


def _version(found: Object | None) -> str:
    return str(((found or {}).get("metadata") or {}).get("resourceVersion") or "")
