"""What addresses are to MPTCP, in nmstate's words: of each one, and of their interface where all are the same."""

from __future__ import annotations

from ipaddress import ip_address

from netkernel.host import Host
from netkernel.records import ENDPOINT_FLAGS, Address, Endpoint
from nncp_agent.shown.base import Tree

IFA_F_TEMPORARY = 0x01
"""linux/if_addr.h, of an IPv6 address: a privacy extension's."""


def may_be_endpoint(address: Address) -> bool:
    """Whether another host may reach it, and reach it tomorrow: nmstate leaves out all other addresses, too."""
    ip = ip_address(address.ip)
    if ip.is_loopback or ip.is_link_local or ip.is_multicast:
        return False
    is_site_local = ip.packed[0] & 0xFE == 0xFC  # fc00::/7, RFC 4193
    return ip.version == 4 or not (is_site_local or address.state & IFA_F_TEMPORARY)


def of(link: str, host: Host) -> dict[str, Endpoint]:
    """The endpoints of a link's addresses, by address; those that are bound to another link or a port are not its."""
    ips = {each.ip for each in host.addresses.get(link, ())}
    mine = (each for each in host.endpoints if each.link == link or (not each.link and each.ip in ips))
    return {each.ip: each for each in mine if not each.port}


def words(flags: int) -> list[str]:
    """Those of MPTCP_PM_ADDR_FLAG_ bits."""
    return [word for word, bit in ENDPOINT_FLAGS.items() if flags & bit]


def told(tree: Tree, link: str, host: Host) -> Tree:
    """The interface with `mptcp` and `mptcp-flags`, where any address of it is an endpoint."""
    if not (mine := of(link, host)):
        return tree
    for family in ("ipv4", "ipv6"):
        stack = tree[family]
        if "address" in stack:
            stack["address"] = [
                {**each, "mptcp-flags": words(mine[each["ip"]].flags)} if each["ip"] in mine else each
                for each in stack["address"]
            ]
    fit = [each.ip for each in host.addresses.get(link, ()) if may_be_endpoint(each)]
    flags = {mine[ip].flags if ip in mine else 0 for ip in fit}
    return {**tree, "mptcp": {"address-flags": words(*flags)}} if len(flags) == 1 and flags != {0} else tree
