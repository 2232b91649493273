"""What an `ip-tunnel` may say in which mode (net/ipv4: ip_tunnel, ip_gre; net/ipv6: sit, ip6_tunnel, ip6_gre)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from netkernel.host import Host
from netkernel.link_kinds import KINDS, ip_tunnel
from netkernel.link_kinds.base import ETHERNET
from nncp_agent.errors import Problem
from nncp_agent.kinds.ip_tunnel_config import IpTunnelConfig
from nncp_agent.model import Interface
from nncp_agent.shown.types import FALLBACKS

OVER_IPV6: Final = frozenset({"ip6tnl", "ip6gre", "ip6gretap"})
"""Kinds (IFLA_INFO_KIND) whose outer header is IPv6's."""
GRE: Final = frozenset({"gre", "gretap", "ip6gre", "ip6gretap"})
GROUPED: Final = frozenset({"gre", "gretap"})
"""Kinds whose remote may be a multicast group."""
_IPV6_ONLY: Final = ("flow_label", "ip6tun_flags", "encap_limit")
_IPV4_ONLY: Final = ("pmtu_disc",)
_KEYED_ONLY: Final = ("input_key", "output_key")
_SMALLEST_MTU: Final = 68
"""RFC 791 section 3.2."""
_LARGEST_PACKET: Final = 65535


def ends(path: str, kind: str, config: IpTunnelConfig, name: str) -> Iterator[Problem]:
    """Base, local and remote: another link, addresses of the family below, a group only where GRE joins it."""
    if config.base_iface == name:
        yield Problem(f"{path}.base-iface", f"found '{name}', the link itself, wanted another one")
    for word, address in (("local", config.local or ""), ("remote", config.remote or "")):
        if address and (":" in address) != (kind in OVER_IPV6):
            family = "IPv6" if kind in OVER_IPV6 else "IPv4"
            yield Problem(f"{path}.{word}", f"found {address}, wanted an {family} address: mode {config.mode}")
        elif is_multicast(address) and (word == "local" or kind not in GROUPED):
            yield Problem(f"{path}.{word}", f"found {address}, a multicast group, wanted the address of one host")
    if kind == "gre" and is_multicast(config.remote or "") and not config.local:
        yield Problem(f"{path}.local", f"missing; the multicast group {config.remote} needs one")


def words(path: str, kind: str, stated: IpTunnelConfig, mode: str) -> Iterator[Problem]:
    """Keys that mean nothing in the mode, and two that exclude each other."""
    for words, why in (
        (() if kind in OVER_IPV6 else _IPV6_ONLY, "goes over IPv4, which has none"),
        (_IPV4_ONLY if kind in OVER_IPV6 else (), "goes over IPv6, where it is always on"),
        (() if kind in GRE else _KEYED_ONLY, "has no keys; GRE has"),
    ):
        for word in words:
            if getattr(stated, word) is not None:
                yield Problem(f"{path}.{word.replace('_', '-')}", f"mode {mode} {why}")
    if kind in ("ipip", "sit") and stated.pmtu_disc is False and stated.ttl:
        yield Problem(f"{path}.pmtu-disc", f"false needs a ttl of 0, which is inherited, found ttl {stated.ttl}")


def frames(iface: Interface, kind: str, mode: str) -> Iterator[Problem]:
    """What carries IP packets and no Ethernet frames has no MAC."""
    low, high = KINDS[kind].mtus
    if iface.mtu is not None and not high:
        low, high = max(low, _SMALLEST_MTU), _LARGEST_PACKET - ip_tunnel.overhead(kind, {})
        if not low <= iface.mtu <= high:
            yield Problem(f"{iface.name}: mtu", f"wanted {low} to {high} (mode {mode}), found {iface.mtu}")
    if KINDS[kind].type == ETHERNET:
        return
    for word, value in (("mac-address", iface.mac_address), ("copy-mac-from", iface.copy_mac_from)):
        if value:
            yield Problem(f"{iface.name}: {word}", f"a tunnel of mode {mode} carries no Ethernet frames and has no MAC")


def beside_the_kernels(path: str, kind: str, config: IpTunnelConfig, before: Host) -> Iterator[Problem]:
    """A tunnel to everybody from everywhere is what the kernel has made already, if it has."""
    mine = next((name for name, of in FALLBACKS.items() if of == kind), "")
    says = config.local or config.remote or config.base_iface or config.input_key is not None
    if mine in before.links and not says:
        message = f"missing; mode {config.mode} without remote, local and base is {mine}, the kernel's own"
        yield Problem(f"{path}.remote", message)


def fitting(kind: str, config: IpTunnelConfig) -> IpTunnelConfig:
    """What of a tunnel's settings means something in a mode of another kind; the mode itself stays out."""
    dropped = [*_IPV4_ONLY] if kind in OVER_IPV6 else [*_IPV6_ONLY]
    dropped += [] if kind in GRE else _KEYED_ONLY
    family = kind in OVER_IPV6
    for word in ("local", "remote"):
        address = getattr(config, word)
        if address and (":" in address) != family:
            dropped.append(word)
    return replace(config, **dict.fromkeys(dropped))


def is_multicast(ip: str) -> bool:
    """224.0.0.0/4 (RFC 5771) or ff00::/8 (RFC 4291)."""
    return ip.lower().startswith("ff") if ":" in ip else ip_tunnel.reach(ip) == "many"
