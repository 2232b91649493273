"""What links of one base share: the mode and the flags of its ipvlans (drivers/net/ipvlan keeps them once a base)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.records import Link

SHARED: Final = ("mode", "flags")


def share(links: dict[str, Link], wanted: Iterable[str], before: Host) -> None:
    """Give the ipvlans of one base what the policy says of one of them, in `links`."""
    for name in wanted:
        link = links.get(name)
        if link is None or link.kind != "ipvlan" or link is before.links.get(name):
            continue
        said = {key: link.attrs[key] for key in SHARED if key in link.attrs}
        for other in before.above(link.link):
            sibling = links.get(other)
            if sibling is not None and sibling.kind == "ipvlan" and sibling.link == link.link:
                links[other] = replace(sibling, attrs={**sibling.attrs, **said})
