"""Links by MAC address: what an interface with `identifier: mac-address` may be (nmstate.md 2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from netkernel.records import Link
from netkernel.typed import Final
from nncp_agent.shown import types

SAME_TO_NMSTATE: Final = frozenset({"ethernet", "veth"})
"""Either may be called the other (nmstate.md 3): a container's eth0 is a veth, and its policies say ethernet."""


def by_mac(links: Iterable[Link]) -> dict[str, list[Link]]:
    """The links by every MAC they have or came with, lower case."""
    macs: dict[str, list[Link]] = {}
    for link in links:
        for mac in {link.address, link.perm_address, link.own_address} - {""}:
            macs.setdefault(mac, []).append(link)
    return macs


def owners(links: Mapping[str, Sequence[Link]], mac: str, name: str, type: str | None) -> Sequence[Link]:
    """Who may be meant by `mac`: permanent addresses count before current ones, and the name tells between equals."""
    found = [link for link in links.get(mac, ()) if type is None or is_of_type(link, type)]
    found = [link for link in found if mac in (link.perm_address, link.own_address)] or found
    return [link for link in found if link.name == name] or found


def is_of_type(link: Link, type: str) -> bool:
    """Whether a policy may call this link so."""
    actual = types.of(link)[0]
    return type == actual or {type, actual} == SAME_TO_NMSTATE
