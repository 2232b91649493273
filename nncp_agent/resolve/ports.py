"""Who is whose port: port lists, `controller` keys from both sides, ports nobody may pull away."""

from __future__ import annotations

from collections.abc import Mapping

from netkernel.frozen import Frozen
from netkernel.host import Host
from nncp_agent.errors import Problem
from nncp_agent.foreign import is_foreign, named
from nncp_agent.identity import by_kernel_name
from nncp_agent.kinds import KINDS, by_link
from nncp_agent.kinds.base import Kind
from nncp_agent.model import Interface, NetworkState, State
from nncp_agent.resolve import port_kinds
from nncp_agent.resolve.names import unknown


class Ports(Frozen):
    """`masters`: the controller of each link the policy decides about, "" for none. `kept`: foreign or ignored ports
    that no list moves. `left_alone`: links that only lose a controller that goes; nothing else is done to them.
    """

    masters: Mapping[str, str]
    kept: frozenset[str]
    left_alone: frozenset[str]
    keeping_ip: frozenset[str] = frozenset()


def decide(
    asked: Mapping[str, Interface],
    living: Mapping[str, Interface],
    gone: frozenset[str],
    before: Host,
    committed: NetworkState,
    problems: list[Problem],
) -> Ports:
    """Controllers of everything the policy names, lists, or unlists. What contradicts itself goes to `problems`."""
    untouchable = _untouchable(asked, before, committed)
    listing = {name: ports for name, iface in living.items() if (ports := _list(iface)) is not None}
    claims: dict[str, str] = {}
    kept: set[str] = set()
    for controller, ports in listing.items():
        is_new = not before.ports(controller)
        for port in ports:
            if port in untouchable.ignored or (port in untouchable.remembered and not is_new):
                kept.add(port)
            elif _may_join(port, controller, living, gone, before, claims, problems):
                claims[port] = controller
    for controller, ports in listing.items():
        for port in set(before.ports(controller)) - set(ports) - gone:
            if untouchable.is_kept(port, living):
                kept.add(port)
            else:
                claims.setdefault(port, "")
    _join_from_below(living, listing, gone, before, claims, problems)
    left_alone = _freed_by_deletion(gone, before, claims, untouchable, living)
    keeping_ip = frozenset(port for port, controller in claims.items() if _keeps_ip(port, controller, living, before))
    return Ports(masters=claims, kept=frozenset(kept), left_alone=left_alone, keeping_ip=keeping_ip)


def _keeps_ip(port: str, controller: str, living: Mapping[str, Interface], before: Host) -> bool:
    """Whether its new controller, or the old one where it gets none, takes no addresses away."""
    decides = controller or (before.links[port].master if port in before.links else "")
    if decides in living and living[decides].type is not None:
        kind = KINDS.get(living[decides].type or "")
    else:
        kind = by_link(before.links[decides]) if decides in before.links else None
    return kind is not None and kind.ports_hold_ip


class _Untouchable(Frozen):
    ignored: frozenset[str]  # this policy says so
    remembered: frozenset[str]  # an earlier policy said so, and this one is silent
    foreign: frozenset[str]  # a pod's or a VM's, and no committed policy named it

    def is_kept(self, port: str, living: Mapping[str, Interface]) -> bool:
        return port in self.ignored or port in self.remembered or (port in self.foreign and port not in living)


def _untouchable(asked: Mapping[str, Interface], before: Host, committed: NetworkState) -> _Untouchable:
    earlier = by_kernel_name(committed, before)
    known = {*named(committed), *earlier}
    remembered = {name for name, each in earlier.items() if each.state is State.IGNORE}
    return _Untouchable(
        ignored=frozenset(name for name, iface in asked.items() if iface.state is State.IGNORE),
        remembered=frozenset(remembered - asked.keys()),
        foreign=frozenset(
            name for name, link in before.links.items() if link.master and is_foreign(link) and name not in known
        ),
    )


def _list(iface: Interface) -> tuple[str, ...] | None:
    kind = KINDS.get(iface.type or "")
    return kind.ports(iface) if kind is not None and iface.state is not State.DOWN else None


def _may_join(
    port: str,
    controller: str,
    living: Mapping[str, Interface],
    gone: frozenset[str],
    before: Host,
    claims: Mapping[str, str],
    problems: list[Problem],
) -> bool:
    """Whether a listed port can be that controller's; says so in `problems` if not."""
    path = _path(living[controller], port)
    stated = living[port].controller if port in living else None
    complaint = ""
    if port in gone:
        complaint = f"{port} is to be deleted by the same policy"
    elif port not in living and port not in before.links:
        complaint = unknown(port, {*before.links, *living} - {controller})
    elif claims.get(port, controller) != controller:
        complaint = f"{port} is a port of {claims[port]} already"
    elif stated is not None and stated != controller:
        complaint = f"{port} itself asks for controller {stated!r}"
    elif port in living and living[port].state is State.ABSENT:
        complaint = f"{port} is asked to be absent"
    else:
        complaint = _refusal(port, controller, living, before)
    if complaint:
        problems.append(Problem(path, complaint))
    return not complaint


def _refusal(port: str, controller: str, living: Mapping[str, Interface], before: Host) -> str:
    """Why the kernel, or somebody else's switch, would not give the port away."""
    link = before.links.get(port)
    refusal = port_kinds.refusal(port, _kind_word(port, living, before), _kind_word(controller, living, before))
    if refusal:
        return refusal
    if link is None or link.master == controller:
        return ""
    if link.master == "ovs-system":
        return f"{port} belongs to Open vSwitch: take it off its bridge there first (ovs-vsctl del-port)"
    if link.name == "lo":
        return "lo cannot be a port"
    return ""


def _kind_word(name: str, living: Mapping[str, Interface], before: Host) -> str:
    link = before.links.get(name)
    return by_link(link).name if link is not None else living[name].type or "" if name in living else ""


def _join_from_below(
    living: Mapping[str, Interface],
    listing: Mapping[str, tuple[str, ...]],
    gone: frozenset[str],
    before: Host,
    claims: dict[str, str],
    problems: list[Problem],
) -> None:
    """`controller` said by the port: it attaches where the controller's own list says nothing."""
    for name, iface in living.items():
        controller = iface.controller
        if controller is None or iface.state is State.ABSENT:
            continue
        complaint = ""
        if controller == "":
            claims.setdefault(name, "")
        elif controller in listing:
            if claims.get(name) != controller and name not in listing[controller]:
                complaint = f"{controller} does not list it: add it to {_path(living[controller], name)}"
        elif controller in gone:
            complaint = f"{controller} is to be deleted by the same policy"
        elif controller not in living and controller not in before.links:
            complaint = unknown(controller, {*before.links, *living} - {name})
        elif not _takes_ports(controller, living, before):
            complaint = f"{controller} is no controller"
        elif claims.get(name, "") not in ("", controller):
            complaint = f"{claims[name]} lists it"
        else:
            complaint = _refusal(name, controller, living, before)
            claims[name] = controller
        if complaint:
            problems.append(Problem(f"{name}: controller", complaint))


def _takes_ports(name: str, living: Mapping[str, Interface], before: Host) -> bool:
    if name in before.links:
        link = before.links[name]
        return by_link(link).takes_ports or bool(before.ports(name))
    kind: Kind | None = KINDS.get(living[name].type or "")
    return kind is not None and kind.takes_ports


def _freed_by_deletion(
    gone: frozenset[str],
    before: Host,
    claims: dict[str, str],
    untouchable: _Untouchable,
    living: Mapping[str, Interface],
) -> frozenset[str]:
    """Ports of controllers that go: they come free, and only those of ours are set up again."""
    left_alone = set()
    for controller in gone:
        for port in before.ports(controller):
            if port not in claims and port not in gone:
                claims[port] = ""
                if untouchable.is_kept(port, living):
                    left_alone.add(port)
    return frozenset(left_alone)


def _path(controller: Interface, port: str) -> str:
    kind = KINDS.get(controller.type or "")
    if kind is None or not kind.subtree:
        return controller.name
    return f"{controller.name}: {kind.subtree}.{kind.port_key(controller, port)}"
