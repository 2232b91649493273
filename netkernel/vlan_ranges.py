"""Arithmetic on the VLAN table of a bridge port, without counting up to 4094."""

from __future__ import annotations

from collections.abc import Iterable

from netkernel.frozen import replace
from netkernel.records import VlanRange

Ranges = tuple[VlanRange, ...]


def canonical(ranges: Iterable[VlanRange]) -> Ranges:
    """In order, with adjacent ranges of equal flags made one; the PVID stands alone, as in the kernel's dumps."""
    merged: list[VlanRange] = []
    for each in sorted(ranges):
        last = merged[-1] if merged else None
        if last and last.last + 1 == each.first and last.untagged == each.untagged and not (last.pvid or each.pvid):
            merged[-1] = replace(last, last=each.last)
        else:
            merged.append(each)
    return tuple(merged)


def without(ranges: Ranges, first: int, last: int) -> Ranges:
    """The table after VLANs `first` to `last` were deleted; absent ones are no error."""
    kept: list[VlanRange] = []
    for each in ranges:
        if each.last < first or each.first > last:
            kept.append(each)
            continue
        if each.first < first:
            kept.append(replace(each, last=first - 1))
        if each.last > last:
            kept.append(replace(each, first=last + 1))
    return canonical(kept)


def added(ranges: Ranges, new: VlanRange) -> Ranges:
    """The table after `new` was added: flags of VLANs already there change; a new PVID demotes the old one."""
    rest = without(ranges, new.first, new.last)
    if new.pvid:
        rest = tuple(replace(each, pvid=False) for each in rest)
    return canonical((*rest, new))


def missing(have: Ranges, want: Ranges) -> Ranges:
    """The parts of `want` that `have` does not hold with the same flags."""
    left = want
    for each in have:
        left = tuple(
            part for wanted in left for part in (_cut(wanted, each) if _same_flags(wanted, each) else (wanted,))
        )
    return canonical(left)


def absent(have: Ranges, want: Ranges) -> Ranges:
    """The parts of `have` whose VLANs are not in `want` at all, whatever their flags."""
    left = have
    for each in want:
        left = tuple(part for held in left for part in _cut(held, each))
    return canonical(left)


def _cut(ranges: VlanRange, hole: VlanRange) -> Ranges:
    return without((ranges,), hole.first, hole.last)


def _same_flags(one: VlanRange, other: VlanRange) -> bool:
    return one.pvid == other.pvid and one.untagged == other.untagged
