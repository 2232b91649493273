"""A host on which a policy could be right: whatever it builds on and does not make is there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from netkernel.files import OURS
from netkernel.host import Host
from netkernel.records import Address, Attrs, File, Link
from netkernel.sysctl import HOSTNAME
from nncp_agent.identity import known_by
from nncp_agent.kinds import KINDS
from nncp_agent.model import Interface, NetworkState
from nncp_agent.shown.identifiers import BY_ALT_NAME, BY_DRIVER, BY_MAC, BY_PCI

ETHERNET_MTU: Final = 1500
LARGEST_MTU: Final = 65535
"""ETH_DATA_LEN and ETH_MAX_MTU of linux/if_ether.h."""
ETHER, INFINIBAND, LOOPBACK = 1, 32, 772
"""ARPHRD_* of linux/if_arp.h."""
IPV4: Final = "192.0.0.8"
IPV6: Final = "100::8"
"""Addresses that nobody has (RFC 7600, RFC 6666); their network is everything, so that each gateway is in it."""


def imagine(desired: NetworkState) -> Host:
    """NICs for every name that is used and not made, with an MTU that suits all and the MACs that are asked for.

    What routes leave by, or name servers are behind, has addresses, unless the policy says otherwise.
    """
    interfaces = desired.interfaces or ()
    made = {each.name for each in interfaces if _is_made(each)}
    known_as = {each.name: known_by(each) for each in interfaces}
    names = {name for each in interfaces for name in (each.name, *_used(each))}
    mtu = max((each.mtu for each in interfaces if each.mtu), default=ETHERNET_MTU)
    mtu = min(max(mtu, ETHERNET_MTU), LARGEST_MTU)
    partitioned = {base for each in interfaces if each.type == "infiniband" for base in _used(each)}
    speaking = {*_ways(desired)}
    names |= {name for name, _ in speaking}
    return Host(
        addresses={
            name: tuple(Address(name, ip, 0) for way, ip in sorted(speaking) if way == name)
            for name in sorted({name for name, _ in speaking} - made)
        },
        files=dict.fromkeys(OURS, File()),
        sysctls={HOSTNAME: ""},
        links={
            "lo": Link(
                name="lo",
                attrs={"up": True, "mtu": 65536, "address": "00:00:00:00:00:00", "master": ""},
                index=1,
                type=LOOPBACK,
            ),
            **{
                name: _nic(
                    name, number, known_as.get(name, ("", "")), mtu, INFINIBAND if name in partitioned else ETHER
                )
                for number, name in enumerate(sorted(names - made - {"lo"}), start=2)
            },
        },
    )


def _is_made(interface: Interface) -> bool:
    kind = KINDS.get(interface.type or "")
    return kind is not None and kind.is_virtual


def _used(interface: Interface) -> Iterator[str]:
    kind = KINDS.get(interface.type or "")
    if kind is not None:
        yield from kind.ports(interface) or ()
        yield from kind.below(interface)
    for name in (interface.controller, interface.copy_mac_from):
        if name and kind is not None:
            yield name


def _ways(desired: NetworkState) -> Iterator[tuple[str, str]]:
    """What a packet leaves by, with an address of its family."""
    for route in (desired.routes.config if desired.routes else None) or ():
        if route.next_hop_interface:
            yield route.next_hop_interface, IPV6 if ":" in (route.destination or "") else IPV4
    config = desired.dns_resolver.config if desired.dns_resolver else None
    for server in (config.server if config else None) or ():
        if "%" in server:
            yield server.partition("%")[2], IPV6


def _nic(name: str, number: int, identity: tuple[str, str], mtu: int, hardware: int) -> Link:
    """With what it is known by: a pattern is taken as it stands."""
    by, value = identity
    mac = value if by == BY_MAC else f"02:00:00:00:{number // 256:02x}:{number % 256:02x}"
    altnames = (value,) if by == BY_ALT_NAME else ()
    attrs: Attrs = {"up": True, "mtu": mtu, "address": mac, "master": "", "promisc": False, "altnames": altnames}
    return Link(
        name=name,
        attrs=attrs,
        index=number,
        type=hardware,
        carrier=True,
        min_mtu=68,
        max_mtu=LARGEST_MTU,
        perm_address=mac,
        pci=value if by == BY_PCI else "",
        driver=value if by == BY_DRIVER else "",
    )
