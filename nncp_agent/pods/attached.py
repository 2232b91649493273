"""The attachments of this node, from the links that are there: what a runtime remembers only gives them names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from cni.bridge import spoof
from netkernel import pod_stamp as stamp
from netkernel.frozen import Frozen
from netkernel.nftables import BRIDGE, Nftables
from netkernel.place import OtherEnd, Place
from netkernel.pod_stamp import Attachment as Stamp
from netkernel.records import Link, VlanRange
from nncp_agent.pods.runtimes import Call


class Attachment(Frozen):
    """One interface of a pod. `pod` is namespace/name, or the sandbox's id where nobody knows that.

    `vlan` is the untagged one, 0 for none; `trunk` are the tagged ones. `dropped` counts frames with another source
    address than the pod's own, None where that is not checked or not counted.
    """

    pod: str
    network: str
    interface: str
    mac: str
    addresses: tuple[str, ...]
    bridge: str
    vlan: int
    trunk: tuple[str, ...]
    port: str
    dropped: int | None
    container: str

    @property
    def plain(self) -> dict[str, Any]:
        """For JSON and YAML: what is not there is left out."""
        names = ("pod", "network", "interface", "mac", "addresses", "bridge", "vlan", "trunk", "port", "container")
        values = {name: getattr(self, name) for name in names}
        stated = {key: list(each) if isinstance(each, tuple) else each for key, each in values.items() if each}
        return stated if self.dropped is None else {**stated, "dropped": self.dropped}


def attached(place: Place, door: Nftables, calls: Iterable[Call], names: Mapping[str, str]) -> list[Attachment]:
    """Those there are now, by pod and interface. `names` are pods by the ids of their sandboxes.

    Raises KernelRefused, DumpInterrupted.
    """
    known = list(calls)
    names = {**{stamp.short(each.container): each.pod for each in known if each.pod}, **names}
    counted = _Counts(door)
    links = place.links()
    found = []
    for link in links.values():
        made = _made(link, known)
        if made is None or (end := place.other_end(link)) is None:
            continue
        controller = links.get(link.master)
        filters = controller is not None and bool(controller.attrs.get("vlan_filtering"))
        vlans = place.vlans(link.name) if filters else ()
        found.append(_attachment(link, made, end, vlans, names, counted(made.container, made.ifname)))
    return sorted(found, key=lambda each: (each.pod, each.interface))


def _made(link: Link, calls: Iterable[Call]) -> Stamp | None:
    """What its stamp says; for a port of somebody else's plugin what the runtime remembers of it."""
    if link.kind != "veth" or link.netnsid is None:
        return None
    if (mine := stamp.read(link.alias)) is not None:
        return mine
    for each in calls:
        if link.name in each.ports:
            return Stamp(stamp.short(each.container), each.ifname, each.network, each.bridge or link.master)
    return None


def _attachment(
    link: Link, made: Stamp, end: OtherEnd, vlans: Iterable[VlanRange], names: Mapping[str, str], dropped: int | None
) -> Attachment:
    untagged = next((each.first for each in vlans if each.pvid), 0)
    return Attachment(
        pod=names.get(made.container) or made.container,
        network=made.network,
        interface=end.name,
        mac=end.address,
        addresses=tuple(end.addresses),
        bridge=link.master,
        vlan=untagged,
        trunk=tuple(_ranges(vlans)),
        port=link.name,
        dropped=dropped,
        container=made.container,
    )


def _ranges(vlans: Iterable[VlanRange]) -> Iterator[str]:
    for each in vlans:
        if not each.untagged:
            yield str(each.first) if each.first == each.last else f"{each.first}-{each.last}"


class _Counts:
    """Frames dropped by the check of an attachment; the table is asked for once."""

    def __init__(self, door: Nftables) -> None:
        self._door = door
        self._is_there = door.has_table(BRIDGE, spoof.TABLE)

    def __call__(self, container: str, ifname: str) -> int | None:
        if not self._is_there:
            return None
        rules = self._door.rules(BRIDGE, spoof.TABLE, f"{spoof.chain(container, ifname)}-mac")
        return next((rule.packets for rule in rules if rule.packets is not None), None)
