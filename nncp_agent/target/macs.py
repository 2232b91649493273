"""MAC addresses and MTUs that follow other links: bonds and their ports, bridges, VLANs.

A key left out of a link's attributes means "whatever the kernel makes of it" (drivers/net/bonding/bond_main.c,
net/bridge/br_stp_if.c, net/8021q/vlan.c; observed in kernel-facts of the project's notes).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.records import Link, Value
from nncp_agent.foreign import is_a_guests
from nncp_agent.mtus import DEFAULT_MTU, Mtus
from nncp_agent.resolve import Resolved

NO_MAC: Final = "00:00:00:00:00:00"
PINNED: Final = 3
"""NET_ADDR_SET (linux/netdevice.h): somebody wrote the address, so it floats no more."""


def follow(links: dict[str, Link], resolved: Resolved, before: Host) -> None:
    """Adjust `links` (all of them in place of their old ones) to what the kernel makes of the policy's changes."""
    ports = _ports_after(links, resolved, before)
    for name in sorted(ports, key=lambda name: (links[name].kind != "bond", len(_controllers(name, links)), name)):
        if links[name].kind == "bond":
            _bond(name, ports[name], links, resolved, before)
        else:
            _bridge(name, ports[name], links, resolved, before)
    _leavers(links, resolved, before)
    _above(links, resolved, before)


def _controllers(name: str, links: dict[str, Link]) -> list[str]:
    """What the link is a port of, directly and further up: a bond in a bond takes the MTU of the outer one first."""
    found: list[str] = []
    while (name := links[name].master if name in links else "") and name not in found:
        found.append(name)
    return found


def _ports_after(links: dict[str, Link], resolved: Resolved, before: Host) -> dict[str, list[str]]:
    """The ports in the end of each controller that the policy names, gives ports or takes ports from; sorted."""
    touched = {name for name in (*resolved.wanted, *resolved.masters.values()) if name in links}
    touched |= {before.links[port].master for port in resolved.masters if port in before.links} & links.keys()
    ports: dict[str, list[str]] = {}
    for name in touched:
        if links[name].kind in ("bond", "bridge"):
            ports[name] = [port for port in before.ports(name) if port in links and links[port].master == name]
    for port in resolved.masters:
        if port in links and links[port].master in ports and port not in ports[links[port].master]:
            ports[links[port].master].append(port)
    return {name: sorted(members) for name, members in ports.items()}


def _bond(name: str, members: list[str], links: dict[str, Link], resolved: Resolved, before: Host) -> None:
    """A bond lends its MAC and MTU to its ports; without a MAC of its own it takes its first port's.

    A new one has that from its first moment: until the port joins, the driver has drawn one, and udev would put its own
    in the place of that (MACAddressPolicy=persistent), which the bond keeps.
    """
    bond, old = links[name], before.links.get(name)
    stated = name in resolved.wanted and bool(resolved.wanted[name].mac_address or resolved.wanted[name].copy_mac_from)
    if old is None and not follows_its_port(bond) and len(mac := mac_of(name, links, before)) == len(NO_MAC):
        bond = links[name] = replace(bond, attrs={**bond.attrs, "address": mac})  # an InfiniBand port's is longer
    if old is not None and not stated and (_mac_goes(name, members, before) or follows_its_port(bond)):
        links[name] = _floating(bond, "address")
    mtu = bond.attrs.get("mtu", DEFAULT_MTU if old is None else None)
    spreads_mtu = old is None or old.attrs.get("mtu") != mtu
    for port in members:
        link = links[port]
        joins = port not in before.links or before.links[port].master != name
        asks = port in resolved.wanted and resolved.wanted[port].mtu is not None
        if mtu is not None and (joins or spreads_mtu) and not asks and link.mtu != mtu:
            link = replace(link, attrs={**link.attrs, "mtu": mtu})
        if joins or stated or follows_its_port(bond) or link.address != bond.address:
            link = link if _states_mac(port, resolved) else _floating(link, "address")
        links[port] = link


def _mac_goes(name: str, members: list[str], before: Host) -> bool:
    """Whether a bond's MAC is no longer its own: it was empty, or all its ports leave and one takes the MAC along.

    Kept, the MAC would be on the wire twice, on the bond and on the link that left.
    """
    were = before.ports(name)
    if not were or not members:
        return bool(were) != bool(members)
    if set(were) & set(members):
        return False
    bond = before.links[name].address
    return any(bond in (before.links[port].own_address, before.links[port].perm_address) for port in were)


def follows_its_port(bond: Link) -> bool:
    """Whether the driver answers OK to a MAC and ignores it (bond_set_mac_address)."""
    return bond.attrs.get("mode") == "active-backup" and bond.attrs.get("fail_over_mac", "none") != "none"


def _bridge(name: str, members: list[str], links: dict[str, Link], resolved: Resolved, before: Host) -> None:
    """A new bridge is pinned to its first uplink's MAC; one that was never pinned goes on floating."""
    bridge, old = links[name], before.links.get(name)
    iface = resolved.wanted.get(name)
    if old is None:
        if "address" not in bridge.attrs and (mac := _uplink_mac(members, links, before)):
            links[name] = replace(bridge, attrs={**bridge.attrs, "address": mac})
        return
    if not members and old.address_assigned != PINNED and _carries_something(name, links, before):
        # Without ports its MAC would become zeros, and nothing on it could come up any more.
        mac = bridge.address if bridge.address not in ("", NO_MAC) else _made_up_mac(name)
        links[name] = replace(bridge, attrs={**bridge.attrs, "address": mac}, address_assigned=PINNED)
        return
    moves = set(members) != set(before.ports(name)) or any(links[port] is not before.links[port] for port in members)
    if not moves:
        return
    if old.address_assigned != PINNED and not (iface and (iface.mac_address or iface.copy_mac_from)):
        bridge = _floating(bridge, "address")
    links[name] = bridge if iface is not None and iface.mtu is not None else _floating(bridge, "mtu")


def _carries_something(name: str, links: dict[str, Link], before: Host) -> bool:
    """Whether anything sits on a bridge that loses its last port now, or anything new on one that has lost it."""
    above = [link for link in links.values() if link.link == name]
    if before.ports(name):
        return bool(above)
    return before.links[name].address == NO_MAC and any(before.links.get(link.name) is not link for link in above)


def _made_up_mac(name: str) -> str:
    """A locally administered MAC, the same for the same name."""
    from netkernel.digests import sha256  # late: few need one

    return "02:" + ":".join(f"{byte:02x}" for byte in sha256(name.encode()).digest()[:5])


def _uplink_mac(members: Iterable[str], links: dict[str, Link], before: Host) -> str:
    """The MAC the first uplink will have: NICs and bonds before others, a pod's or VM's port never."""
    uplinks = [name for name in members if not is_a_guests(links[name])]
    uplinks.sort(key=lambda name: (links[name].kind not in ("", "bond"), name))
    return mac_of(uplinks[0], links, before) if uplinks else ""


def mac_of(name: str, links: dict[str, Link], before: Host, seen: frozenset[str] = frozenset()) -> str:
    """The MAC a link is going to have, as far as can be told: "" if the kernel will draw one."""
    link, old = links[name], before.links.get(name)
    if name in seen:
        return ""
    if old is None or (link.kind == "bond" and "address" not in link.attrs):
        if stated := link.address:
            return stated
        below = sorted(port for port, each in links.items() if each.master == name) if link.kind == "bond" else []
        below = below or ([link.link] if link.link in links else [])
        return mac_of(below[0], links, before, seen | {name}) if below else ""
    was = before.links.get(old.master)
    if was is not None and was.kind == "bond" and link.master != old.master:
        return old.own_address or old.perm_address  # it gets its own MAC back when the bond lets it go
    return link.address or old.address


def _leavers(links: dict[str, Link], resolved: Resolved, before: Host) -> None:
    """What leaves a bond gets back the MAC and MTU it came with; nobody else knows them."""
    for name in resolved.masters:
        old = before.links.get(name)
        was = before.links.get(old.master) if old is not None else None
        if old is None or was is None or was.kind != "bond" or name not in links or links[name].master == old.master:
            continue
        keys = [] if _states_mac(name, resolved) else ["address"]
        keys += [] if name in resolved.wanted and resolved.wanted[name].mtu is not None else ["mtu"]
        joined = links.get(links[name].master)
        keys = [key for key in keys if key == "address" or joined is None or joined.kind != "bond"]
        links[name] = _floating(links[name], *keys)


def _above(links: dict[str, Link], resolved: Resolved, before: Host) -> None:
    """What sits on a link and has its MAC gets its new one with it."""
    queue = [name for name in links if name in before.links and links[name] is not before.links[name]]
    queue = [name for name in queue if links[name].address != before.links[name].address]
    moved = [
        name
        for name in resolved.wanted
        if name in before.links and links[name].link and links[name].link != before.links[name].link
    ]
    mtus = Mtus(resolved, before)
    for name in moved:
        if not _states_mac(name, resolved):
            links[name] = _floating(links[name], "address")
            queue.append(name)
        if mtus.of(name) < links[name].mtu:  # its new base is smaller, and nobody asked for more
            links[name] = _floating(links[name], "mtu")
    while queue:
        below = queue.pop()
        for name in before.above(below):
            link = links.get(name)
            if link is None or _states_mac(name, resolved) or "address" not in link.attrs:
                continue
            if link.address == before.links[below].address and link.kind == "vlan":
                links[name] = _floating(link, "address")
                queue.append(name)


def _states_mac(name: str, resolved: Resolved) -> bool:
    iface = resolved.wanted.get(name)
    return iface is not None and bool(iface.mac_address or iface.copy_mac_from)


def _floating(link: Link, *keys: str) -> Link:
    """The link with the kernel free to choose these attributes."""
    attrs: dict[str, Value] = {key: value for key, value in link.attrs.items() if key not in keys}
    return replace(link, attrs=attrs) if len(attrs) != len(link.attrs) else link
