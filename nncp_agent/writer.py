"""Models as plain nmstate-shaped dicts: the half of `wire` that `show` needs, without all that reads and judges."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec

from nncp_agent.kinds import KINDS
from nncp_agent.kinds.base import Kind
from nncp_agent.model import Interface, Model, NetworkState


def encode(state: NetworkState) -> dict[str, Any]:
    """A state as nmstate writes it: lists, dicts and scalars, an interface's name, type and state first."""
    # Through JSON, because that makes lists of tuples at the speed of C.
    tree: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(state))
    for entry in tree.get("route-rules", {}).get("config", ()):
        entry |= {key: f"{entry[key]:#x}" for key in ("fwmark", "fwmask") if key in entry}  # as nmstate shows them
    for interface, encoded in zip(state.interfaces or (), tree.get("interfaces", ()), strict=True):
        if interface.config is not None:
            kind = _kind_of(interface, type(interface.config))
            encoded[kind.subtree] = kind.shown(encoded.pop("config"))
    return tree


def _kind_of(interface: Interface, Config: type[Model]) -> Kind:
    """That of its section, which may say more than its type: not every policy states one."""
    kind = KINDS.get(interface.type or "")
    return kind if kind is not None and kind.Config is Config else _by_config()[Config]


@cache
def _by_config() -> Mapping[type[Model], Kind]:
    return {kind.Config: kind for kind in KINDS.values() if kind.Config is not None}
