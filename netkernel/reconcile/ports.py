"""Ports leave and join controllers, and get the options and VLANs their controllers keep for them."""

from __future__ import annotations

from netkernel.ops import AddVlans, DeleteVlans, SetPort
from netkernel.reconcile.world import Planning
from netkernel.records import Link, Value, VlanRange
from netkernel.vlan_ranges import absent, canonical, missing


def release(planning: Planning) -> None:
    """Out of bonds, and out of controllers altogether; from bridge to bridge a port goes in one step, later.

    An hsr takes its ports when it is made, and takes none that somebody has.
    """
    for have, want in planning.pairs():
        if not have.master or "master" not in want.attrs or have.master == want.master:
            continue
        old, new = planning.world.kind_of(have.master), _kind(planning, want.master)
        if not want.master or "bond" in (old, new) or new == "hsr":
            planning.set(have.name, {"master": ""})


def _kind(planning: Planning, name: str) -> str:
    link = planning.target.links.get(name)
    return link.kind if link else ""


def attach(planning: Planning) -> None:
    """Into controllers, the lowest first: a bond has its MAC before a bridge takes the bond. Then their options."""
    for have, want in planning.pairs():
        if (
            want.master
            and planning.world.links[have.name].master != want.master
            and want.master in planning.world.links
        ):
            if planning.world.kind_of(want.master) == "bond":
                planning.set(have.name, {"up": False})
            planning.set(have.name, {"master": want.master})
    for have, want in planning.pairs():
        _free_queue(planning, have.name, want)
    for have, want in planning.pairs():
        _port_options(planning, have.name, want.port)
    for name in planning.names():
        wanted = _wanted_vlans(planning, name)
        if wanted is not None and name in planning.world.links:
            _vlans(planning, name, wanted)


def _free_queue(planning: Planning, name: str, want: Link) -> None:
    """Give up a queue that another port of the bond is to have: no two may have one, not even in between."""
    queue, links = planning.world.links[name].port.get("queue_id"), planning.world.links
    if not queue or want.port.get("queue_id") == queue or want.master != links[name].master:
        return
    others = (planning.target.links.get(port) for port in planning.world.ports(want.master))
    if any(other is not None and other.port.get("queue_id") == queue for other in others):
        planning.do(SetPort(name, "bond", {"queue_id": 0}, {"queue_id": queue}))


def _port_options(planning: Planning, name: str, wanted: object) -> None:
    link = planning.world.links[name]
    controller = planning.world.kind_of(link.master)
    if controller not in ("bond", "bridge") or not isinstance(wanted, dict):
        return
    new: dict[str, Value] = {
        key: value for key, value in wanted.items() if key in link.port and link.port[key] != value
    }
    if controller == "bridge" and "cost" in wanted and link.port.get("cost") != wanted["cost"]:
        new["cost"] = wanted["cost"]  # the kernel computes one from the speed, which the model does not
    if new:
        old = {key: link.port.get(key, "") for key in new}
        planning.do(SetPort(name, controller, new, old))


def _wanted_vlans(planning: Planning, name: str) -> tuple[VlanRange, ...] | None:
    """The target's table; None for one that is to stay what it is. The kernel shows no table that is empty, nor any
    where it has no VLAN filtering at all.
    """
    target = planning.target
    shows_tables = planning.exact and name in target.links and bool(target.vlans or planning.before.vlans)
    return target.vlans.get(name, () if shows_tables else None)


def _vlans(planning: Planning, name: str, wanted: tuple[VlanRange, ...]) -> None:
    link = planning.world.links[name]
    if link.kind != "bridge" and planning.world.kind_of(link.master) != "bridge":
        return
    want = canonical(wanted)
    for extra in absent(planning.world.vlans.get(name, ()), want):
        planning.do(DeleteVlans(name, extra))
    # the PVID last: adding another VLAN's flags could not take it away again
    for part in sorted(missing(planning.world.vlans.get(name, ()), want), key=lambda part: part.pvid):
        planning.do(AddVlans(name, part))
