"""Manifests as users write them, with parts of them changed."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

from netkernel.documents import Document
from vmnet import manifest
from vmnet.errors import InvalidVm
from vmnet.vm import Vm

POD: Mapping[str, Any] = {"name": "default", "pod": {}}
LAN: Mapping[str, Any] = {"name": "nic-0", "multus": {"networkName": "br1-public"}}
MASQUERADED: Mapping[str, Any] = {"name": "default", "masquerade": {}}
BRIDGED: Mapping[str, Any] = {"name": "nic-0", "bridge": {}}


def vmi(
    interfaces: Sequence[Mapping[str, Any]],
    networks: Sequence[Mapping[str, Any]] = (POD, LAN),
    devices: Mapping[str, Any] | None = None,
    **spec: Any,
) -> dict[str, Any]:
    domain = {"devices": {"interfaces": list(interfaces), **(devices or {})}, **spec.pop("domain", {})}
    return {
        "apiVersion": "kubevirt.io/v1",
        "kind": "VirtualMachineInstance",
        "metadata": {"name": "demo-vm", "namespace": "shop"},
        "spec": {"domain": domain, "networks": list(networks), **spec},
    }


def read(value: Mapping[str, Any]) -> Vm:
    """Raises InvalidVm."""
    return manifest.one([Document(copy.deepcopy(dict(value)))], "")


def problems(value: Mapping[str, Any]) -> list[str]:
    """What is wrong with it, the path of the domain's devices and of the spec left out."""
    try:
        read(value)
    except InvalidVm as invalid:
        return [str(each).replace("spec.domain.devices.", "").replace("spec.", "") for each in invalid.problems]
    return []


def nic(**fields: Any) -> dict[str, Any]:
    """A VM with one NIC on a bridge, with these fields."""
    return vmi([{**BRIDGED, **fields}], [LAN])


def masqueraded(**fields: Any) -> dict[str, Any]:
    """A VM with one NIC behind masquerade, with these fields."""
    return vmi([{**MASQUERADED, **fields}], [POD])
