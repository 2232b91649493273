"""What becomes of dynamic addresses when nobody keeps them any more."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from nncp_agent.model import Interface, IpAddress, IpStack, State


def kept(iface: Interface, present: Mapping[str, Interface]) -> Interface:
    """The interface with the addresses it has from DHCP as static ones, where DHCP goes off and no address is stated
    in their place (nmstate.md 4.1). Said here, they are also there after a restart."""
    if iface.ipv4 is None or iface.state not in (None, State.UP) or iface.name not in present:
        return iface
    stack = _kept(iface.ipv4, present[iface.name].ipv4)
    return iface if stack is iface.ipv4 else replace(iface, ipv4=stack)


def _kept(asked: IpStack, seen: IpStack | None) -> IpStack:
    goes_off = asked.dhcp is False and asked.enabled is not False and not asked.address
    if not goes_off or seen is None or not seen.dhcp:
        return asked
    stay = seen.address if asked.address is None else [each for each in seen.address or () if each.valid_life_time]
    addresses = tuple(IpAddress(ip=each.ip, prefix_length=each.prefix_length) for each in stay or ())
    return replace(asked, enabled=True, address=addresses) if addresses else asked
