"""Many links deleted with one message: the kernel waits once for all of them instead of once for each.

A delete costs a grace period of 10 to 30 ms, in which nobody else can change a link. A group costs one, and 0.2 ms for
each of its members. The kernel asks nobody what is in the group, so we look before and after.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Collection, Iterable, Mapping

from netkernel.codec import links as codec
from netkernel.errors import KernelRefused
from netkernel.netlink import LONGEST_BATCH
from netkernel.place import Place
from netkernel.records import Link
from netkernel.typed import Final

_HIGHEST: Final = 0x7FFFFFFF


def delete(place: Place, wanted: Collection[Link]) -> dict[str, KernelRefused]:
    """Delete links as they were seen; gives those that are still there, by name, with the kernel's reason.

    One that has become another since (its index or its alias is not what it was) is not there any more. Links on others
    die with those; so one that carries a stranger is deleted by itself, as it would be without the rest.
    Raises KernelRefused, DumpInterrupted when the links cannot be looked at.
    """
    there = _seen(place)
    left = [link for link in wanted if _is_still(link, there)]
    together = [link for link in left if not _strangers_on(link, left, there)]
    if len(together) > 1:
        there = _delete_group(place, together, there)
        left = [link for link in left if _is_still(link, there)]
    return {link.name: refused for link in left if (refused := _delete_one(place, link)) is not None}


def _delete_group(place: Place, members: list[Link], there: Mapping[int, Link]) -> dict[int, Link]:
    """As far as the kernel and what else happens let it; gives the links as they are then."""
    group = _free({_group(link) for link in there.values()})
    _move(place, members, group)
    grouped = _seen(place)
    ours = {link.index: link for link in members}
    found = [link for link in grouped.values() if _group(link) == group]
    if found and all(
        link.index in ours and _is_still(ours[link.index], grouped) and not _strangers_on(link, members, grouped)
        for link in found
    ):
        place.tell([codec.delete_group(group)])  # what is still there afterwards says whether it was refused
    there = _seen(place)
    kept = [link for link in there.values() if _group(link) == group]
    before = {link.index: _group(link) for link in members}
    for link in kept:
        _move(place, [link], before.get(link.index, 0))
    return there


def _move(place: Place, links: list[Link], group: int) -> None:
    """One that is gone needs no moving."""
    for at in range(0, len(links), LONGEST_BATCH):
        place.tell([codec.set_group(link.index, group) for link in links[at : at + LONGEST_BATCH]])


def _delete_one(place: Place, link: Link) -> KernelRefused | None:
    said = place.tell([codec.delete(link.index)]).get(0)
    if said is None or said.errno == errno.ENODEV:
        return None
    return KernelRefused(f"delete {link.name}", said.errno, said.reason)


def _seen(place: Place) -> dict[int, Link]:
    return {link.index: link for link in place.links().values()}


def _is_still(link: Link, there: Mapping[int, Link]) -> bool:
    found = there.get(link.index)
    return found is not None and found.alias == link.alias


def _strangers_on(link: Link, known: Iterable[Link], there: Mapping[int, Link]) -> bool:
    """Whether a link that is none of the known stands on this one, and would go with it unasked."""
    names = {each.name for each in known}
    return any(link.name in each.below and each.name not in names for each in there.values())


def _group(link: Link) -> int:
    return int(link.attrs.get("group") or 0)  # type: ignore[arg-type]  # the table says it is a number


def _free(taken: Collection[int]) -> int:
    """A group of nobody: random, because others look for a free one at the same time."""
    while (group := int.from_bytes(os.urandom(4), "big") & _HIGHEST) in taken or not group:
        pass
    return group
