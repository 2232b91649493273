"""`ethtool` of interfaces: what is stated, and which parts of the host one has to look at for it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from netkernel.ethtool import SECTIONS
from netkernel.records import Attrs
from nncp_agent.model import Interface, NetworkState, State


def stated(iface: Interface) -> Mapping[str, Attrs]:
    """By section, in the kernel's words. What is down or gone has no such settings."""
    return {} if iface.state in (State.DOWN, State.ABSENT, State.IGNORE) else _said(iface)


def needed(desired: NetworkState, committed: NetworkState | None = None) -> frozenset[str]:
    """The parts of a host (`Host.also`) that deciding about `desired` needs; it may take up what is committed."""
    names = {iface.name for iface in desired.interfaces or ()}
    earlier = [iface for iface in (committed.interfaces if committed else None) or () if iface.name in names]
    return frozenset(section for iface in (*(desired.interfaces or ()), *earlier) for section in _said(iface))


def _said(iface: Interface) -> Mapping[str, Attrs]:
    found: dict[str, Attrs] = {}
    for section in SECTIONS if iface.ethtool is not None else ():
        model = getattr(iface.ethtool, section)
        values = model if isinstance(model, Mapping) else msgspec.to_builtins(model) if model is not None else {}
        if values:
            found[section] = values
    return found
