"""ipip, sit, gre, gretap, ip6tnl, ip6gre, ip6gretap: linux/if_tunnel.h IFLA_IPTUN_* and IFLA_GRE_*, net/ipv4, net/ipv6.

Each driver fills its settings with defaults before it reads a message (ipip_netlink_parms and its kin), so a change
that does not say a thing resets it. What was a tunnel to one remote never becomes one to everybody, or the other way
round: IFF_POINTOPOINT and IFF_BROADCAST are decided when the link is made.
"""

from collections.abc import Hashable, Mapping

from netkernel.link_kinds.base import ETHERNET, Attr, Form, LinkKind, Side, only
from netkernel.typed import Final

ANY_MTU: Final = (0, 0)
USUAL_ENCAP_LIMIT: Final = 4
"""RFC 2473 section 6.6."""
IGNORE_ENCAP_LIMIT: Final = 0x1
"""IP6_TNL_F_IGN_ENCAP_LIMIT (linux/ip6_tunnel.h): packets carry no limit."""
KEY: Final = 0x2000
"""GRE_KEY of linux/if_tunnel.h, as are GRE_CSUM and GRE_SEQ: each of the three adds four bytes."""
_GRE_OPTIONS: Final = (0x8000, KEY, 0x1000)
_ENCAP_LIMIT_BYTES: Final = 8
_OVER_IPV6: Final = frozenset({"ip6tnl", "ip6gre", "ip6gretap"})
_HEADERS: Final = {"ipip": 20, "sit": 20, "gre": 24, "gretap": 38, "ip6tnl": 40, "ip6gre": 44, "ip6gretap": 58}
"""Bytes that each packet gets in front: the outer IP header, GRE's, and the Ethernet header that it takes along."""


def is_tunnel(kind: str) -> bool:
    """Whether links of this kind are IP tunnels."""
    return kind in _HEADERS


def _identity(attrs: Mapping[str, object]) -> Hashable:
    """What only one tunnel of a namespace can have: its ends, its base, and GRE's key."""
    flags = attrs.get("iflags")
    key = attrs.get("ikey") if isinstance(flags, int) and flags & KEY else None
    return attrs.get("local") or "", attrs.get("remote") or "", attrs.get("link") or "", key


def overhead(kind: str, attrs: Mapping[str, object]) -> int:
    """Bytes of outer headers; 0 where UDP is put around them, too, and its driver decides."""
    if attrs.get("encap_type"):
        return 0
    flags, out = attrs.get("flags", 0), attrs.get("oflags", 0)
    options = sum(4 for bit in _GRE_OPTIONS if isinstance(out, int) and out & bit)
    limited = kind in _OVER_IPV6 and isinstance(flags, int) and not flags & IGNORE_ENCAP_LIMIT
    return _HEADERS[kind] + options + (_ENCAP_LIMIT_BYTES if limited else 0)


def reach(remote: object) -> str:
    """Whether a tunnel over IPv4 goes to everybody, to a multicast group, or to one remote."""
    if not remote:
        return "any"
    first = str(remote).partition(".")[0]
    return "many" if first.isdigit() and 224 <= int(first) <= 239 else "one"


def _encap(first: int) -> dict[str, Attr]:
    """Foo-over-UDP and its kin, around it all."""
    return {
        "encap_type": Attr(first, Form.U16),
        "encap_flags": Attr(first + 1, Form.U16),
        "encap_sport": Attr(first + 2, Form.U16_BE),
        "encap_dport": Attr(first + 3, Form.U16_BE),
        "collect_metadata": Attr(first + 4, Form.MARK),
    }


_OVER_IPV4: Final = {
    "link": Attr(1, Form.LINK),
    "local": Attr(2, Form.IPV4),
    "remote": Attr(3, Form.IPV4),
    "ttl": Attr(4, Form.U8),
    "tos": Attr(5, Form.U8),
    "proto": Attr(9, Form.U8),
    "pmtudisc": Attr(10, Form.U8),
    **_encap(15),
    "fwmark": Attr(20, Form.U32),
}
_SIT: Final = {
    "flags": Attr(8, Form.U16_BE),
    "6rd_prefix": Attr(11, Form.IPV6),
    "6rd_relay_prefix": Attr(12, Form.IPV4),
    "6rd_prefixlen": Attr(13, Form.U16),
    "6rd_relay_prefixlen": Attr(14, Form.U16),
}
_IP6TNL: Final = {
    "link": Attr(1, Form.LINK),
    "local": Attr(2, Form.IPV6),
    "remote": Attr(3, Form.IPV6),
    "ttl": Attr(4, Form.U8),
    "encap_limit": Attr(6, Form.U8),
    "flowinfo": Attr(7, Form.U32_BE),
    "flags": Attr(8, Form.U32_LOW),
    "proto": Attr(9, Form.U8),
    **_encap(15),
    "fwmark": Attr(20, Form.U32),
}
_GRE: Final = {
    "link": Attr(1, Form.LINK),
    "iflags": Attr(2, Form.U16_BE),
    "oflags": Attr(3, Form.U16_BE),
    "ikey": Attr(4, Form.U32_BE),
    "okey": Attr(5, Form.U32_BE),
}
_GRE_OVER_IPV4: Final = {
    **_GRE,
    "local": Attr(6, Form.IPV4),
    "remote": Attr(7, Form.IPV4),
    "ttl": Attr(8, Form.U8),
    "tos": Attr(9, Form.U8),
    "pmtudisc": Attr(10, Form.U8),
    **_encap(14),
    "ignore_df": Attr(19, Form.U8),
    "fwmark": Attr(20, Form.U32),
}
_GRE_OVER_IPV6: Final = {
    **_GRE,
    "local": Attr(6, Form.IPV6),
    "remote": Attr(7, Form.IPV6),
    "ttl": Attr(8, Form.U8),
    "encap_limit": Attr(11, Form.U8),
    "flowinfo": Attr(12, Form.U32_BE),
    "flags": Attr(13, Form.U32_LOW),
    **_encap(14),
    "fwmark": Attr(20, Form.U32),
}
_NOT_ZERO: Final[Mapping[str, int | bool | str]] = {"local": "", "remote": "", "pmtudisc": 1, "collect_metadata": False}
_KEPT: Final = frozenset(
    {"ignore_df", "encap_type", "encap_flags", "encap_sport", "encap_dport", *_SIT.keys() - {"flags"}}
)
_FIXED: Final = frozenset({"proto", "collect_metadata"})


def is_kept(kind: str, key: str) -> bool:
    """Whether the driver leaves an attribute as it is when a change does not say it: few are so."""
    return key in _KEPT or (key == "fwmark" and kind not in _OVER_IPV6)


def _kind(
    name: str, attrs: dict[str, Attr], protocol: int, mtus: tuple[int, int], type: int, sides: Side | None = None
) -> LinkKind:
    defaults: dict[str, int | bool | str | tuple[str, ...]] = {
        key: _NOT_ZERO.get(key, 0) for key in attrs if key != "link" and not key.startswith("6rd")
    }
    if protocol:
        defaults["proto"] = protocol
    if name == "sit":
        defaults["ttl"] = 64
    return LinkKind(
        name=name,
        attrs=attrs,
        fixed=_FIXED & attrs.keys() - ({"proto"} if name == "ip6tnl" else set()),
        barriers={"remote": sides} if sides else {},
        mtus=mtus,
        defaults=defaults,
        type=type,
        whole=True,
        no_vlans=type != ETHERNET,
        identity=_identity,
        rebinds=frozenset(attrs) if name in _OVER_IPV6 else frozenset({"link", "fwmark", "iflags", "oflags"}),
    )


IPIP = _kind("ipip", _OVER_IPV4, 4, ANY_MTU, 768, only(""))
SIT = _kind("sit", _OVER_IPV4 | _SIT, 41, (1280, 65555), 776, only(""))
GRE = _kind("gre", _GRE_OVER_IPV4, 0, ANY_MTU, 778, reach)
GRETAP = _kind("gretap", _GRE_OVER_IPV4, 0, (68, 0), ETHERNET)
IP6TNL = _kind("ip6tnl", _IP6TNL, 0, (68, 65535), 769)
IP6GRE = _kind("ip6gre", _GRE_OVER_IPV6, 0, ANY_MTU, 823)
IP6GRETAP = _kind("ip6gretap", _GRE_OVER_IPV6, 0, (68, 0), ETHERNET)
