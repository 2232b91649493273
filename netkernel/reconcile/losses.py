"""What a plan destroys for good: the kernel made or learned it, or it is a state that nobody can write."""

from __future__ import annotations

from collections.abc import Iterator

from netkernel.host import Host
from netkernel.link_kinds import KINDS
from netkernel.link_local import is_link_local
from netkernel.ops import DeleteLink, Op, SetLink
from netkernel.reconcile.world import Planning
from netkernel.records import Address, Link
from netkernel.simulation import World
from netkernel.simulation.ip import is_dynamic


def irreversible(before: Host, ops: tuple[Op, ...]) -> tuple[str, ...]:
    """One line for each thing that undo cannot bring back (kernel-made or learned, or a state nobody can write)."""
    if not _has_what_can_be_lost(before) and not any(_is_down(op) for op in ops):
        return ()
    planning = Planning(before, before)
    lines: list[str] = []
    for op in ops:
        lines += _lost_for_good(planning.world, before, op)
        planning.step(op)
        lost = [each for each in planning.world.lost if _cannot_be_made(each)]
        lines += [f"{each}: it sits on what goes, and only who made it can make it again" for each in lost]
        for faded in planning.world.faded:
            what = f"address {faded.ip}/{faded.prefix}" if isinstance(faded, Address) else f"route {faded.destination}"
            lines.append(f"{_link_of(faded)}: {what} was made by the network, and only the network can make it again")
    return tuple(dict.fromkeys(lines))


def _has_what_can_be_lost(host: Host) -> bool:
    """Else the plan need not be walked through once more: bridges learn and float, addresses and routes are learned,
    tunnels and the like we cannot make, of an HSR link not all is told."""
    return (
        any(_forgets(link) or _is_not_made_again(link) for link in host.links.values() if link.kind)
        or any(is_dynamic(address) for these in host.addresses.values() for address in these)
        or any(route.dynamic for route in host.routes)
    )


def _forgets(link: Link) -> bool:
    return link.kind == "bridge" or bool(link.attrs.get("peer_netns"))


def _is_not_made_again(link: Link) -> bool:
    return link.kind not in KINDS or bool(KINDS[link.kind].untold)


def _is_down(op: Op) -> bool:
    return isinstance(op, SetLink) and op.new.get("up") is False


def _link_of(faded: object) -> str:
    links = getattr(faded, "links", ())
    return str(getattr(faded, "link", links[0] if links else ""))


def _lost_for_good(world: World, before: Host, op: Op) -> Iterator[str]:
    """What executing `op` in `world` destroys of `before` that no op can bring back."""
    match op:
        case DeleteLink(name, kind) if name in before.links and kind in KINDS and KINDS[kind].untold:
            unknown = " and ".join(sorted(KINDS[kind].untold))
            yield f"{name}: no kernel tells the {unknown} of {kind} links, and made again it has the usual one"
        case DeleteLink(name, "veth") if name in before.links and before.links[name].attrs.get("peer_netns"):
            peer, where = (before.links[name].attrs[key] for key in ("peer", "peer_netns"))
            yield f"{name}: what {peer} in namespace {where} is set to is lost with it"
        case SetLink(name, "bridge", new) if name in before.links:
            bridge = world.links[name]
            if "address" in new and not world.is_pinned(bridge):
                yield f"{name}: its MAC will no longer follow its ports, and only making it again could undo that"
            if "mtu" in new and not world.pinned_mtus.get(name):
                yield f"{name}: its MTU will no longer follow its ports, and only making it again could undo that"
        case SetLink(name, _, new) if "master" in new:
            old = world.links[name].master
            if old in before.links and world.kind_of(old) == "bridge":
                yield f"{old}: the addresses it has learned behind {name} are forgotten"
    if isinstance(op, SetLink) and op.new.get("up") is False and op.name in before.links and world.links[op.name].up:
        yield from _forgotten(world, before, op.name)


def _forgotten(world: World, before: Host, name: str) -> Iterator[str]:
    """What a link going down has learned: its neighbours, and the bridge's addresses behind it."""
    if not all(map(is_link_local, before.addresses.get(name, ()))):
        yield f"{name}: the neighbours it has learned are forgotten"
    if world.kind_of(name) == "bridge" and before.ports(name):
        yield f"{name}: the addresses it has learned are forgotten"
    elif world.kind_of(bridge := world.links[name].master) == "bridge" and bridge in before.links:
        yield f"{bridge}: the addresses it has learned behind {name} are forgotten"


def _cannot_be_made(op: Op) -> bool:
    """Whether `op` takes away a link of a kind that nobody here can make again."""
    return isinstance(op, DeleteLink) and op.kind not in KINDS
