"""The metrics of a whole cluster, under kubernetes-nmstate's names, from what the writer knows anyhow. Pure.

Nodes tell their own ones themselves. Interfaces and routes are counted in NodeNetworkStates, of which no more is kept
than these counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from netkernel.frozen import Frozen
from nncp_agent.objects.conditions import ENACTMENT_TYPES, POLICY_TYPES, TRUE
from nncp_agent.objects.enactment import node_of

Object = Mapping[str, Any]


PREFIX: Final = "kubernetes_nmstate_"
COUNTS: Final = "counts"
"""Where `counted` keeps what it counted."""


class Gauge(Frozen):
    """One metric: its values by the values of its labels."""

    name: str
    about: str
    labels: tuple[str, ...]
    values: Mapping[tuple[str, ...], float]


def gauges(policies: Iterable[Object], enactments: Iterable[Object], states: Iterable[Object]) -> list[Gauge]:
    """All of them. `states` are NodeNetworkStates that went through `counted`."""
    enactments = list(enactments)
    interfaces: dict[tuple[str, ...], float] = {}
    routes: dict[tuple[str, ...], float] = {}
    for state in states:
        node, counts = _name(state), state.get(COUNTS) or {}
        interfaces |= {(type_, node): count for type_, count in counts.get("interfaces", {}).items()}
        routes |= {(node, *key.split()): count for key, count in counts.get("routes", {}).items()}
    return [
        _gauge("features_applied", "1 for a feature that some enactment uses.", ("name",), _features(enactments)),
        _gauge("network_interfaces", "Interfaces of a node by type.", ("type", "node"), interfaces),
        _gauge("routes", "Routes of a node by family and origin.", ("node", "ip_stack", "type"), routes),
        _gauge("policies_status", "Policies by the condition that is true.", ("status",), _policies(policies)),
        _gauge("enactments_status", "Enactments of a node by condition.", ("node", "status"), _enactments(enactments)),
    ]


def text(found: Iterable[Gauge]) -> str:
    """As Prometheus scrapes it (text format 0.0.4)."""
    return "".join(line + "\n" for gauge in found for line in _lines(gauge))


def counted(state: Object) -> dict[str, Any]:
    """A NodeNetworkState with its counts in the place of its content."""
    current: Object = (state.get("status") or {}).get("currentState") or {}
    routes: Object = current.get("routes") or {}
    static = Counter(_family(each) for each in routes.get("config") or ())
    running = Counter(_family(each) for each in routes.get("running") or ())
    by_origin = {f"{family} static": count for family, count in static.items()}
    by_origin |= {f"{family} dynamic": count - static[family] for family, count in running.items()}
    metadata: Object = state.get("metadata") or {}
    kept = {key: metadata[key] for key in ("name", "uid", "resourceVersion") if key in metadata}
    types = Counter(str(each.get("type") or "unknown") for each in current.get("interfaces") or ())
    return {
        "metadata": kept,
        COUNTS: {"interfaces": dict(types), "routes": {k: v for k, v in by_origin.items() if v > 0}},
    }


def _gauge(name: str, about: str, labels: tuple[str, ...], values: Mapping[tuple[str, ...], float]) -> Gauge:
    return Gauge(f"{PREFIX}{name}", about, labels, values)


def _features(enactments: Iterable[Object]) -> dict[tuple[str, ...], float]:
    return {(str(name),): 1.0 for each in enactments for name in (each.get("status") or {}).get("features") or ()}


def _policies(policies: Iterable[Object]) -> dict[tuple[str, ...], float]:
    """Each status has a value, so that one which falls to nothing is seen to."""
    counts = Counter((type_,) for policy in policies for type_ in _true(policy, POLICY_TYPES))
    return {(type_,): float(counts[(type_,)]) for type_ in POLICY_TYPES}


def _enactments(enactments: Iterable[Object]) -> dict[tuple[str, ...], float]:
    counts: Counter[tuple[str, str]] = Counter()
    nodes = set()
    for each in enactments:
        node = node_of(each)
        nodes.add(node)
        counts.update((node, type_) for type_ in _true(each, ENACTMENT_TYPES))
    return {(node, type_): float(counts[node, type_]) for node in sorted(nodes) for type_ in ENACTMENT_TYPES}


def _true(found: Object, types: Iterable[str]) -> Iterator[str]:
    conditions = (found.get("status") or {}).get("conditions") or ()
    yield from (each["type"] for each in conditions if each.get("status") == TRUE and each.get("type") in types)


def _family(route: Object) -> str:
    return "ipv6" if ":" in str(route.get("destination") or "") else "ipv4"


def _lines(gauge: Gauge) -> Iterator[str]:
    yield f"# HELP {gauge.name} {gauge.about}"
    yield f"# TYPE {gauge.name} gauge"
    for key, value in sorted(gauge.values.items()):
        labels = ",".join(f'{name}="{_escaped(each)}"' for name, each in zip(gauge.labels, key, strict=True))
        yield f"{gauge.name}{{{labels}}} {value:g}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _name(found: Object) -> str:
    return str((found.get("metadata") or {}).get("name") or "")
