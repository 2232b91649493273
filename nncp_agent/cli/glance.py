"""What people want to know of an interface at a glance, in a few words each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from os.path import basename
from typing import Final

from netkernel.frozen import Frozen
from netkernel.host import Host
from nncp_agent.kinds import KINDS
from nncp_agent.managers.base import Holder
from nncp_agent.managers.udev import VENDORS, LinkFile
from nncp_agent.model import Interface

_WIRED: Final = frozenset({"", "bond"})
"""IFLA_INFO_KIND of what has wires."""


class By(Frozen):
    """Who else has a hand in an interface: in a few words, and with profiles, files and policies."""

    short: str
    whole: str


def hands(holders: Mapping[str, Holder], named: Mapping[str, LinkFile], everything: bool) -> dict[str, By]:
    """`everything` also has udev's word where that is only what comes with it and fits every link."""
    found = {}
    for name in holders.keys() | named.keys():
        short, whole = [], []
        if holder := holders.get(name):
            short, whole = [holder.name], [str(holder)]
        if file := named.get(name):
            if everything or basename(file.path) != VENDORS:
                short.append(f"udev ({basename(file.path)})")
            whole.append(f"udev ({file.path}: {file.policies})" if file.policies else f"udev ({file.path})")
        found[name] = By(", ".join(short), "; ".join(whole))
    return found


def states(interface: Interface, host: Host) -> list[str]:
    """The state, and what an engineer wants to know with it."""
    state = str(interface.state or "")
    link = host.links.get(interface.name)
    return [state, "no carrier"] if link is not None and link.up and not link.carrier else [state]


def speed(interface: Interface, host: Host) -> str:
    """How fast its wire is, or a bond's wires together; what a virtual link says of itself is no news to anybody."""
    link, hardware = host.links.get(interface.name), host.hardware.get(interface.name)
    if link is None or hardware is None or link.kind not in _WIRED or not link.carrier:
        return ""
    facts = hardware.facts.get("link", {})
    mbits = facts.get("speed")
    if not isinstance(mbits, int) or mbits <= 0:
        return ""
    fast = f"{mbits / 1000:g} Gb/s" if mbits >= 1000 else f"{mbits} Mb/s"
    return f"{fast} half duplex" if facts.get("duplex") == "half" else fast


def mac(interface: Interface) -> str:
    """A MAC that says something: loopback has none, nor have tunnels, whose "MAC" is an IP address."""
    mac = interface.mac_address or ""
    return mac if len(mac) == 17 and mac.strip("0:") else ""


def mtu(interface: Interface) -> str:
    return f"mtu {interface.mtu}" if interface.mtu and interface.mtu != 1500 else ""


def addresses(interface: Interface, everything: bool) -> list[str]:
    """Every interface has a link-local address; in an overview they only hide the others."""
    return [each for each in _with_prefixes(interface) if everything or not each.startswith("fe80:")]


def _with_prefixes(interface: Interface) -> Iterator[str]:
    for stack in (interface.ipv4, interface.ipv6):
        for address in (stack.address if stack else None) or ():
            flags = f" ({', '.join(address.flags)})" if address.flags else ""
            yield f"{address.ip}/{address.prefix_length}{flags}"


def ports(interface: Interface) -> list[str]:
    kind = KINDS.get(interface.type or "")
    return list((kind.ports(interface) if kind else None) or ())


def below(interface: Interface) -> Sequence[str]:
    kind = KINDS.get(interface.type or "")
    return [name for name in (kind.below(interface) if kind else ()) if name not in ports(interface)]


def brief(interface: Interface) -> str:
    kind = KINDS.get(interface.type or "")
    return kind.brief(interface) if kind else ""


def family(interface: Interface) -> str:
    kind = KINDS.get(interface.type or "")
    return kind.family if kind else "other"
