"""The catalogue of link kinds the codec can read and write. Adding one is a file and a line here."""

from collections.abc import Mapping

from netkernel.late import Late
from netkernel.link_kinds.base import Attr, Form, LinkKind, enumerated
from netkernel.typed import Final

COMMON: Final[Mapping[str, Attr]] = {
    "up": Attr(0, Form.FLAG, bit=0x1),  # IFF_UP, linux/if.h
    "promisc": Attr(0, Form.FLAG, bit=0x100),  # IFF_PROMISC: the flag, never IFLA_PROMISCUITY's counter
    "allmulti": Attr(0, Form.FLAG, bit=0x200),  # IFF_ALLMULTI, as it was set by a user, too
    "address": Attr(1, Form.MAC),
    "mtu": Attr(4, Form.U32),
    "link": Attr(5, Form.LINK),
    "master": Attr(10, Form.LINK),
    "txqlen": Attr(13, Form.U32),
    "alias": Attr(20, Form.TEXT),
    "group": Attr(27, Form.U32),
    "altnames": Attr(52, Form.NAMES),  # IFLA_PROP_LIST of IFLA_ALT_IFNAME
    "addr_gen_mode": enumerated(8, Form.U8, "eui64", "none", "stable_secret", "random"),  # IFLA_AF_SPEC/AF_INET6
    "token": Attr(7, Form.IPV6),  # likewise: the lower half of autoconfigured addresses (IFLA_INET6_TOKEN)
}
"""Attributes every link has (linux/if_link.h IFLA_*)."""

KINDS: Final[Mapping[str, LinkKind]] = Late(
    __name__,
    {
        "bond": "bond.KIND",
        "bridge": "bridge.KIND",
        "dummy": "dummy.KIND",
        "geneve": "geneve.KIND",
        "gre": "ip_tunnel.GRE",
        "gretap": "ip_tunnel.GRETAP",
        "hsr": "hsr.KIND",
        "ip6gre": "ip_tunnel.IP6GRE",
        "ip6gretap": "ip_tunnel.IP6GRETAP",
        "ip6tnl": "ip_tunnel.IP6TNL",
        "ipip": "ip_tunnel.IPIP",
        "ipvlan": "ipvlan.KIND",
        "ipoib": "ipoib.KIND",
        "macsec": "macsec.KIND",
        "macvlan": "macvlan.MACVLAN",
        "macvtap": "macvlan.MACVTAP",
        "sit": "ip_tunnel.SIT",
        "tun": "tun.KIND",
        "veth": "veth.KIND",
        "vlan": "vlan.KIND",
        "vrf": "vrf.KIND",
        "vxlan": "vxlan.KIND",
    },
)
"""By IFLA_INFO_KIND."""

__all__ = ["COMMON", "KINDS", "Attr", "Form", "LinkKind"]
