"""The settings of ethtool(8) by section, and how they stand in generic netlink (linux/ethtool_netlink.h). Pure data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from netkernel.frozen import Frozen
from netkernel.typed import Final

FAMILY: Final = "ethtool"
"""ETHTOOL_GENL_NAME."""
ACTIVE: Final = "active"
FIXED: Final = "fixed"
"""Facts: features as the driver has them now, and those that nobody can change."""


class Section(Frozen):
    """`get` and `set` are ETHTOOL_MSG_ commands; the others are attribute numbers by setting.

    `numbers` are u32 on the wire, `flags` u8 that are 0 or 1; `largest` are the u32 of what `numbers` may be at most.
    """

    get: int
    set: int
    numbers: Mapping[str, int] = {}
    flags: Mapping[str, int] = {}
    largest: Mapping[str, int] = {}


PAUSE: Final = Section(21, 22, flags={"autoneg": 2, "rx": 3, "tx": 4})
RING: Final = Section(
    15, 16,
    numbers={"rx": 6, "rx-mini": 7, "rx-jumbo": 8, "tx": 9},
    largest={"rx": 2, "rx-mini": 3, "rx-jumbo": 4, "tx": 5},
)  # fmt: skip
CHANNELS: Final = Section(
    17, 18,
    numbers={"rx": 6, "tx": 7, "other": 8, "combined": 9},
    largest={"rx": 2, "tx": 3, "other": 4, "combined": 5},
)  # fmt: skip
COALESCE: Final = Section(
    19, 20,
    numbers={
        "rx-usecs": 2, "rx-frames": 3, "rx-usecs-irq": 4, "rx-frames-irq": 5,
        "tx-usecs": 6, "tx-frames": 7, "tx-usecs-irq": 8, "tx-frames-irq": 9,
        "stats-block-usecs": 10, "pkt-rate-low": 13,
        "rx-usecs-low": 14, "rx-frames-low": 15, "tx-usecs-low": 16, "tx-frames-low": 17,
        "pkt-rate-high": 18,
        "rx-usecs-high": 19, "rx-frames-high": 20, "tx-usecs-high": 21, "tx-frames-high": 22,
        "sample-interval": 23,
    },
    flags={"adaptive-rx": 11, "adaptive-tx": 12},
)  # fmt: skip
FEATURE: Final = Section(11, 12)
"""Bits with names, of which the running kernel keeps the list."""

FEC: Final = Section(29, 30)
"""`encoding`: FEC_WORDS in their order; the fact `active` is one of them."""
FEC_WORDS: Final[Mapping[str, int]] = {"auto": -1, "off": 49, "rs": 50, "baser": 51, "llrs": 74}
"""ETHTOOL_LINK_MODE_FEC_ bits; `auto` is an attribute of its own."""
LINK: Final = Section(4, 5, flags={"autoneg": 2}, numbers={"speed": 5})
"""Also `duplex`, one of DUPLEX, and `advertise`: the names of link modes in the order of the kernel's list, of which
the fact `supported` has those the driver could. What was negotiated is no setting: speed in Mb/s and duplex are then
facts alone."""
DUPLEX: Final = ("half", "full")
EEE: Final = Section(23, 24, flags={"enabled": 5, "tx-lpi": 6}, numbers={"tx-lpi-timer": 7})
"""Energy-efficient Ethernet, its timer in microseconds; `advertise` and `supported` as for `LINK`, and the fact whether
it is `active`."""
WAKE: Final = Section(9, 10)
"""Wake-on-LAN. `modes`: words of WAKE_WORDS, of which the fact `supported` has those the driver could."""
WAKE_WORDS: Final = ("phy", "unicast", "multicast", "broadcast", "arp", "magic", "secureon", "filter")
"""WAKE_ bits of linux/ethtool.h in their order, as systemd.link(5) calls them."""
SUPPORTED: Final = "supported"


def is_mode(name: str) -> bool:
    """Whether a name of the kernel's list of link modes is one: ports, pauses and FEC are in it, too."""
    return name.endswith(("/Full", "/Half"))


SECTIONS: Final[Mapping[str, Section]] = {
    "pause": PAUSE,
    "feature": FEATURE,
    "coalesce": COALESCE,
    "ring": RING,
    "channels": CHANNELS,
    "fec": FEC,
    "eee": EEE,
    "wake-on-lan": WAKE,
    "link": LINK,
}
"""In the order in which they are shown."""

VIRTUAL_FUNCTIONS: Final = "sr-iov"
"""A part that is not ethtool's: `total-vfs` and `drivers-autoprobe` of a NIC. Each virtual function that there is has a
section of its own, `vf 0`, `vf 1` and so on."""
DEVICES: Final = "devices"
"""A fact: the devices of virtual functions by their numbers, as `Link.parent` says them."""
MPTCP: Final = "mptcp"
"""A part that is no link's: `Host.endpoints`."""
SPEED: Final = "link"
"""The section that tells how fast a wire is."""
PEERS: Final = "peers"
"""Another: the attribute `peer_netns` of veths, and `Host.namespaces`."""
PARTS: Final = (*SECTIONS, VIRTUAL_FUNCTIONS, MPTCP, PEERS)
"""All that `Host.also` can name."""
_FUNCTION: Final = "vf "


def function(id: int) -> str:
    """The section of a virtual function."""
    return f"{_FUNCTION}{id}"


def function_of(section: str) -> int | None:
    """The number of the virtual function that the section is of; None for other sections."""
    return int(section.removeprefix(_FUNCTION)) if section.startswith(_FUNCTION) else None


def part(section: str) -> str:
    """The part that a section belongs to."""
    return VIRTUAL_FUNCTIONS if section.startswith(_FUNCTION) else section


def in_order(sections: Iterable[str]) -> list[str]:
    """As they are shown and set: virtual functions by number, after how many there are."""

    def place(section: str) -> tuple[int, int]:
        id = function_of(section)
        return PARTS.index(part(section)), -1 if id is None else id

    return sorted(sections, key=place)
