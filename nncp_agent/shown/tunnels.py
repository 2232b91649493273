"""The subtrees of `geneve` and `ip-tunnel`, and the latter's words."""

from __future__ import annotations

from netkernel.host import Host
from netkernel.link_kinds.ip_tunnel import KEY
from netkernel.records import Link
from netkernel.typed import Final
from nncp_agent.shown.base import Tree, stated


def geneve(link: Link, host: Host) -> Tree:
    """Its identifier and where its frames go."""
    attrs = link.attrs
    return stated(
        {
            "destination-port": attrs.get("port"),
            "df": attrs.get("df"),
            "flow-label": attrs.get("label"),
            "id": attrs.get("id"),
            "remote": attrs.get("remote") or attrs.get("remote6") or None,
            "tos": attrs.get("tos"),
            "ttl": attrs.get("ttl"),
        }
    )


TUNNEL_MODES: Final = {
    "gre": ("gre", None),
    "gretap": ("gretap", None),
    "ip6gre": ("ip6gre", None),
    "ip6gretap": ("ip6gretap", None),
    "ip6ip6": ("ip6tnl", 41),
    "ip6tnl-any": ("ip6tnl", 0),
    "ipip": ("ipip", 4),
    "ipip-any": ("ipip", 0),
    "ipip-mpls": ("ipip", 137),
    "ipip6": ("ip6tnl", 4),
    "sit": ("sit", 41),
    "sit-any": ("sit", 0),
    "sit-ipip": ("sit", 4),
    "sit-mpls": ("sit", 137),
}
"""`ip-tunnel.mode` to IFLA_INFO_KIND and the protocol inside (IPPROTO_* of linux/in.h; 0 is any)."""
_MODE_WORDS: Final = {kernel: word for word, kernel in TUNNEL_MODES.items()}
TUNNEL_FLAGS: Final = (
    "ign-encap-limit", "use-orig-tclass", "use-orig-flowlabel", "mip6-dev", "rcv-dscp-copy", "use-orig-fw-mark",
    "allow-local-remote",
)  # fmt: skip
"""`ip-tunnel.ip6tun-flags`, from the lowest bit on (IP6_TNL_F_* of linux/ip6_tunnel.h)."""
FLOW_LABEL: Final = 0xFFFFF
"""The bits of a flow label; the traffic class is above them (RFC 8200 section 3)."""


def ip_tunnel(link: Link, host: Host) -> Tree:
    """`base-iface` is "" where the packets go wherever the routes say; no remote and no local are left out."""
    attrs, flow = link.attrs, link.attrs.get("flowinfo")
    flags = attrs.get("flags") if link.kind.startswith("ip6") else None
    tree: Tree = {
        "mode": _MODE_WORDS.get((link.kind, attrs.get("proto"))),  # type: ignore[arg-type]  # the table has numbers
        "base-iface": link.link,
        "local": attrs.get("local") or None,
        "remote": attrs.get("remote") or None,
        "ttl": attrs.get("ttl"),
        "tos": flow >> 20 if isinstance(flow, int) else attrs.get("tos"),
        "flow-label": flow & FLOW_LABEL if isinstance(flow, int) else None,
        "pmtu-disc": bool(attrs["pmtudisc"]) if "pmtudisc" in attrs else None,
        "encap-limit": attrs.get("encap_limit"),
        "fwmark": attrs.get("fwmark"),
    }
    if isinstance(flags, int):
        tree["ip6tun-flags"] = [word for bit, word in enumerate(TUNNEL_FLAGS) if flags >> bit & 1]
    for key, flag, word in (("ikey", "iflags", "input-key"), ("okey", "oflags", "output-key")):
        if isinstance(on := attrs.get(flag), int) and on & KEY:
            tree[word] = attrs.get(key)
    return stated({key: tree[key] for key in sorted(tree)})
