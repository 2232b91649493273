"""The `type` of an interface in nmstate's words, and whether policies manage such."""

from __future__ import annotations

from netkernel.records import Link
from netkernel.typed import Final

_MANAGED: Final = {
    "bond": "bond",
    "bridge": "linux-bridge",
    "dummy": "dummy",
    "hsr": "hsr",
    "ipvlan": "ipvlan",
    "macsec": "macsec",
    "macvlan": "mac-vlan",
    "macvtap": "mac-vtap",
    "veth": "veth",
    "vlan": "vlan",
    "vrf": "vrf",
    "vxlan": "vxlan",
}
"""By IFLA_INFO_KIND."""
_BARE: Final = {1: "ethernet", 772: "loopback"}
"""By ARPHRD_* of linux/if_arp.h, for links without IFLA_INFO_KIND."""
_WORDS: Final = {"openvswitch": "ovs-bridge"}
"""Where nmstate's word is not the kernel's in lower case."""
_INFINIBAND: Final = 32


def of(link: Link) -> tuple[str, bool]:
    """The word, and whether it is managed; links of other kinds have the kernel's word, and are left alone."""
    if link.kind:
        word = _MANAGED.get(link.kind)
        if word is not None:
            return word, True
        lower = link.kind.lower()
        return _WORDS.get(lower, lower), False
    word = _BARE.get(link.type)
    if word is not None:
        return word, True
    return "infiniband" if link.type == _INFINIBAND else "unknown", False
