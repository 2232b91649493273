"""Kubernetes manifests around a network state: policies and lists of them; anything else is refused by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from netkernel.frozen import Frozen
from nncp_agent.wire.refused import CAPTURES, asks_nothing
from nncp_agent.wire.report import Path, Report, meant, shown
from nncp_agent.wire.spec import read as read_spec

KIND: Final = "NodeNetworkConfigurationPolicy"
VERSIONS: Final = ("nmstate.io/v1", "nmstate.io/v1beta1", "nmstate.io/v1alpha1")
LISTS: Final = ("List", f"{KIND}List")
DEEPEST_LIST: Final = 4
INSTEAD: Final[Mapping[str, str]] = {
    "NetworkAttachmentDefinition": "it attaches pods to a network that a policy makes",
    "VirtualMachine": "a VM uses the networks that policies make",
    "VirtualMachineInstance": "a VM uses the networks that policies make",
    "Pod": "a pod uses the networks that policies make",
    "NodeNetworkState": "it says what a node has; take the part below status.currentState",
    "NodeNetworkConfigurationEnactment": "it says what a node did; take the part below status.desiredState",
    "NMState": "it installs kubernetes-nmstate",
}
_KEYS: Final = frozenset({"apiVersion", "kind", "metadata", "spec", "status"})


class PolicyHead(Frozen):
    """What a policy says besides the state; `spec` has a value for every key of `wire.spec` but state and captures."""

    name: str
    api_version: str
    node_selector: Mapping[str, str]
    capture: Mapping[str, str]
    spec: Mapping[str, Any]


class Found(NamedTuple):
    """A network state inside a document, and the policy it comes from."""

    tree: Any
    path: Path
    policy: PolicyHead | None = None


def states(tree: Any, path: Path, report: Report, depth: int = 0) -> Iterator[Found]:
    """Every network state of a document."""
    if tree is None:
        return
    if type(tree) is not dict:
        report.problem(path, f"found {shown(tree)}, wanted a mapping with 'interfaces', or a {KIND}")
        return
    if "kind" not in tree and "apiVersion" not in tree:
        yield from _raw(tree, path, report)
        return
    kind = tree.get("kind")
    if kind in LISTS and depth < DEEPEST_LIST:
        items = tree.get("items")
        if items is not None and type(items) is not list:
            report.problem((*path, "items"), f"found {shown(items)}, wanted a list")
            return
        for position, item in enumerate(items or ()):
            yield from states(item, (*path, "items", position), report, depth + 1)
    elif kind == KIND:
        yield from _policy(tree, path, report)
    else:
        why = INSTEAD.get(kind) if isinstance(kind, str) else None
        guess = f": {why}" if why else f"; {meant(kind, [KIND])}" if isinstance(kind, str) else ""
        report.problem((*path, "kind"), f"found {shown(kind)}, wanted {KIND}{guess}")


def _raw(tree: dict[Any, Any], path: Path, report: Report) -> Iterator[Found]:
    """A state as it is, or nmpolicy's {capture, desiredState} around it."""
    inner = next((key for key in ("desiredState", "desired") if key in tree), None)
    if inner is None:
        if "spec" in tree:
            report.problem(path, f"found 'spec' without apiVersion and kind, wanted kind: {KIND}")
            return
        yield Found(tree, path)
        return
    _no_capture(tree, path, report)
    for key in tree:
        if key not in (inner, "capture"):
            report.unknown(path, key, (inner, "capture"))
    yield Found(tree[inner], (*path, inner))


def _policy(tree: dict[Any, Any], path: Path, report: Report) -> Iterator[Found]:
    head = read_head(tree, path, report)
    spec = tree.get("spec")
    if head is None or type(spec) is not dict:
        return
    if spec.get("desiredState") is None:
        report.problem((*path, "spec", "desiredState"), "missing; wanted the state the nodes should have")
        return
    _no_capture(spec, (*path, "spec"), report)
    yield Found(spec["desiredState"], (*path, "spec", "desiredState"), head)


def read_head(tree: Mapping[str, Any], path: Path, report: Report) -> PolicyHead | None:
    """What a policy says besides its state and its captures; None without a spec."""
    version = tree.get("apiVersion")
    if version not in VERSIONS:
        report.problem((*path, "apiVersion"), f"found {shown(version)}, wanted one of {', '.join(VERSIONS)}")
    for key in tree:
        if key not in _KEYS:
            report.unknown(path, key, _KEYS)
    metadata = tree.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    if not isinstance(name, str) or not name:
        report.problem((*path, "metadata", "name"), f"found {shown(name)}, wanted the policy's name")
    spec = tree.get("spec")
    if type(spec) is not dict:
        report.problem((*path, "spec"), f"found {shown(spec)}, wanted a mapping with desiredState")
        return None
    values = read_spec(spec, (*path, "spec"), report)
    return PolicyHead(
        name=str(name), api_version=str(version), node_selector=values["nodeSelector"], capture={}, spec=values
    )


def _no_capture(tree: dict[Any, Any], path: Path, report: Report) -> None:
    if not asks_nothing(tree.get("capture")):
        report.problem((*path, "capture"), CAPTURES)
