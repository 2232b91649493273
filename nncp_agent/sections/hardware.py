"""What a policy sets drivers to (`ethtool`, `ethernet`), and which parts of the host one has to look at for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from netkernel.ethtool import (
    FEC_WORDS,
    PEERS,
    SECTIONS,
    VIRTUAL_FUNCTIONS,
    WAKE_WORDS,
    function,
    function_of,
    is_mode,
    part,
)
from netkernel.records import Attrs, Value
from nncp_agent.model import Ethernet, Interface, NetworkState, State
from nncp_agent.sections import functions, mptcp

LINK_WORDS: Final = {
    "autoneg": "auto-negotiation",
    "speed": "speed",
    "duplex": "duplex",
    "advertise": "advertise",
}
"""Settings of the section `link`, and what a policy calls them."""


def stated(iface: Interface) -> Mapping[str, Attrs]:
    """By section, in the kernel's words. What is down or gone has no such settings."""
    return {} if iface.state in (State.DOWN, State.ABSENT, State.IGNORE) else _said(iface)


def needed(desired: NetworkState, committed: NetworkState | None = None) -> frozenset[str]:
    """The parts of a host (`Host.also`) that deciding about `desired` needs; it may take up what is committed."""
    names = {iface.name for iface in desired.interfaces or ()}
    earlier = [iface for iface in (committed.interfaces if committed else None) or () if iface.name in names]
    every = (*(desired.interfaces or ()), *earlier)
    found = {part(section) for iface in every for section in _said(iface)}
    if any(iface.ethernet and iface.ethernet.sr_iov and iface.ethernet.sr_iov.vfs is not None for iface in every):
        found.add(VIRTUAL_FUNCTIONS)
    if any(getattr(iface.config, "peer_netns", None) for iface in every):
        found.add(PEERS)
    if next(functions.mentioned(desired), None) is not None:
        found.add(VIRTUAL_FUNCTIONS)
    return frozenset(found) | mptcp.needed(desired, committed)


def is_as_asked(key: str, asked: Value, found: Value | None) -> bool:
    """Where a driver chooses an encoding by itself, it tells those it chooses from beside `auto`; of what is advertised
    only link modes are asked for, in any order.
    """
    if key in ("advertise", "modes"):
        return set(modes(asked)) == set(modes(found))
    if key == "encoding" and isinstance(asked, tuple) and isinstance(found, tuple) and "auto" in asked:
        return set(asked) <= set(found)
    return found == asked


def modes(value: Value | None) -> tuple[str, ...]:
    """The modes among words for what there is: ports and pauses are not."""
    return tuple([each for each in value if is_mode(each) or each in WAKE_WORDS]) if isinstance(value, tuple) else ()


def place(section: str, key: str = "") -> str:
    """Where a policy says a setting, as in `ethtool.ring.rx`."""
    if section == "link":
        return f"ethernet.{LINK_WORDS[key]}" if key else "ethernet"
    if part(section) == VIRTUAL_FUNCTIONS:
        id = function_of(section)
        words = ["ethernet.sr-iov", *([] if id is None else [f"vfs.{id}"]), *([key] if key else [])]
        return ".".join(words)
    return f"ethtool.{section}.{key}" if key else f"ethtool.{section}"


def _said(iface: Interface) -> Mapping[str, Attrs]:
    found: dict[str, Attrs] = {}
    for section in SECTIONS if iface.ethtool is not None else ():
        model = getattr(iface.ethtool, section.replace("-", "_"), None)
        values = model if isinstance(model, Mapping) else msgspec.to_builtins(model) if model is not None else {}
        if section == "fec" and "encoding" in values:
            values = {"encoding": tuple(word for word in FEC_WORDS if word in values["encoding"])}
        values = {key: tuple(each) if isinstance(each, list) else each for key, each in values.items()}
        if values:
            found[section] = values
    for section, values in _ethernet(iface.ethernet).items() if iface.ethernet is not None else ():
        if values:
            found[section] = values
    return found


def _ethernet(ethernet: Ethernet) -> dict[str, Attrs]:
    """With `vfs: []` there is still something to look at: what they have goes."""
    said = {
        "autoneg": ethernet.auto_negotiation,
        "speed": ethernet.speed,
        "duplex": ethernet.duplex,
        "advertise": ethernet.advertise,
    }
    found: dict[str, Attrs] = {"link": {key: value for key, value in said.items() if value is not None}}
    if (sr_iov := ethernet.sr_iov) is not None:
        counted = {"drivers-autoprobe": sr_iov.drivers_autoprobe, "total-vfs": sr_iov.total_vfs}
        found[VIRTUAL_FUNCTIONS] = {key: value for key, value in counted.items() if value is not None}
        for each in sr_iov.vfs or ():
            values = {key: value for key, value in msgspec.to_builtins(each).items() if key != "id"}
            if "mac-address" in values:
                values["mac-address"] = values["mac-address"].lower()
            found[function(each.id)] = values
    return found
