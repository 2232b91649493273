"""vrf: linux/if_link.h IFLA_VRF_*, drivers/net/vrf.c. A controller whose ports keep their addresses."""

from netkernel.link_kinds.base import Attr, Form, LinkKind
from netkernel.typed import Final

MTU: Final = 65575
"""Bytes: what the driver sets, 64 kB and an IPv6 header."""

KIND = LinkKind(
    name="vrf",
    attrs={"table": Attr(1, Form.U32)},
    fixed=frozenset({"table"}),
    mtus=(1280, 65575),
    no_vlans=True,
    keeps_frames=True,
    not_with=frozenset({"vrf"}),
)
