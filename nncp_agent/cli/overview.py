"""A state for people: interfaces by type in a table, or as the tree of what sits on what."""

from __future__ import annotations

from collections.abc import Mapping

from netkernel.host import Host
from nncp_agent.cli import glance
from nncp_agent.cli import table as tables
from nncp_agent.cli import tree as trees
from nncp_agent.cli.terminal import Style
from nncp_agent.model import Interface, NetworkState, State

HEADERS = ("NAME", "STATE", "SPEED", "MTU", "ADDRESSES", "PORTS", "WHAT", "IN", "OWNER", "MANAGED BY", "MAC")
EXPENDABLE = ("MTU", "MAC", "OWNER", "SPEED", "MANAGED BY", "WHAT", "IN", "PORTS")
"""On a narrow terminal, in this order."""
MANY_PORTS = 8

Held = Mapping[str, glance.By]
"""Who else has a hand in which interface."""


def table(state: NetworkState, host: Host, held: Held, style: Style, *, everything: bool = False) -> str:
    """One group of rows for each type. `everything` also has link-local addresses and ports beyond the first eight."""
    groups: dict[str, list[tables.Row]] = {}
    for interface in sorted(state.interfaces or (), key=lambda each: (each.type or "", each.name)):
        groups.setdefault(interface.type or "unknown", []).append(
            _row(interface, host, held.get(interface.name), everything)
        )
    return tables.render(HEADERS, groups, style, lambda header, text: _paint(style, header, text), EXPENDABLE)


def tree(state: NetworkState, host: Host, held: Held, style: Style, *, everything: bool = False) -> str:
    """Each interface above those it stands on: its ports, its base."""
    by_name = {interface.name: interface for interface in state.interfaces or ()}
    below = {name: [*glance.ports(each), *glance.below(each)] for name, each in by_name.items()}

    def describe(name: str) -> str:
        interface = by_name.get(name)
        if interface is None:
            return ""
        owner = f"owned by {interface.owner}" if interface.owner else ""
        by = held.get(name)
        hands = (by.whole if everything else by.short) if by else ""
        words = [
            interface.type or "",
            glance.brief(interface),
            *glance.states(interface, host),
            glance.speed(interface, host),
            glance.mtu(interface),
            owner,
            f"by {hands}" if hands else "",
        ]
        return ", ".join(word for word in (*words, *glance.addresses(interface, everything)) if word)

    return trees.render(below, describe, style)


def _row(interface: Interface, host: Host, by: glance.By | None, everything: bool) -> tables.Row:
    ports = glance.ports(interface)
    if len(ports) > MANY_PORTS and not everything:
        ports = [*ports[:MANY_PORTS], f"… {len(ports) - MANY_PORTS} more"]
    on = " on ".join(word for word in (glance.brief(interface), ", ".join(glance.below(interface))) if word)
    return (
        interface.name,
        ", ".join(glance.states(interface, host)),
        glance.speed(interface, host),
        str(interface.mtu or ""),
        glance.addresses(interface, everything),
        tables.packed(ports, 24),
        on,
        interface.controller or "",
        interface.owner or "",
        by.short if by else "",
        glance.mac(interface),
    )


def _paint(style: Style, header: str, text: str) -> str:
    if header == "STATE":
        return style.alarming(text) if "no carrier" in text else text if text.startswith(State.UP) else style.dim(text)
    return style.dim(text) if header == "MAC" else text
