"""What cannot sit on what, or be a port of what: links without frames, those that keep them, those that pass others on.

What the kernel's drivers know of each other is in `netkernel.link_kinds`, and this says it where a policy asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator

from netkernel.host import Host
from netkernel.link_kinds import KINDS
from netkernel.link_kinds.base import LinkKind
from nncp_agent.errors import Problem
from nncp_agent.model import Interface, State
from nncp_agent.resolve import Resolved, kind_of


def problems(resolved: Resolved, before: Host) -> Iterator[Problem]:
    """Each base and each port that the kernel would not take."""
    for name, iface in resolved.wanted.items():
        if iface.state in (State.ABSENT, State.DOWN):
            continue
        link, merged = before.links.get(name), resolved.merged[name]
        kind = kind_of(iface, link)
        for base in kind.below(merged):
            if (link is None or base not in link.below) and (why := _not_below(merged, base, resolved, before)):
                yield Problem(f"{name}: {kind.subtree}.base-iface", why)
    for port, controller in resolved.masters.items():
        link = before.links.get(port)
        if controller in resolved.merged and (link is None or link.master != controller):
            yield from _not_a_port(port, resolved.merged[controller], resolved, before)


def _not_below(iface: Interface, base: str, resolved: Resolved, before: Host) -> str:
    if base not in resolved.merged or base == iface.name:
        return ""
    merged = resolved.merged[base]
    kind, mine, its = kind_of(merged, before.links.get(base)), _driver(iface, before), _driver(merged, before)
    if its.name in mine.passes_over:
        real = "".join(kind.below(merged))
        return f"found {base}, of type {kind.name}, and the kernel would put it on {real} like that; wanted {real}"
    if (why := _without_frames(iface, base, resolved, before)) or mine.name != "vlan" or not its.no_vlans:
        return why
    return f"found {base}, of type {kind.name}, which carries no VLANs"


def _not_a_port(port: str, controller: Interface, resolved: Resolved, before: Host) -> Iterator[Problem]:
    if port not in resolved.merged or port == controller.name:
        return
    kind = kind_of(controller, before.links.get(controller.name))
    its = kind_of(resolved.merged[port], before.links.get(port))
    stated = resolved.asked.get(controller.name)
    listed = stated is not None and port in (kind.ports(stated) or ())
    path = f"{controller.name}: {kind.subtree}.{kind.port_key(controller, port)}" if listed else f"{port}: controller"
    if _driver(resolved.merged[port], before).name in _driver(controller, before).not_with:
        yield Problem(path, f"{port} is of type {its.name}, and a {kind.name} takes none of these")
    elif why := _without_frames(controller, port, resolved, before):
        yield Problem(path, why if listed else f"{controller.name} needs the frames of its ports; {why}")


def _without_frames(iface: Interface, lower: str, resolved: Resolved, before: Host) -> str:
    """Why `iface`, which has all frames of what is below it, gets none of `lower`; "" where it needs none."""
    merged = resolved.merged[lower]
    needs = kind_of(iface, before.links.get(iface.name)).needs
    kind, its = kind_of(merged, before.links.get(lower)), _driver(merged, before)
    if needs and kind.frames(merged, before.links.get(lower)) not in needs:
        return f"found {lower}, of type {kind.name}, which carries no {needs[0]} frames"
    if needs and _driver(iface, before).name != "vlan" and its.keeps_frames:
        return f"found {lower}, of type {kind.name}, which keeps its frames to itself"
    return ""


def _driver(iface: Interface, before: Host) -> LinkKind:
    """What the kernel's driver of the interface does; for one that nobody here knows, nothing odd."""
    link = before.links.get(iface.name)
    word = link.kind if link is not None else kind_of(iface, None).link_kind(iface)
    return KINDS[word] if word in KINDS else LinkKind(word)
