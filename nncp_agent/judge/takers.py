"""Links whose frames go to one taker: a bond, bridge or hsr whose port they are, their MACVLANs, IPVLANs or MACsecs.

The kernel has one receive handler a device (netdev_rx_handler_register) and answers EBUSY to the second who wants it.
VLANs, VXLANs and VRFs want none.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from netkernel.host import Host
from nncp_agent.errors import Problem
from nncp_agent.resolve import Resolved, kind_of

GROUPS: Final = {"mac-vlan": "mac-vlan", "mac-vtap": "mac-vlan", "ipvlan": "ipvlan", "macsec": "macsec"}
"""Types that take their base's frames; those of one group share them."""


def problems(resolved: Resolved, before: Host) -> Iterator[Problem]:
    """Each interface of the policy that wants a link's frames which somebody else has or wants."""
    for base, names in _bases(resolved, before).items():
        takers = {name: GROUPS[resolved.merged[name].type or ""] for name in names}
        controller = _controller(base, resolved, before)
        for name, group in takers.items():
            other = controller or next((each for each in takers if takers[each] != group), "")
            if other and (name in resolved.wanted or base in resolved.wanted or other in resolved.wanted):
                what = f"is a port of {other}" if other == controller else f"carries {other}"
                message = f"{base} {what}, and only one of the two can have its frames"
                yield Problem(f"{name}: {kind_of(resolved.merged[name], None).subtree}.base-iface", message)


def _bases(resolved: Resolved, before: Host) -> dict[str, list[str]]:
    """What takes frames of each link that the policy may have changed anything about, once it holds."""
    found: dict[str, list[str]] = {}
    for name in _takers(resolved, before):
        iface = resolved.merged[name]
        for base in kind_of(iface, None).below(iface):
            found.setdefault(base, []).append(name)
    return found


def _takers(resolved: Resolved, before: Host) -> list[str]:
    """Those the policy speaks of, those beside them, and those on links it speaks of or moves."""
    mine = {name for name in resolved.wanted if resolved.merged[name].type in GROUPS}
    bases = {base for name in mine for base in kind_of(resolved.merged[name], None).below(resolved.merged[name])}
    there = {above for base in (*bases, *resolved.wanted, *resolved.masters) for above in before.above(base)}
    return sorted(mine | {name for name in there if name in resolved.merged and resolved.merged[name].type in GROUPS})


def _controller(name: str, resolved: Resolved, before: Host) -> str:
    """The controller that has the link's frames once the policy holds, or ""."""
    if name not in resolved.merged:
        return ""
    controller = resolved.merged[name].controller or ""
    if controller not in resolved.merged:
        return ""
    return "" if kind_of(resolved.merged[controller], before.links.get(controller)).ports_hold_ip else controller
