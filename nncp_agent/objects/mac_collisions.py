"""MAC addresses that two have at a time: VMs, pods and the links of nodes, as values.

One holder may have an address on many links: a bond and its ports, a VLAN and its base, a bridge and its first port
have the same, and a VM that migrates is in two pods. A VM behind masquerade shows its address to nobody.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from netkernel import owner
from netkernel.frozen import Frozen
from netkernel.host import Host
from netkernel.macs import is_an_interfaces, spelled
from netkernel.records import Link
from nncp_agent.foreign import is_foreign

STATUS: Final = "k8s.v1.cni.cncf.io/network-status"
"""The annotation in which Multus says what a pod was attached to."""
LAUNCHER: Final = ("kubevirt.io", "virt-launcher")
"""The label of the pods that VMs run in."""
MACHINE: Final = "VirtualMachineInstance"
REASON: Final = "MACCollision"
"""Of the events, as kubemacpool's."""
_OVER: Final = ("Succeeded", "Failed")
_HIDDEN: Final = ("masquerade", "slirp", "passt")
"""How KubeVirt binds an interface whose address stays in the pod."""

Object = Mapping[str, Any]


class Holder(Frozen):
    """Who has an address: an object of the API by its kind; `uid` is for events, and empty where nobody knows it."""

    kind: str
    namespace: str
    name: str
    uid: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


class Use(Frozen):
    """One interface with one address, spelled as the kernel does."""

    mac: str
    holder: Holder
    interface: str


class Collision(Frozen):
    """An address and the interfaces that have it, of more than one holder or twice in one VM."""

    mac: str
    uses: tuple[Use, ...]

    @property
    def holders(self) -> tuple[Holder, ...]:
        return tuple(dict.fromkeys(use.holder for use in self.uses))

    def told_to(self, holder: Holder) -> str:
        """What an event for one of them says."""
        others = [f"{use.holder} ({use.interface})" for use in self.uses if use.holder != holder]
        own = ", ".join(use.interface for use in self.uses if use.holder == holder)
        return f"{own}: {self.mac} is also the MAC of {', '.join(others) or 'another of its interfaces'}"


def collisions(uses: Iterable[Use]) -> list[Collision]:
    """All there are, in the order of the addresses."""
    found: dict[str, list[Use]] = {}
    for use in sorted(set(uses), key=lambda use: (use.mac, str(use.holder), use.interface)):
        found.setdefault(use.mac, []).append(use)
    return [Collision(mac, tuple(of_mac)) for mac, of_mac in found.items() if _collide(of_mac)]


def of_machine(instance: Object) -> Iterator[Use]:
    """A VirtualMachineInstance's: what its interfaces have, or shall have before they do."""
    if (instance.get("status") or {}).get("phase") in _OVER:
        return
    holder = _holder(MACHINE, instance)
    devices: Object = ((instance.get("spec") or {}).get("domain") or {}).get("devices") or {}
    asked = {str(each.get("name")): each for each in devices.get("interfaces") or ()}
    known = {str(each.get("name")): each for each in (instance.get("status") or {}).get("interfaces") or ()}
    for name in sorted(asked.keys() | known.keys()):
        if any(binding in asked.get(name, {}) for binding in _HIDDEN):
            continue
        mac = known.get(name, {}).get("mac") or asked.get(name, {}).get("macAddress")
        yield from _use(mac, holder, name)


def of_pod(pod: Object) -> Iterator[Use]:
    """A pod's, as Multus wrote it down; what a VM's pod has is the VM's."""
    metadata: Object = pod.get("metadata") or {}
    key, value = LAUNCHER
    if (pod.get("status") or {}).get("phase") in _OVER or (metadata.get("labels") or {}).get(key) == value:
        return
    try:
        attached = json.loads((metadata.get("annotations") or {}).get(STATUS) or "[]")
    except (ValueError, TypeError):
        return
    for each in attached if isinstance(attached, list) else ():
        if isinstance(each, dict):
            yield from _use(each.get("mac"), _holder("Pod", pod), str(each.get("interface") or ""))


def of_host(host: Host, node: str, uid: str = "") -> Iterator[Use]:
    """Those of a node's own links; pods' and VMs' ends on it are theirs."""
    holder = Holder("Node", "", node, uid)
    for name, link in host.links.items():
        if not _is_anothers(link):
            yield from _use(link.address, holder, name)


def _is_anothers(link: Link) -> bool:
    return owner.read(link.alias) is not None or (is_foreign(link) and link.kind != "veth")


def _collide(uses: list[Use]) -> bool:
    holders = {use.holder for use in uses}
    return len(holders) > 1 or (len(uses) > 1 and uses[0].holder.kind == MACHINE)


def _use(mac: object, holder: Holder, interface: str) -> Iterator[Use]:
    found = spelled(mac) if isinstance(mac, str) else ""
    if found and is_an_interfaces(found):
        yield Use(found, holder, interface)


def _holder(kind: str, found: Object) -> Holder:
    metadata: Object = found.get("metadata") or {}
    namespace, name, uid = (str(metadata.get(key) or "") for key in ("namespace", "name", "uid"))
    return Holder(kind, namespace, name, uid)
