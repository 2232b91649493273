"""A state for people: interfaces by type in a table, or as the tree of what sits on what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netkernel.host import Host
from nncp_agent.cli import table as tables
from nncp_agent.cli import tree as trees
from nncp_agent.cli.terminal import Style
from nncp_agent.kinds import KINDS
from nncp_agent.model import Interface, NetworkState, State

HEADERS = ("NAME", "STATE", "MTU", "ADDRESSES", "PORTS", "WHAT", "IN", "OWNER", "MAC")
EXPENDABLE = ("MTU", "MAC", "OWNER", "WHAT", "IN", "PORTS")
"""On a narrow terminal, in this order."""
MANY_PORTS = 8


def table(state: NetworkState, host: Host, style: Style, *, everything: bool = False) -> str:
    """One group of rows for each type. `everything` also has link-local addresses and ports beyond the first eight."""
    groups: dict[str, list[tables.Row]] = {}
    for interface in sorted(state.interfaces or (), key=lambda each: (each.type or "", each.name)):
        groups.setdefault(interface.type or "unknown", []).append(_row(interface, host, everything))
    return tables.render(HEADERS, groups, style, lambda header, text: _paint(style, header, text), EXPENDABLE)


def tree(state: NetworkState, host: Host, style: Style, *, everything: bool = False) -> str:
    """Each interface above those it stands on: its ports, its base."""
    by_name = {interface.name: interface for interface in state.interfaces or ()}
    below = {name: [*_ports(each), *_below(each)] for name, each in by_name.items()}

    def describe(name: str) -> str:
        interface = by_name.get(name)
        if interface is None:
            return ""
        owner = f"owned by {interface.owner}" if interface.owner else ""
        words = [interface.type or "", _brief(interface), *_states(interface, host), _mtu(interface), owner]
        return ", ".join(word for word in (*words, *_addresses(interface, everything)) if word)

    return trees.render(below, describe, style)


def _row(interface: Interface, host: Host, everything: bool) -> tables.Row:
    ports = _ports(interface)
    if len(ports) > MANY_PORTS and not everything:
        ports = [*ports[:MANY_PORTS], f"… {len(ports) - MANY_PORTS} more"]
    on = " on ".join(word for word in (_brief(interface), ", ".join(_below(interface))) if word)
    return (
        interface.name,
        ", ".join(_states(interface, host)),
        str(interface.mtu or ""),
        _addresses(interface, everything),
        tables.packed(ports, 24),
        on,
        interface.controller or "",
        interface.owner or "",
        _mac(interface),
    )


def _states(interface: Interface, host: Host) -> list[str]:
    """The state, and what an engineer wants to know with it."""
    state = str(interface.state or "")
    link = host.links.get(interface.name)
    return [state, "no carrier"] if link is not None and link.up and not link.carrier else [state]


def _mac(interface: Interface) -> str:
    """A MAC that says something: loopback has none, nor have tunnels, whose "MAC" is an IP address."""
    mac = interface.mac_address or ""
    return mac if len(mac) == 17 and mac.strip("0:") else ""


def _mtu(interface: Interface) -> str:
    return f"mtu {interface.mtu}" if interface.mtu and interface.mtu != 1500 else ""


def _addresses(interface: Interface, everything: bool) -> list[str]:
    """Every interface has a link-local address; in an overview they only hide the others."""
    return [each for each in _with_prefixes(interface) if everything or not each.startswith("fe80:")]


def _with_prefixes(interface: Interface) -> Iterator[str]:
    for stack in (interface.ipv4, interface.ipv6):
        for address in (stack.address if stack else None) or ():
            yield f"{address.ip}/{address.prefix_length}"


def _ports(interface: Interface) -> list[str]:
    kind = KINDS.get(interface.type or "")
    return list((kind.ports(interface) if kind else None) or ())


def _below(interface: Interface) -> Sequence[str]:
    kind = KINDS.get(interface.type or "")
    return [name for name in (kind.below(interface) if kind else ()) if name not in _ports(interface)]


def _brief(interface: Interface) -> str:
    kind = KINDS.get(interface.type or "")
    return kind.brief(interface) if kind else ""


def _paint(style: Style, header: str, text: str) -> str:
    if header == "STATE":
        return style.alarming(text) if "no carrier" in text else text if text.startswith(State.UP) else style.dim(text)
    return style.dim(text) if header == "MAC" else text
