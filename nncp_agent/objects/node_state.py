"""NodeNetworkState, what the network of a node is, in kubernetes-nmstate's form.

Its status has `currentState` as `show` has it, without what changes by itself (lifetimes, timers) and without the
host's ends of pods' veths: those come and go with pods, and are nobody's configuration. It says when the state was
last another one (`lastSuccessfulUpdateTime`) and whether looking works (conditions); what would say the same as what
stands there is not written.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final

from netkernel.digests import sha256
from netkernel.frozen import Frozen
from nncp_agent.objects import conditions
from nncp_agent.objects.conditions import FALSE, TRUE, condition
from nncp_agent.objects.state_size import LARGEST, fitted

KIND: Final = "NodeNetworkState"
API_VERSION: Final = "nmstate.io/v1beta1"
REFRESH_LABEL: Final = "nmstate.io/force-nns-refresh"
"""Whoever changes its value wants the state looked at again; kubernetes-nmstate writes nanoseconds there."""
TRUNCATED: Final = "Truncated"
"""The type of our own condition, which is there only where something was left out."""
_LIFETIMES: Final = ("valid-life-time", "preferred-life-time")
_TIMERS: Final = ("gc-timer", "hello-timer")

Object = Mapping[str, Any]
Tree = dict[str, Any]


class Wanted(Frozen):
    """Which interfaces are published: all but those whose name fits one of the globs `exclude`, and pods' veths.

    One that fits one of `include` is published in any case.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def takes(self, name: str, is_pods: bool) -> bool:
        if any(fnmatchcase(name, glob) for glob in self.include):
            return True
        return not is_pods and not any(fnmatchcase(name, glob) for glob in self.exclude)


EVERYTHING: Final = Wanted()


class About(Frozen, kw_only=True):
    """Whose state it is. `uid` is that of the Node, empty without a cluster; `version` is the agent's."""

    node: str
    uid: str = ""
    version: str = ""
    labels: Mapping[str, str] = {}


def current_state(shown: Tree, wanted: Wanted = EVERYTHING, pods: Iterable[str] = ()) -> Tree:
    """What is published of a state that `show` prints; `pods` are the names of interfaces that belong to pods.

    Routes and ports of what is left out are left out with it.
    """
    of_pods = frozenset(pods)
    found: list[Tree] = shown.get("interfaces") or []
    left_out = {each["name"] for each in found if not wanted.takes(each["name"], each["name"] in of_pods)}
    interfaces = [_lasting(each, left_out) for each in found if each["name"] not in left_out]
    state = {**shown, "interfaces": interfaces}
    if "routes" in shown:
        state["routes"] = {
            part: [each for each in entries if each.get("next-hop-interface") not in left_out]
            for part, entries in shown["routes"].items()
        }
    return state


def node_state(about: About, state: Tree, now: str, old: Object | None = None, most: int = LARGEST) -> Tree:
    """The object for a state that was just looked at. `now` is in the form of RFC 3339; `old` is what stands there."""
    state, cut = fitted(state, most)
    rows = [("Available", TRUE, "Observed", ""), ("Failing", FALSE, "Observed", "")]
    if cut:
        rows.append((TRUNCATED, TRUE, "TooLarge", f"left out to stay below {most} bytes: {', '.join(cut)}"))
    made = _object(about, {"currentState": state, "lastSuccessfulUpdateTime": now}, rows, now, old)
    if old is not None and _is_state_of(old, state):
        made["status"]["lastSuccessfulUpdateTime"] = _status(old).get("lastSuccessfulUpdateTime") or now
    return made


def failing(about: About, message: str, now: str, old: Object | None = None) -> Tree:
    """The object when looking did not work: what was seen last stays, and is marked as old."""
    kept = {
        key: each for key, each in _status(old or {}).items() if key in ("currentState", "lastSuccessfulUpdateTime")
    }
    rows = [("Available", FALSE, "FailedToObserve", ""), ("Failing", TRUE, "FailedToObserve", message)]
    return _object(about, kept, rows, now, old)


def says_the_same(one: Object, other: Object) -> bool:
    """Whether two differ at most in times, and in labels that are not ours."""
    return _plain(one) == _plain(other) and _is_state_of(one, _state_of(other))


def remembered(found: Tree) -> Tree:
    """As much of an object as is needed to compare it with the next one: of a large state its digest."""
    status = {key: _digest(each) if key == "currentState" else each for key, each in _status(found).items()}
    return {**found, "status": status}


def refresh_of(found: Object) -> str:
    """The value of the label that asks for a new look; empty where nobody asked."""
    return str((_metadata(found).get("labels") or {}).get(REFRESH_LABEL) or "")


def conditions_of(found: Object) -> Sequence[Object]:
    return _status(found).get("conditions") or ()


def _object(about: About, said: Tree, rows: Sequence[tuple[str, str, str, str]], now: str, old: Object | None) -> Tree:
    metadata: Tree = {"name": about.node, "labels": dict(about.labels)}
    if old is not None and (asked := refresh_of(old)):
        metadata["labels"][REFRESH_LABEL] = asked
    if about.uid:
        metadata["ownerReferences"] = [{"apiVersion": "v1", "kind": "Node", "name": about.node, "uid": about.uid}]
    before = conditions_of(old or {})
    status = {
        **said,
        "handlerNmstateVersion": about.version,
        "conditions": [condition(*row, now, before) for row in rows],
    }
    return {"apiVersion": API_VERSION, "kind": KIND, "metadata": metadata, "status": status}


def _lasting(interface: Tree, left_out: set[str]) -> Tree:
    """An interface without what changes by itself."""
    found = dict(interface)
    for family in ("ipv4", "ipv6"):
        if addresses := (found.get(family) or {}).get("address"):
            found[family] = {**found[family], "address": [_without_lifetime(each) for each in addresses]}
    for section in ("bridge", "link-aggregation"):
        if section in found:
            found[section] = _without_ports(found[section], left_out)
    return found


def _without_lifetime(address: Tree) -> Tree:
    if not any(key in address for key in _LIFETIMES):
        return address
    kept = {key: each for key, each in address.items() if key not in _LIFETIMES}
    return {**kept, "dynamic": True} if "valid-life-time" in address else kept


def _without_ports(section: Tree, left_out: set[str]) -> Tree:
    """A bridge's or bond's section; its timers run."""
    found = dict(section)
    if options := found.get("options"):
        found["options"] = {key: each for key, each in options.items() if key not in _TIMERS}
    if left_out and (ports := found.get("port")):
        found["port"] = [each for each in ports if _name(each) not in left_out]
    return found


def _name(port: Any) -> Any:
    return port.get("name") if isinstance(port, dict) else port


def _plain(found: Object) -> tuple[Any, ...]:
    metadata, status = _metadata(found), _status(found)
    labels = {key: each for key, each in (metadata.get("labels") or {}).items() if key.startswith("app.kubernetes.io/")}
    owners = [each.get("uid") for each in metadata.get("ownerReferences") or ()]
    said = conditions.without_times(conditions_of(found))
    return metadata.get("name"), labels, owners, status.get("handlerNmstateVersion"), said


def _state_of(found: Object) -> Any:
    return _status(found).get("currentState")


def _is_state_of(found: Object, state: Any) -> bool:
    """Whether it says this state; either may be a digest."""
    own = _state_of(found)
    if isinstance(own, str) != isinstance(state, str):
        return _digest(own) == _digest(state)
    return bool(own == state)


def _digest(state: Any) -> str:
    if isinstance(state, str):
        return state
    return sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()


def _metadata(found: Object) -> Object:
    return found.get("metadata") or {}


def _status(found: Object) -> Object:
    return found.get("status") or {}
