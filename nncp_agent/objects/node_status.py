"""What the agent says of a node in the Node object: its bridges as resources, and how well its network is.

A bridge is `bridge.network.kubevirt.io/<name>`, 1000 of it: so pods that want it are scheduled where it is. That is
what bridge-marker does, and while it runs on the node nothing is said of bridges. A resource says that the bridge
exists; how it is says the condition NetworkUnhealthy.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from netkernel.frozen import Frozen
from netkernel.host import Host
from netkernel.records import Link
from nncp_agent.objects.conditions import FALSE, TRUE, Condition, condition, without_times

PREFIX: Final = "bridge.network.kubevirt.io/"
COUNT: Final = "1000"
MARKER_LABEL: Final = ("app", "bridge-marker")
"""By which a pod of bridge-marker is known (its manifests, and those of the cluster network addons operator)."""
_PARTS: Final = ("capacity", "allocatable")
"""bridge-marker writes the first, and kubelet copies it some seconds later; the scheduler looks at the second."""
UNHEALTHY: Final = "NetworkUnhealthy"
"""As the other problems of a Node (MemoryPressure, NetworkUnavailable) it is False where all is well."""
_NAME: Final = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
_LONGEST: Final = 63

Object = Mapping[str, Any]
Patch = list[dict[str, Any]]


class NodeStatus(Frozen):
    """`bridges`: names of all there are, None where somebody else tells; `problems`: what is not well, in words."""

    bridges: frozenset[str] | None
    problems: tuple[str, ...] = ()


def status(host: Host, tells_bridges: bool = True) -> NodeStatus:
    """What is to be said of this host."""
    return NodeStatus(frozenset(bridges(host)) if tells_bridges else None, tuple(problems(host)))


def bridges(host: Host) -> list[str]:
    """Every bridge of the kernel, whoever made it."""
    return sorted([name for name, link in host.links.items() if link.kind == "bridge"])


def unnameable(names: Iterable[str]) -> list[str]:
    """Those of them that cannot be the name of a resource; the kernel takes any bytes but `/`, `:` and blanks."""
    return sorted([name for name in names if not _is_nameable(name)])


def marker_runs(pods: Iterable[Object]) -> bool:
    """Whether one of these pods of the node is a bridge-marker that is not over."""
    key, value = MARKER_LABEL
    return any(
        ((pod.get("metadata") or {}).get("labels") or {}).get(key) == value
        and (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed")
        for pod in pods
    )


def patch(node: Object, wanted: NodeStatus, now: str, marker_runs: bool = False) -> Patch:
    """The JSON patch (RFC 6902) of the subresource `status` that makes `node` say it; empty where it does.

    It holds for this very `node`: an API server refuses it, with 422 or 409, when somebody was faster.
    """
    of_node: Object = node.get("status") or {}
    made: Patch = []
    if wanted.bridges is not None and not marker_runs:
        made += _resources(of_node, wanted.bridges)
    made += _condition(of_node, wanted.problems, now)
    if not made:
        return []
    version = (node.get("metadata") or {}).get("resourceVersion")
    guard = [{"op": "test", "path": "/metadata/resourceVersion", "value": version}] if version else []
    missing = [] if node.get("status") else [{"op": "add", "path": "/status", "value": {}}]
    return [*guard, *missing, *made]


def problems(host: Host) -> list[str]:
    """Bonds, and bridges with an uplink, that are up and have no carrier; one line each.

    A bridge without ports, or with those of pods and VMs only, has none to lose.
    """
    return [
        f"{name}: no carrier" for name, link in sorted(host.links.items()) if _is_watched(link, host) and _is_cut(link)
    ]


def _resources(of_node: Object, wanted: frozenset[str]) -> Patch:
    wants = {PREFIX + name for name in wanted if _is_nameable(name)}
    made: Patch = []
    for part in _PARTS:
        has: Object = of_node.get(part) or {}
        if not has and wants:
            made.append({"op": "add", "path": f"/status/{part}", "value": {}})
        for key in sorted(wants):
            if str(has.get(key)) not in (COUNT, "1k"):
                made.append({"op": "add", "path": _path(part, key), "value": COUNT})
        gone = sorted(key for key in has if key.startswith(PREFIX) and key not in wants)
        made += [{"op": "remove", "path": _path(part, key)} for key in gone]
    return made


def _condition(of_node: Object, problems: tuple[str, ...], now: str) -> Patch:
    found: list[Condition] = of_node.get("conditions") or []
    status, reason = (TRUE, "NoCarrier") if problems else (FALSE, "AllWell")
    made = condition(UNHEALTHY, status, reason, "; ".join(problems), now, found)
    place = next((number for number, each in enumerate(found) if each.get("type") == UNHEALTHY), None)
    if place is None:
        if not problems:
            return []
        start: Patch = [] if found else [{"op": "add", "path": "/status/conditions", "value": []}]
        return [*start, {"op": "add", "path": "/status/conditions/-", "value": made}]
    if without_times([found[place]]) == without_times([made]):
        return []
    return [{"op": "replace", "path": f"/status/conditions/{place}", "value": made}]


def _path(part: str, key: str) -> str:
    """A JSON pointer (RFC 6901)."""
    return f"/status/{part}/{key.replace('~', '~0').replace('/', '~1')}"


def _is_nameable(name: str) -> bool:
    return len(name) <= _LONGEST and _NAME.fullmatch(name) is not None


def _is_watched(link: Link, host: Host) -> bool:
    if link.kind == "bond":
        return True
    return link.kind == "bridge" and any(port.master == link.name and _is_uplink(port) for port in host.links.values())


def _is_uplink(port: Link) -> bool:
    """A NIC, a bond, or a VLAN of one."""
    return port.kind in ("", "bond", "vlan")


def _is_cut(link: Link) -> bool:
    return bool(link.attrs.get("up")) and not link.carrier
