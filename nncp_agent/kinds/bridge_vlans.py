"""VLAN tables of bridge ports: a policy's trunk and access ports, and the ranges the kernel holds for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from msgspec.structs import replace

from netkernel.records import VlanRange
from nncp_agent.kinds.bridge_config import NO_FILTERING, PortVlan, TrunkTag
from nncp_agent.model import of_tree
from nncp_agent.shown import bridge_vlans as shown
from nncp_agent.shown.bridge_vlans import joined

Table = tuple[VlanRange, ...]


def table(vlan: PortVlan, default: int) -> Table:
    """The kernel's table for a stated `vlan` on a bridge whose default PVID is `default` (0: none).

    The default stays where nothing else takes untagged frames: a trunk without native VLAN passes them as before.
    """
    tags = spans(vlan.trunk_tags or ())
    ranges = [VlanRange(first, last) for first, last in tags]
    native = vlan.tag if is_access(vlan) or vlan.enable_native else None
    if native:
        ranges.append(_untagged(native))
    elif not is_access(vlan) and default and not any(first <= default <= last for first, last in tags):
        ranges.append(_untagged(default))
    return tuple(sorted(ranges))


def read(entries: Sequence[VlanRange], default: int) -> PortVlan | None:
    """A port's `vlan` as `show` prints it."""
    tree = shown.read(entries, default)
    return of_tree(PortVlan, tree) if tree is not None else None


def normalise(vlan: PortVlan, default: int) -> PortVlan | None:
    """As it would be read back; None for what is no filtering at all."""
    if vlan == NO_FILTERING:
        return None
    seen = read(table(vlan, default), default)
    if seen is not None and vlan.enable_native is None:
        seen = replace(seen, enable_native=None) if not seen.enable_native else seen
    return seen


def moved(entries: Sequence[VlanRange], old: int, new: int) -> Table:
    """The table after the bridge's default PVID went from `old` to `new`: the kernel moves it where it is the PVID."""
    if not any(each.pvid and each.first == old for each in entries):
        return tuple(entries)
    left = [each for each in entries if not (each.first == each.last == old)]
    return tuple(sorted([*left, _untagged(new)] if new else left))


def is_access(vlan: PortVlan) -> bool:
    """Whether untagged frames of one VLAN pass and nothing else."""
    return vlan.mode == "access" or (vlan.mode is None and not vlan.trunk_tags and bool(vlan.tag))


def spans(tags: Iterable[TrunkTag]) -> list[tuple[int, int]]:
    """First and last VLAN of each trunk tag, joined where they touch."""
    return joined(_span(tag) for tag in tags if tag.id is not None or tag.id_range is not None)


def overlap(vlan: PortVlan) -> str | None:
    """VLANs that are said twice, if any."""
    found = sorted(_span(tag) for tag in vlan.trunk_tags or () if tag.id is not None or tag.id_range is not None)
    if vlan.tag and vlan.enable_native:
        found = sorted([*found, (vlan.tag, vlan.tag)])
    for (_, last), (first, end) in pairwise(found):
        if first <= last:
            return str(first) if first == min(last, end) else f"{first}-{min(last, end)}"
    return None


def _span(tag: TrunkTag) -> tuple[int, int]:
    if tag.id_range is not None:
        return tag.id_range.min, tag.id_range.max
    return tag.id or 0, tag.id or 0


def _untagged(tag: int) -> VlanRange:
    return VlanRange(tag, tag, pvid=True, untagged=True)
