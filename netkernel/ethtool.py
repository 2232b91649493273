"""The settings of ethtool(8) by section, and how they stand in generic netlink (linux/ethtool_netlink.h). Pure data."""

from __future__ import annotations

from collections.abc import Mapping

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

SECTIONS: Final[Mapping[str, Section]] = {
    "pause": PAUSE,
    "feature": FEATURE,
    "coalesce": COALESCE,
    "ring": RING,
    "channels": CHANNELS,
}
"""In the order in which they are shown."""
