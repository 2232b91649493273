"""`vlan` of a bridge port: trunk or access, as nmstate tells it from the kernel's table of ranges."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from netkernel.records import VlanRange
from nncp_agent.shown.base import Tree


def read(entries: Sequence[VlanRange], default: int) -> Tree | None:
    """A port's `vlan` as `show` prints it: without the default, an only untagged PVID is an access port."""
    left = [each for each in entries if not _is_default(each, default)]
    if not left:
        return None
    if len(left) == 1 and left[0].pvid and left[0].untagged:
        return {"mode": "access", "tag": left[0].first, "trunk-tags": []}
    native = next((each.first for each in left if each.pvid and each.untagged), None)
    tags = joined((each.first, each.last) for each in left if not (each.pvid and each.untagged))
    vlan: Tree = {"enable-native": native is not None, "mode": "trunk"}
    if native is not None:
        vlan["tag"] = native
    vlan["trunk-tags"] = [
        {"id": first} if first == last else {"id-range": {"min": first, "max": last}} for first, last in tags
    ]
    return vlan


def joined(found: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ranges in order, made one where they touch."""
    joined: list[tuple[int, int]] = []
    for first, last in sorted(found):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = joined[-1][0], max(last, joined[-1][1])
        else:
            joined.append((first, last))
    return joined


def _is_default(entry: VlanRange, default: int) -> bool:
    """The entry the kernel makes by itself, or what is left of it after another became the PVID."""
    return entry.first == entry.last == default and entry.untagged
