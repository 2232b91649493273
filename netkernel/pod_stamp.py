"""The owner stamp of a pod's port, which cnv-bridge writes and others read: whose it is and where (`netkernel.owner`).

`nncp:cni:<container>/<interface>/<network>/<bridge>`; a VLAN follows the bridge behind an `@`, and behind a second one
`rules` where something stands in nftables or iptables, too. A container or network whose name is too long for that
stands there as its hash. The bridge keeps two definitions apart that share a network's name.
"""

from __future__ import annotations

import re

from netkernel import owner
from netkernel.digests import sha256
from netkernel.frozen import Frozen
from netkernel.typed import Final

OWNER: Final = "cni"
_RULES: Final = "@rules"
_LONGEST: Final = 80
"""Of a container's id (64 where it is a hash) and of a network's name, so that all fits in an alias."""


class Attachment(Frozen):
    """`place` is the bridge, with the VLAN if there is one; `container` and `network` are as in the stamp.

    `has_rules`: something was put into nftables or iptables for it.
    """

    container: str
    ifname: str
    network: str
    place: str
    has_rules: bool = False

    @property
    def alias(self) -> str:
        rules = ("" if self.vlan else "@") + _RULES if self.has_rules else ""
        return owner.stamp(OWNER, "/".join((self.container, self.ifname, self.network, self.place + rules)))

    @property
    def bridge(self) -> str:
        return self.place.partition("@")[0]

    @property
    def vlan(self) -> int:
        """0 for none."""
        return int(self.place.partition("@")[2] or 0)

    def is_of(self, network: str, place: str) -> bool:
        return (self.network, self.place) == (short(network), place)


def attachment(
    container: str, ifname: str, network: str, bridge: str, vlan: int, has_rules: bool = False
) -> Attachment:
    return Attachment(short(container), ifname, short(network), place(bridge, vlan), has_rules)


def place(bridge: str, vlan: int) -> str:
    return f"{bridge}@{vlan}" if vlan else bridge


def read(alias: str) -> Attachment | None:
    """The attachment in a link's alias; None for a link that is nobody's or somebody else's."""
    found = owner.read(alias)
    parts = found.id.split("/") if found and found.owner == OWNER else []
    said = re.fullmatch(rf"([^@]+?(?:@[0-9]{{1,4}})?)(@?{_RULES})?", parts[3]) if len(parts) == 4 else None
    if said is None:
        return None
    container, ifname, network, _ = parts
    return Attachment(container, ifname, network, said[1], bool(said[2]))


def short(name: str) -> str:
    """A name as stamps have it."""
    return name if len(name) <= _LONGEST else f"#{sha256(name.encode()).hexdigest()}"
