"""Attach and detach: what is asked of whom, in which order, and what is remembered of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from netkernel.place import Place
from nncp_agent.attaching import NotAttached
from nncp_agent.attaching.chain import Asked, Runtime
from nncp_agent.attaching.default_route import lead_out
from nncp_agent.attaching.memory import Attached, OfPod, remember
from nncp_agent.attaching.status import status
from nncp_agent.definitions.findings import did_you_mean, listed
from nncp_agent.definitions.manifests import DEFAULT, Definition
from nncp_agent.definitions.selection import Selection
from nncp_agent.store import Store


def chosen(selection: Selection, definitions: Sequence[Definition], pods: str) -> Definition:
    """The definition that is meant. Raises NotAttached for none, and for one the pod may not use."""
    for each in definitions:
        if (each.namespace, each.name) == (selection.namespace, selection.name):
            if each.namespace not in (pods, DEFAULT):
                said = f"{each}: a pod in namespace {pods} may use definitions of its own namespace and of {DEFAULT}"
                raise NotAttached(said)
            return each
    there = [str(each) for each in definitions]
    near = did_you_mean(str(selection), there) or (f"; there are {listed(there)}" if there else "")
    raise NotAttached(f"no definition {selection}{near}")


def attach(
    store: Store,
    of_pod: OfPod,
    definition: Definition,
    selection: Selection,
    *,
    path: str,
    args: str,
    environ: Mapping[str, str],
) -> tuple[OfPod, dict[str, Any]]:
    """What is now remembered of the pod, and the status of the new interface. Raises NotAttached, StoreBroken."""
    if not isinstance(definition.config, dict) or definition.read.mistakes:
        raise NotAttached(f"{definition}: its configuration is wrong: nncp nad lint {definition.place.source}")
    with Place(of_pod.netns) as place:
        taken = place.links().keys()
    interface = selection.interface or _next(taken, len(of_pod.interfaces))
    if interface in taken:
        raise NotAttached(f"{definition}: {of_pod.netns} has an interface {interface} already")
    asked = Asked(
        definition.config,
        definition.network,
        interface,
        selection.mac,
        selection.ips,
        selection.cni_args,
        args,
        selection.offers,
    )
    runtime = Runtime(of_pod.pod, path, environ)
    before = _remembered_with(of_pod, definition, asked, {}, path)
    remember(store, before)  # whoever dies from here on can be detached
    try:
        result = runtime.add(asked)
    except NotAttached as refused:
        if not refused.leftovers:
            remember(store, of_pod)
        raise
    after = _remembered_with(of_pod, definition, asked, result, path)
    remember(store, after)
    if selection.default_route:
        _lead_out(store, after, interface, selection.default_route, environ)
    return after, status(str(definition), interface, result, selection.default_route)


def _lead_out(store: Store, of_pod: OfPod, interface: str, gateways: Sequence[str], environ: Mapping[str, str]) -> None:
    try:
        lead_out(of_pod.netns, interface, gateways)
    except NotAttached:
        detach(store, of_pod, {interface}, netns=of_pod.netns, environ=environ)
        raise


def _next(taken: Collection[str], attached: int) -> str:
    """The first free name, counted from the networks the pod has."""
    number = attached + 1
    while f"net{number}" in taken:
        number += 1
    return f"net{number}"


def _remembered_with(of_pod: OfPod, definition: Definition, asked: Asked, result: dict[str, Any], path: str) -> OfPod:
    new = Attached(
        str(definition),
        asked.interface,
        dict(asked.config),
        asked.network,
        result,
        path,
        asked.mac,
        tuple(asked.ips),
        asked.cni_args,
        asked.args,
        asked.offers,
    )
    interfaces = (*of_pod.interfaces, new)
    return OfPod(of_pod.namespace, of_pod.name, of_pod.netns, of_pod.is_ours, interfaces)


def detach(store: Store, of_pod: OfPod, which: Collection[str], *, netns: str, environ: Mapping[str, str]) -> OfPod:
    """Take back the interfaces named, the last first; the rest is remembered. Raises NotAttached, StoreBroken."""
    left: list[str] = []
    kept = list(of_pod.interfaces)
    for each in reversed(of_pod.interfaces):
        if each.interface not in which:
            continue
        refused = Runtime(of_pod.pod, each.path, environ).delete(each.asked, each.result or None)
        left += [f"{each.interface}: {line}" for line in refused]
        if not refused:
            kept.remove(each)
    after = OfPod(of_pod.namespace, of_pod.name, netns, of_pod.is_ours, tuple(kept))
    remember(store, after)
    if left:
        raise NotAttached(f"{of_pod.pod} is not detached", left)
    return after
