"""What becomes of dynamic addresses when nobody keeps them any more."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from msgspec.structs import replace

from netkernel.host import Host
from nncp_agent.identity import Links
from nncp_agent.ip import expires, is_lent
from nncp_agent.model import Interface, IpAddress, IpStack, NetworkState, State

_TEMPORARY: Final = 0x01
"""IFA_F_TEMPORARY (linux/if_addr.h), which is IFA_F_SECONDARY of an IPv4 address."""


def kept(iface: Interface, present: Mapping[str, Interface], before: Host) -> Interface:
    """The interface with the addresses it has from DHCP and routers as static ones, where those go off and no address
    is stated in their place (nmstate.md 4.1). Said here, they are also there after a restart. So is it with routers
    that go on beside DHCPv6.

    Not with temporary ones: the next would have been others.
    """
    if iface.state not in (None, State.UP) or iface.name not in present:
        return iface
    seen = present[iface.name]
    fleeting = [each.ip for each in before.addresses.get(iface.name, ()) if ":" in each.ip and each.state & _TEMPORARY]
    four, six = _kept(iface.ipv4, seen.ipv4, ()), _kept(_with_routers(iface.ipv6, seen.ipv6), seen.ipv6, fleeting)
    return iface if four is iface.ipv4 and six is iface.ipv6 else replace(iface, ipv4=four, ipv6=six)


def expiring(committed: NetworkState, before: Host) -> dict[str, frozenset[str]]:
    """The addresses of each link that are there for a while because a policy said so, and not by the network."""
    found: dict[str, frozenset[str]] = {}
    for iface in committed.interfaces or ():
        stacks = [(stack, family) for stack, family in ((iface.ipv4, 4), (iface.ipv6, 6)) if stack is not None]
        ours = frozenset(
            each.ip
            for stack, family in stacks
            for each in stack.address or ()
            if expires(each) and not is_lent(each, stack, family)
        )
        if ours:
            found[Links(before).name(iface)] = ours
    return found


def _kept(asked: IpStack | None, seen: IpStack | None, fleeting: Collection[str]) -> IpStack | None:
    if asked is None or asked.enabled is False or seen is None or not _goes_off(asked, seen):
        return asked
    if asked.address is not None:  # an empty list, too, asks for what it says, or the same policy would do more later
        return asked
    addresses = tuple([
        IpAddress(ip=each.ip, prefix_length=each.prefix_length)
        for each in seen.address or ()
        if each.ip not in fleeting and not each.ip.startswith(("fe8", "fe9", "fea", "feb"))
    ])  # fmt: skip
    return replace(asked, enabled=True, address=addresses) if addresses else asked


def _with_routers(asked: IpStack | None, seen: IpStack | None) -> IpStack | None:
    """Who wants DHCPv6 on a link that listens to routers, without a word of them, wants both from now on."""
    if asked is None or not asked.dhcp or asked.autoconf is not None or seen is None or seen.dhcp or not seen.autoconf:
        return asked
    return replace(asked, autoconf=True)


def _goes_off(asked: IpStack, seen: IpStack) -> bool:
    """Whether one of them was on, and both are off afterwards."""
    will = (
        seen.dhcp if asked.dhcp is None else asked.dhcp,
        seen.autoconf if asked.autoconf is None else asked.autoconf,
    )
    return bool(seen.dhcp or seen.autoconf) and not any(will)
