"""What nmstate's documents may hold and this version does not do: refused when it asks for something, else ignored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from nncp_agent.wire.readers import Nested, Reader
from nncp_agent.wire.report import Path, Report

YET: Final = "not supported by this version yet"
CAPTURES: Final = "captures are made on a host, by plan and apply; `nncp policy` prints the state that comes of them"
OVS: Final = "Open vSwitch is not managed here; use ovs-vsctl, or nmstate with NetworkManager"

TYPES_ELSEWHERE: Final[Mapping[str, str]] = {
    "ovs-bridge": OVS,
    "ovs-interface": OVS,
    "ipsec": "IPsec is not managed here; use Libreswan's ipsec",
    "team": "teams are not managed here; use a bond",
}
_DOT1X: Final = "802.1X is not done here; use wpa_supplicant on the interface"
_ELSEWHERE: Final = (YET, _DOT1X, *TYPES_ELSEWHERE.values())


def is_not_done_here(message: str) -> bool:
    """Whether a problem says that nmstate knows a thing and we do not do it, and not that the thing is wrong."""
    return any(words in message for words in _ELSEWHERE)


TYPES_LATER: Final[frozenset[str]] = frozenset()
TYPES_SHOWN: Final = frozenset({"xfrm", "unknown", "other"})
"""Printed by `show`; nobody can ask for them."""


def asks_nothing(value: object, depth: int = 8) -> bool:
    """Whether a section, printed by `show` for something that is not there, asks for nothing."""
    if isinstance(value, dict) and depth:
        return all(asks_nothing(each, depth - 1) for each in value.values())
    if isinstance(value, list) and depth:
        return all(asks_nothing(each, depth - 1) for each in value)
    return value is None or value is False or value == ""


def refused(why: str) -> Reader:
    """A section that may stand there as long as it asks for nothing."""
    return Reader(nested=_refuse(why))


def _refuse(why: str) -> Nested:
    def read(value: Any, path: Path, report: Report) -> None:
        if not asks_nothing(value):
            report.problem(path, why)

    return read


SECTIONS: Final[Mapping[str, Reader]] = {
    "802.1x": refused(_DOT1X),
    "libreswan": refused(TYPES_ELSEWHERE["ipsec"]),
    "ovs-db": refused(OVS),
    "patch": refused(OVS),
    "dpdk": refused(OVS),
}
"""Keys of an interface."""

SHOWN_WITH: Final = frozenset({"driver", "permanent-mac-address", "min-mtu", "max-mtu"})
"""An interface with one of these was printed by `show`, so its settings are what it has, not what somebody wants."""

TOP: Final[Mapping[str, Reader]] = {
    "ovs-db": refused(OVS),
    "ovn": refused(OVS),
    "capture": refused(CAPTURES),
}
"""Keys of a whole state."""
