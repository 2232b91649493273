"""Which addresses a link should have: the policy's in its order, beside those the kernel or a DHCP client keeps."""

from __future__ import annotations

from typing import Final

from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.records import FOREVER, Address
from nncp_agent.model import Interface, IpAddress, IpStack, State
from nncp_agent.shown import is_bare_port, is_dynamic
from nncp_agent.shown.routers import accepts_ra

LOOPBACK: Final = (("127.0.0.1", 8), ("::1", 128))
HOST_SCOPE: Final = 254
"""RT_SCOPE_HOST."""
KERNEL_LOOPBACK: Final = 1
"""IFAPROT_KERNEL_LO (linux/if_addr.h, since 5.18)."""


def addresses_of(iface: Interface, merged: Interface, before: Host) -> tuple[Address, ...] | None:
    """The link's addresses once the policy holds, in the kernel's order; None when they stay as they are."""
    present = before.addresses.get(iface.name, ())
    four = _family(4, iface, merged, before)
    six = _family(6, iface, merged, before)
    if four is None and six is None:
        return None
    return (
        *(four if four is not None else (each for each in present if each.family == 4)),
        *(six if six is not None else (each for each in present if each.family == 6)),
    )


def has(host: Host, name: str, family: int) -> bool:
    """Whether the link has any address of the family."""
    return any(each.family == family for each in host.addresses.get(name, ()))


def is_link_local(ip: str) -> bool:
    """fe80::/10: the kernel's own business (RFC 4291 section 2.5.6)."""
    return ip[:3] in ("fe8", "fe9", "fea", "feb") and ip[4:5] == ":"


def is_static(address: IpAddress) -> bool:
    """Whether a policy can ask for it: no lifetime, not link-local."""
    return address.valid_life_time in (None, "forever") and not is_link_local(address.ip)


def _family(family: int, iface: Interface, merged: Interface, before: Host) -> tuple[Address, ...] | None:
    present = [each for each in before.addresses.get(iface.name, ()) if each.family == family]
    stated: IpStack | None = iface.ipv4 if family == 4 else iface.ipv6
    stack: IpStack | None = merged.ipv4 if family == 4 else merged.ipv6
    if stack is None or stack.enabled is not True:
        fixed = () if family == 6 else tuple(each for each in present if _is_fixed(each))
        return None if not present or _hidden(iface, before) else fixed
    if stated is None or stated.address is None or iface.state is State.ABSENT:
        return None
    wanted = list(dict.fromkeys((each.ip, each.prefix_length) for each in stated.address if is_static(each)))
    kept = {(each.ip, each.prefix): each for each in present}
    orphaned = not stack.dhcp and any(client.key == (iface.name, family) for client in before.clients)
    if family == 6 and not stack.autoconf:
        orphaned = orphaned or (iface.name in before.links and accepts_ra(before.links[iface.name]))
    stay = [
        each
        for each in present
        if (each.ip, each.prefix) not in wanted and _outlives_a_list(each) and not (orphaned and is_dynamic(each))
    ]
    lasting = not any(is_dynamic(kept[each]) for each in wanted if each in kept)
    if lasting and kept.keys() == {*wanted, *((each.ip, each.prefix) for each in stay)}:
        return None
    return (*(_for_good(kept.get((ip, prefix)), iface.name, ip, prefix) for ip, prefix in wanted), *stay)


def _for_good(kept: Address | None, link: str, ip: str, prefix: int) -> Address:
    """The address a policy asks for: it does not expire, whoever brought it."""
    if kept is None:
        return _new(link, ip, prefix)
    return replace(kept, valid_s=FOREVER, preferred_s=FOREVER) if is_dynamic(kept) else kept


def _new(link: str, ip: str, prefix: int) -> Address:
    """The loopback's own come as the kernel makes them when its family is switched on.

    Others of 127.0.0.0/8 are this host's, too: the kernel takes no second scope into a subnet (__inet_insert_ifa).
    """
    if (ip, prefix) in LOOPBACK:
        return Address(link, ip, prefix, scope=HOST_SCOPE, protocol=KERNEL_LOOPBACK)
    return Address(link, ip, prefix, scope=HOST_SCOPE if ip.startswith("127.") else 0)


def _hidden(iface: Interface, before: Host) -> bool:
    """Addresses somebody left on a port that stays one: `show` does not show them, and nobody asked to touch them."""
    link = before.links.get(iface.name)
    moves = link is not None and iface.controller is not None and iface.controller != link.master
    return link is not None and is_bare_port(link, before) and not moves and iface.state is not State.ABSENT


def _outlives_a_list(address: Address) -> bool:
    return is_dynamic(address) or is_link_local(address.ip) or _is_fixed(address)


def _is_fixed(address: Address) -> bool:
    """The loopback's own addresses, which nmstate keeps whatever a policy says (nmstate.md 3.3)."""
    return address.scope == HOST_SCOPE and (address.ip, address.prefix) in LOOPBACK
