"""ip-tunnel: IP or Ethernet in IP (IPIP, SIT, GRE and their kin over IPv6; RFC 2003, 2473, 2784, 4213).

nmstate knows the modes ipip, sit, ip6ip6 and ipip6, and all keys but GRE's; the other modes have the kernel's words.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import Final

from msgspec.structs import replace

from netkernel.link_kinds import KINDS, ip_tunnel
from netkernel.link_kinds.base import ETHERNET as ARPHRD_ETHER
from netkernel.link_kinds.ip_tunnel import IGNORE_ENCAP_LIMIT, KEY, USUAL_ENCAP_LIMIT
from netkernel.records import Link, Value
from nncp_agent.errors import Problem
from nncp_agent.kinds import ip_tunnel_rules as rules
from nncp_agent.kinds.base import ETHERNET, Context, Kind, Wanted
from nncp_agent.kinds.ip_tunnel_config import IpTunnelConfig
from nncp_agent.model import Interface, Model, merge
from nncp_agent.shown.tunnels import FLOW_LABEL, TUNNEL_FLAGS, TUNNEL_MODES
from nncp_agent.shown.types import FALLBACKS

_BITS: Final = {word: 1 << bit for bit, word in enumerate(TUNNEL_FLAGS)}
"""The others are found out by the kernel, and only ever shown by others."""
_PLAIN: Final = {"base_iface": "link", "local": "local", "remote": "remote", "ttl": "ttl", "fwmark": "fwmark"}
_WORDS: Final = {
    "link": "base-iface", "flowinfo": "flow-label", "flags": "ip6tun-flags", "pmtudisc": "pmtu-disc", "proto": "mode",
    "encap_limit": "encap-limit", "ikey": "input-key", "iflags": "input-key", "okey": "output-key",
    "oflags": "output-key",
}  # fmt: skip


class IpTunnel(Kind):
    name = "ip-tunnel"
    family = "tunnel"
    link_kinds = ("ipip", "sit", "gre", "gretap", "ip6tnl", "ip6gre", "ip6gretap")
    subtree = "ip-tunnel"
    Config = IpTunnelConfig
    usual_mtu = 0
    fragments = True

    def link_kind(self, iface: Interface) -> str:
        """As its mode has it."""
        return _link_kind(iface.config)

    def problems(self, iface: Interface, merged: Interface, context: Context) -> Iterator[Problem]:
        """What stands in `ip_tunnel_rules`."""
        config = merged.config if isinstance(merged.config, IpTunnelConfig) else IpTunnelConfig()
        path = f"{iface.name}: ip-tunnel"
        if iface.name in FALLBACKS:
            yield Problem(f"{iface.name}: name", "is the kernel's own tunnel, which nobody can make or delete")
        if config.mode is None:
            yield Problem(f"{path}.mode", "missing; wanted the tunnel's, such as ipip, sit, gre or ip6ip6")
            return
        kind = _link_kind(config)
        stated = merge_of(iface.config)
        yield from rules.ends(path, kind, config, iface.name)
        yield from rules.words(path, kind, stated, config.mode)
        yield from rules.frames(iface, kind, config.mode)
        yield from rules.beside_the_kernels(path, kind, config, context.before)

    def frames(self, merged: Interface, link: Link | None) -> str:
        """As its mode has it."""
        return ETHERNET if KINDS[_link_kind(merged.config)].type == ARPHRD_ETHER else ""

    def below(self, iface: Interface) -> tuple[str, ...]:
        """Its base, if it has one."""
        config = iface.config
        return (config.base_iface,) if isinstance(config, IpTunnelConfig) and config.base_iface else ()

    def renamed(self, config: Model | None, names: Mapping[str, str]) -> Model | None:
        """Its base by its new name."""
        if not isinstance(config, IpTunnelConfig) or not config.base_iface:
            return config
        return replace(config, base_iface=names.get(config.base_iface, config.base_iface))

    def overhead(self, iface: Interface) -> int | None:
        """The outer headers; over IPv6 it is the route to the remote that counts, whatever the base."""
        config = merge_of(iface.config)
        kind = _link_kind(config)
        if kind in rules.OVER_IPV6:
            return None
        return ip_tunnel.overhead(kind, {"oflags": KEY if config.output_key is not None else 0})

    def brief(self, iface: Interface) -> str:
        """Its mode."""
        return f"mode {iface.config.mode}" if isinstance(iface.config, IpTunnelConfig) else ""

    def claim(self, merged: Interface) -> Hashable | None:
        """Its ends, base and key: two that share them would take each other's packets."""
        config = merged.config
        if not isinstance(config, IpTunnelConfig):
            return None
        kind = _link_kind(config)
        return kind, config.local or "", config.remote or "", config.base_iface or "", config.input_key

    def option(self, attr: str) -> str:
        """Where a policy says the kernel attribute `attr`."""
        return f"ip-tunnel.{_WORDS.get(attr, attr)}"

    def merge(self, desired: Model | None, present: Model | None) -> Model | None:
        """Key by key; of another mode, what is not stated stays only where it means something there."""
        if not isinstance(desired, IpTunnelConfig) or not isinstance(present, IpTunnelConfig):
            return merge(desired, present)
        kind = _link_kind(merge(desired, present))
        return merge(desired, rules.fitting(kind, present) if kind != _link_kind(present) else present)

    def normalise(self, config: Model) -> Model:
        """The flags that can be asked for, in the kernel's order."""
        if not isinstance(config, IpTunnelConfig) or config.ip6tun_flags is None:
            return config
        flags = tuple(word for word in TUNNEL_FLAGS if word in config.ip6tun_flags)
        return replace(config, ip6tun_flags=flags)

    def wanted(self, iface: Interface, merged: Interface, context: Context) -> Wanted:
        """What is stated; of a tunnel that is made anew as another kind, all of it."""
        kind = _link_kind(merged.config)
        before = context.before.links.get(iface.name)
        here = before if before is not None and before.kind == kind else None
        config = iface.config if here is not None else merged.config
        if not isinstance(config, IpTunnelConfig) or config.mode is None is here:
            return Wanted()
        stated: dict[str, Value | None] = {attr: getattr(config, word) for word, attr in _PLAIN.items()}
        if config.mode is not None:
            stated["proto"] = TUNNEL_MODES[config.mode][1]
        if config.pmtu_disc is not None:
            stated["pmtudisc"] = int(config.pmtu_disc)
        stated |= _over_ipv6(config, here) if kind in rules.OVER_IPV6 else {"tos": config.tos}
        stated |= _keys(config, here)
        return Wanted(attrs={attr: value for attr, value in stated.items() if value is not None})


def merge_of(config: Model | None) -> IpTunnelConfig:
    """The config, or one that states nothing."""
    return config if isinstance(config, IpTunnelConfig) else IpTunnelConfig()


def _link_kind(config: Model | None) -> str:
    mode = merge_of(config).mode
    return TUNNEL_MODES[mode][0] if mode is not None else IpTunnel.link_kinds[0]


def _over_ipv6(config: IpTunnelConfig, before: Link | None) -> dict[str, Value | None]:
    """Traffic class and flow label are one number to the kernel; a new tunnel has the usual encapsulation limit."""
    flow = _number(before, "flowinfo")
    if config.tos is not None:
        flow = flow & FLOW_LABEL | config.tos << 20
    if config.flow_label is not None:
        flow = flow & ~FLOW_LABEL | config.flow_label
    flags = None if config.ip6tun_flags is None else sum(_BITS.get(word, 0) for word in {*config.ip6tun_flags})
    limit = config.encap_limit
    if limit is None and before is None and not (flags or 0) & IGNORE_ENCAP_LIMIT:
        limit = USUAL_ENCAP_LIMIT
    says_flow = config.tos is not None or config.flow_label is not None
    return {"flowinfo": flow if says_flow else None, "flags": flags, "encap_limit": limit}


def _keys(config: IpTunnelConfig, before: Link | None) -> dict[str, Value | None]:
    """A key that is said is used; what else GRE's flags hold stays."""
    stated: dict[str, Value | None] = {}
    for key, flag, value in (("ikey", "iflags", config.input_key), ("okey", "oflags", config.output_key)):
        if value is not None:
            stated |= {key: value, flag: _number(before, flag) | KEY}
    return stated


def _number(link: Link | None, attr: str) -> int:
    value = link.attrs.get(attr) if link is not None else 0
    return value if isinstance(value, int) else 0
