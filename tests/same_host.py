"""Whether two hosts are configured the same: the whole of both compared, but for what comes and goes by itself."""

from __future__ import annotations

from netkernel import devconf
from netkernel.host import Host
from netkernel.link_local import is_link_local
from netkernel.records import Link, Route
from netkernel.simulation.route_table import slot


def changes(one: Host, other: Host, *, link_local: bool = False) -> list[str]:
    """Where two hosts are configured differently, one line each."""
    before, after = configured(one, link_local), configured(other, link_local)
    keys = sorted(before.keys() | after.keys())
    return [f"{key}: {before.get(key)} -> {after.get(key)}" for key in keys if before.get(key) != after.get(key)]


def configured(host: Host, link_local: bool = False) -> dict[str, object]:
    """Everything that was asked for, as sets where the kernel keeps no order.

    Left out are MACs that the kernel itself deals out (a bridge's or a VLAN's that follows others, a bond's, a port's)
    and, without `link_local`, the addresses that come with the carrier and follow the MAC.
    """
    found: dict[str, object] = {}
    for name, link in host.links.items():
        found |= {f"{name}: {key}": value for key, value in link.attrs.items() if key != "address" or _has_own(link)}
        found |= {f"{name}: port {key}": value for key, value in link.port.items()}
        found |= {f"{name}: conf {key}": value for key, value in devconf.stated(link.conf6).items()}
        found[f"{name}: kind"] = link.kind
        addresses = host.addresses.get(name, ())
        # The first of each family is the one the host speaks with.
        found[f"{name}: IPv4"] = [each for each in addresses if each.family == 4]
        found[f"{name}: IPv6"] = [each for each in addresses if each.family == 6 and not is_link_local(each)]
        found[f"{name}: link-local"] = frozenset(filter(is_link_local, addresses) if link_local else ())
        found[f"{name}: vlans"] = host.vlans.get(name, ())
    return found | {
        "routes": frozenset(host.routes),
        "routes beside each other": beside_each_other(host),
        "rules": frozenset(host.rules),
        "neighbours": frozenset(host.neighbours),
        "nexthops": frozenset(host.nexthops),
        "sysctls": dict(host.sysctls),
    }


def beside_each_other(host: Host) -> dict[object, list[Route]]:
    """Routes of the same key, of which the kernel takes the first; of the others no order means anything."""
    found: dict[object, list[Route]] = {}
    for route in host.routes:
        found.setdefault(slot(route), []).append(route)
    return {key: routes for key, routes in found.items() if len(routes) > 1}


def _has_own(link: Link) -> bool:
    return link.kind in ("", "dummy", "veth") and not link.master


def indexes(host: Host) -> dict[str, int]:
    """The ifindex of each link: what was made again has its old one."""
    return {name: link.index for name, link in host.links.items()}
