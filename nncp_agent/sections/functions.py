"""Names like `sriov:eth1:0`: the interface of virtual function 0 of eth1, whatever it is called (nmstate.md 3.3).

They stand wherever a policy speaks of an interface. What is remembered is the name that the interface has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from netkernel.ethtool import DEVICES, VIRTUAL_FUNCTIONS
from netkernel.host import Host
from netkernel.records import Attrs, Hardware, Link
from nncp_agent.errors import Problem
from nncp_agent.model import Interface, NetworkState, State
from nncp_agent.spelling import FUNCTION, virtual_function

_BELOW = ("base_iface", "port1", "port2")
"""Fields of sections in which one interface is named; `port` has several."""


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
    unneeded = {each.name for each in state.interfaces or () if each.state in (State.ABSENT, State.IGNORE)}
    for name in asked:
        nic, id = virtual_function(name)
        nic = _called(nic, before.links.values())
        device = _facts(nic, before).get(str(id))
        if device in by_device:
            found[name] = by_device[str(device)]
        elif name not in unneeded:
            problems.append(Problem(name, _why_not(nic, id, str(device or ""), before)))
    return found, problems


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
