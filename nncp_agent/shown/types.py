"""The `type` of an interface in nmstate's words, and whether policies manage such."""

from __future__ import annotations

from netkernel import owner
from netkernel.records import Link
from netkernel.typed import Final

_MANAGED: Final = {
    "bond": "bond",
    "bridge": "linux-bridge",
    "dummy": "dummy",
    "geneve": "geneve",
    "gre": "ip-tunnel",
    "gretap": "ip-tunnel",
    "hsr": "hsr",
    "ip6gre": "ip-tunnel",
    "ip6gretap": "ip-tunnel",
    "ip6tnl": "ip-tunnel",
    "ipip": "ip-tunnel",
    "ipoib": "infiniband",
    "ipvlan": "ipvlan",
    "macsec": "macsec",
    "macvlan": "mac-vlan",
    "macvtap": "mac-vtap",
    "sit": "ip-tunnel",
    "veth": "veth",
    "vlan": "vlan",
    "vrf": "vrf",
    "vxlan": "vxlan",
    "wireguard": "wireguard",
}
"""By IFLA_INFO_KIND."""
FALLBACKS: Final = {
    "tunl0": "ipip", "sit0": "sit", "gre0": "gre", "gretap0": "gretap", "ip6tnl0": "ip6tnl", "ip6gre0": "ip6gre",
}  # fmt: skip
"""Links that the drivers make by themselves in every namespace: nobody can delete them, and few change them."""
_BARE: Final = {1: "ethernet", 772: "loopback"}
"""By ARPHRD_* of linux/if_arp.h, for links without IFLA_INFO_KIND."""
_WORDS: Final = {"openvswitch": "ovs-bridge"}
"""Where nmstate's word is not the kernel's in lower case."""
_INFINIBAND: Final = 32


def of(link: Link) -> tuple[str, bool]:
    """The word, and whether it is managed; links of other kinds have the kernel's word, and are left alone.

    So are the tunnels that the kernel makes by itself, which nobody can delete.
    """
    if link.kind == "tun":
        return link.kind, stays(link)
    if link.kind:
        word = _MANAGED.get(link.kind)
        if word is not None and FALLBACKS.get(link.name) != link.kind:
            return word, True
        lower = link.kind.lower()
        return _WORDS.get(lower, lower), False
    word = _BARE.get(link.type)
    if word is not None:
        return word, True
    return "infiniband" if link.type == _INFINIBAND else "unknown", False


def stays(link: Link) -> bool:
    """Whether a tun or tap outlives who has it open, and carries no stamp: others are a process's or a pod's."""
    return bool(link.facts.get("persist")) and owner.read(link.alias) is None
