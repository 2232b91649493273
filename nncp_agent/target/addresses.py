"""Which addresses a link should have: the policy's in its order, beside those the kernel or a DHCP client keeps."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.records import FOREVER, Address
from nncp_agent.ip import is_lent, seconds
from nncp_agent.model import Interface, IpAddress, IpStack, State
from nncp_agent.shown import is_bare_port, is_dynamic
from nncp_agent.shown.routers import accepts_ra

TOLERANCE_S: Final = 2
"""By which the kernel's clock and its rounding may be off."""
LOOPBACK: Final = (("127.0.0.1", 8), ("::1", 128))
HOST_SCOPE: Final = 254
"""RT_SCOPE_HOST."""
LONE: Final = 128
"""The prefix of IPv6 addresses from DHCP (RFC 5942 section 4); those of routers have their network's."""
KERNEL_LOOPBACK: Final = 1
"""IFAPROT_KERNEL_LO (linux/if_addr.h, since 5.18)."""


def addresses_of(
    iface: Interface, merged: Interface, before: Host, expiring: Collection[str] = ()
) -> tuple[Address, ...] | None:
    """The link's addresses once the policy holds, in the kernel's order; None when they stay as they are.

    `expiring` are those to which earlier policies have given a lifetime: where this one says nothing of them they go.
    """
    present = before.addresses.get(iface.name, ())
    four = _family(4, iface, merged, before, expiring)
    six = _family(6, iface, merged, before, expiring)
    if four is None and six is None:
        return None
    return (
        *(four if four is not None else (each for each in present if each.family == 4)),
        *(six if six is not None else (each for each in present if each.family == 6)),
    )


def end_alike(after: Host, before: Host) -> bool:
    """Whether the addresses, which are the same, have the same lifetimes; equality does not see them."""
    changed = [(these, before.addresses[name]) for name, these in after.addresses.items()]
    pairs = (pair for these, had in changed if these is not had for pair in zip(these, had, strict=True))
    return all((one.valid_s, one.preferred_s) == (other.valid_s, other.preferred_s) for one, other in pairs)


def has(host: Host, name: str, family: int) -> bool:
    """Whether the link has any address of the family."""
    return any(each.family == family for each in host.addresses.get(name, ()))


def is_link_local(ip: str) -> bool:
    """fe80::/10: the kernel's own business (RFC 4291 section 2.5.6)."""
    return ip[:3] in ("fe8", "fe9", "fea", "feb") and ip[4:5] == ":"


def is_asked(address: IpAddress, stack: IpStack, family: int) -> bool:
    """Whether a policy can ask for it: not link-local, and not the network's to give."""
    return not is_link_local(address.ip) and not is_lent(address, stack, family)


def _family(
    family: int, iface: Interface, merged: Interface, before: Host, expiring: Collection[str]
) -> tuple[Address, ...] | None:
    present = [each for each in before.addresses.get(iface.name, ()) if each.family == family]
    stated: IpStack | None = iface.ipv4 if family == 4 else iface.ipv6
    stack: IpStack | None = merged.ipv4 if family == 4 else merged.ipv6
    if stack is None or stack.enabled is not True:
        fixed = () if family == 6 else tuple(each for each in present if _is_fixed(each))
        return None if not present or _hidden(iface, before) else fixed
    if stated is None or iface.state is State.ABSENT:
        return None
    gone = {each for each in present if is_dynamic(each) and _is_orphaned(each, stack, iface, before)}
    if stated.address is None:
        return tuple([each for each in present if each not in gone]) if gone else None
    wanted = {(each.ip, each.prefix_length): each for each in stated.address if is_asked(each, stack, family)}
    kept = {(each.ip, each.prefix): each for each in present}
    stay = [
        each
        for each in present
        if (each.ip, each.prefix) not in wanted
        and _outlives_a_list(each)
        and not (is_dynamic(each) and (each in gone or each.ip in expiring))
    ]
    asked = [_as_asked(kept.get(key), iface.name, each) for key, each in wanted.items()]
    stays = all(each is kept.get((each.ip, each.prefix)) for each in asked)
    if stays and kept.keys() == {*wanted, *((each.ip, each.prefix) for each in stay)}:
        return None
    return (*asked, *stay)


def _is_orphaned(each: Address, stack: IpStack, iface: Interface, before: Host) -> bool:
    """Whether nobody keeps it any more: a client that stops, or routers that are not listened to from now on. Or it is
    one too many."""
    name, family = iface.name, each.family
    if _wants_no_others(iface.ipv4 if family == 4 else iface.ipv6, stack, family):
        return True
    if family == 4 or each.prefix == LONE:
        return not stack.dhcp and any(client.key == (name, family) for client in before.clients)
    return not stack.autoconf and name in before.links and accepts_ra(before.links[name])


def _wants_no_others(stated: IpStack | None, stack: IpStack, family: int) -> bool:
    if stated is None or stated.address is None or stated.allow_extra_address is not False:
        return False
    return not (stack.dhcp or (family == 6 and stack.autoconf))


def _as_asked(kept: Address | None, link: str, asked: IpAddress) -> Address:
    """The address a policy asks for; whoever brought it, it expires only where that is asked.

    A lifetime that is running is as asked, unless a longer one is asked for than it began with.
    """
    valid_s = seconds(asked.valid_life_time)
    preferred_s = min(seconds(asked.preferred_life_time), valid_s)
    if kept is None:
        return replace(_new(link, asked.ip, asked.prefix_length), valid_s=valid_s, preferred_s=preferred_s)
    if asked.preferred_life_time is None and valid_s == kept.valid_s == FOREVER:
        return kept  # preferred or not, it stays what it is
    pairs = ((kept.valid_s, valid_s), (kept.preferred_s, preferred_s))
    if all(_runs_as_asked(left_s, kept.age_s, asked_s) for left_s, asked_s in pairs):
        return kept
    return replace(kept, valid_s=valid_s, preferred_s=preferred_s, age_s=0)


def _runs_as_asked(left_s: int, age_s: int, asked_s: int) -> bool:
    if FOREVER in (left_s, asked_s):
        return left_s == asked_s
    return asked_s <= left_s + age_s + TOLERANCE_S


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
