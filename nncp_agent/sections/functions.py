"""Names like `sriov:eth1:0`: the interface of virtual function 0 of eth1, whatever it is called (nmstate.md 3.3).

They stand wherever a policy speaks of an interface. What is remembered is the name that the interface has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from netkernel.ethtool import DEVICES, VIRTUAL_FUNCTIONS
from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.records import Attrs, Hardware, Link
from nncp_agent.errors import Problem
from nncp_agent.model import Ethernet, Interface, NetworkState, State
from nncp_agent.spelling import FUNCTION, virtual_function

_BELOW = ("base_iface", "port1", "port2")
"""Fields of sections in which one interface is named; `port` has several."""
_LONGEST: Final = 15
"""Bytes of a link's name (IFNAMSIZ, linux/if.h)."""


def mentioned(state: NetworkState) -> Iterator[str]:
    """Every such name in the policy."""
    for iface in state.interfaces or ():
        yield from (each for each in _names(iface) if each.startswith(FUNCTION))
    for route in (state.routes.config if state.routes else None) or ():
        if (route.next_hop_interface or "").startswith(FUNCTION):
            yield str(route.next_hop_interface)
    for rule in (state.route_rules.config if state.route_rules else None) or ():
        if (rule.iif or "").startswith(FUNCTION):
            yield str(rule.iif)


def _names(iface: Interface) -> Iterator[str]:
    yield iface.name
    yield iface.controller or ""
    yield iface.copy_mac_from or ""
    if iface.config is not None:
        yield from (getattr(iface.config, field, None) or "" for field in _BELOW)
        ports = getattr(iface.config, "port", None)
        if isinstance(ports, tuple):  # and not a macsec's, which is a number
            yield from (each if isinstance(each, str) else each.name for each in ports)


def links(state: NetworkState, before: Host) -> tuple[Mapping[str, str], list[Problem]]:
    """The kernel's name for each that the policy mentions, and what is wrong with those that have none."""
    asked = list(dict.fromkeys(mentioned(state)))
    found: dict[str, str] = {}
    problems: list[Problem] = []
    if not asked:
        return found, problems
    by_device = {link.parent: link.name for link in before.links.values() if link.parent}
    unneeded = _unneeded(state)
    for name in asked:
        nic, id = virtual_function(name)
        nic = _called(nic, before.links.values())
        device = _facts(nic, before).get(str(id))
        if device in by_device:
            found[name] = by_device[str(device)]
        elif name not in unneeded:
            problems.append(Problem(name, _why_not(nic, id, str(device or ""), before)))
    return found, problems


def first(state: NetworkState, before: Host) -> NetworkState | None:
    """What has to be done before the rest can be planned: NICs get virtual functions whose interfaces the policy uses,
    and which are not there yet. None where there are none of these."""
    nics = {nic for nic, _ in _coming(state, before)}
    made = [
        Interface(name=each.name, type=each.type, state=each.state, ethernet=Ethernet(sr_iov=each.ethernet.sr_iov))
        for each in state.interfaces or ()
        if each.ethernet is not None and _called(each.name, before.links.values()) in nics
    ]
    return NetworkState(interfaces=tuple(made)) if made else None


def imagined(state: NetworkState, before: Host, then: Host) -> Host:
    """`then`, which is what becomes of `before` by that, with these interfaces as well. What they will be called, and
    their MACs, is a guess."""
    links, hardware = dict(then.links), dict(then.hardware)
    for nic, id in _coming(state, before):
        below = links[nic]
        device, index = f"{below.parent}/{id}", 1 + max(each.index for each in links.values())
        mac = f"02:00:00:00:{index >> 8 & 255:02x}:{index & 255:02x}"
        attrs = {**below.attrs, "up": False, "master": "", "altnames": (), "address": mac}
        name = _guess(nic, id, links)
        links[name] = replace(below, name=name, attrs=attrs, index=index, parent=device, port={}, perm_address=mac)
        have = hardware.get(nic, Hardware())
        known = {**have.facts.get(DEVICES, {}), str(id): device}
        hardware[nic] = Hardware(have.settings, {**have.facts, DEVICES: known})
    return replace(then, links=links, hardware=hardware)


def _unneeded(state: NetworkState) -> set[str]:
    return {each.name for each in state.interfaces or () if each.state in (State.ABSENT, State.IGNORE)}


def _guess(nic: str, id: int, links: Mapping[str, Link]) -> str:
    """As systemd calls them (systemd.net-naming-scheme(7)): v and the number behind the NIC's."""
    number = f"v{id}"
    name = nic[: _LONGEST - len(number)] + number
    return name if name not in links else f"{number}-{nic}"[:_LONGEST]


def _coming(state: NetworkState, before: Host) -> list[tuple[str, int]]:
    """NIC and number of each that is used, has no interface, and will be made by the same policy."""
    totals = {}
    for each in state.interfaces or ():
        total = each.ethernet.sr_iov.total_vfs if each.ethernet is not None and each.ethernet.sr_iov else None
        if total is not None and each.state in (None, State.UP):
            totals[_called(each.name, before.links.values())] = total
    if not totals:
        return []
    found = []
    there = {link.parent for link in before.links.values() if link.parent}
    unneeded = _unneeded(state)
    for name in dict.fromkeys(each for each in mentioned(state) if each not in unneeded):
        nic, id = virtual_function(name)
        nic = _called(nic, before.links.values())
        has = before.hardware.get(nic, Hardware()).settings.get(VIRTUAL_FUNCTIONS, {}).get("total-vfs")
        if nic in before.links and id < totals.get(nic, 0) != has and _facts(nic, before).get(str(id)) not in there:
            found.append((nic, id))
    return found


def _called(nic: str, there: Iterable[Link]) -> str:
    """The NIC may go by an alternative name."""
    return next((link.name for link in there if nic in link.altnames), nic)


def _facts(nic: str, before: Host) -> Attrs:
    return before.hardware.get(nic, Hardware()).facts.get(DEVICES, {})


def _why_not(nic: str, id: int, device: str, before: Host) -> str:
    if nic not in before.links:
        return f"there is no {nic} on this host"
    settings = before.hardware.get(nic, Hardware()).settings.get(VIRTUAL_FUNCTIONS)
    if settings is None:
        return f"there can be no virtual functions of {nic}"
    total = settings["total-vfs"]
    if isinstance(total, int) and id >= total:
        has = f"{total} virtual function{'s' if total != 1 else ''}" if total else "no virtual functions"
        return f"{nic} has {has}, wanted at least {id + 1}: first apply a policy with more total-vfs"
    where = f" ({device.partition('/')[2]})" if device else ""
    return f"virtual function {id} of {nic}{where} has no interface here: no driver has it, or it is in a namespace"
