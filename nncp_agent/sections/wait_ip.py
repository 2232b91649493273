"""`wait-ip`: which addresses an interface must have before an apply is done (nmstate.md 2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from netkernel.host import Host
from netkernel.records import Address
from nncp_agent.errors import Problem
from nncp_agent.ip import is_link_local
from nncp_agent.model import Interface, IpStack, State
from nncp_agent.shown import DETECTION_BITS

WAIT_S: Final = 45.0
"""How long: as NetworkManager does for DHCP."""
ANY: Final = "any"
_FAMILIES: Final = {"ipv4": (4,), "ipv6": (6,), "ipv4+ipv6": (4, 6)}
_OPTIMISTIC: Final = 0x04
"""IFA_F_OPTIMISTIC (linux/if_addr.h): it is used while duplicates are sought."""


def problems(iface: Interface, merged: Interface) -> Iterator[Problem]:
    """A family that is off has no addresses to wait for."""
    for family in _FAMILIES.get(iface.wait_ip or "", ()) if iface.state in (None, State.UP) else ():
        if not _is_on(_stack(merged, family)):
            message = f"found {iface.wait_ip}, but IPv{family} is disabled; wanted it enabled, or {ANY}"
            yield Problem(f"{iface.name}: wait-ip", message)


def awaited(wanted: Mapping[str, Interface], merged: Mapping[str, Interface], host: Host) -> list[str]:
    """One line for each interface that has to wait still. What a policy does not say is not waited for."""
    return [
        f"{name}: wait-ip: wanted an {'IP' if words == ANY else f'IPv{family}'} address within {WAIT_S:g} s, found none"
        for name, iface in wanted.items()
        if (words := iface.wait_ip) is not None and iface.state in (None, State.UP) and name in host.links
        for family in _missing(words, merged[name], host.addresses.get(name, ()))
    ]


def _missing(words: str, merged: Interface, addresses: tuple[Address, ...]) -> list[int]:
    """The families that lack an address; for any of them the first that is on stands for all."""
    on = [family for family in _FAMILIES.get(words, (4, 6)) if _is_on(_stack(merged, family))]
    lacking = [family for family in on if not any(_counts(each, family, _stack(merged, family)) for each in addresses)]
    return lacking if words != ANY else lacking[:1] if lacking == on else []


def _counts(address: Address, family: int, stack: IpStack | None) -> bool:
    """Whether it is one that can be used. The kernel's own link-local one is enough where no other will come."""
    if address.family != family or (address.state & DETECTION_BITS and not address.state & _OPTIMISTIC):
        return False
    if not address.ip.startswith(("fe8", "fe9", "fea", "feb")) or stack is None:
        return True
    return not (stack.dhcp or stack.autoconf or any(not is_link_local(each) for each in stack.address or ()))


def _stack(merged: Interface, family: int) -> IpStack | None:
    return merged.ipv4 if family == 4 else merged.ipv6


def _is_on(stack: IpStack | None) -> bool:
    return stack is not None and stack.enabled is True
