"""What the kernel does on each op, its own doings included: the model behind plans, undo and the tests' fake kernel."""

from __future__ import annotations

import errno
from typing import assert_never

from netkernel.host import Host
from netkernel.ops import (
    AddAddress,
    AddClient,
    AddEndpoint,
    AddNeighbour,
    AddNexthop,
    AddRoute,
    AddRule,
    AddVlans,
    CreateLink,
    DeleteAddress,
    DeleteClient,
    DeleteEndpoint,
    DeleteLink,
    DeleteNeighbour,
    DeleteNexthop,
    DeleteRoute,
    DeleteRule,
    DeleteVlans,
    MoveLink,
    Op,
    RenameLink,
    SetAddress,
    SetHardware,
    SetLink,
    SetLinkDns,
    SetManager,
    SetPort,
    WriteFile,
    WriteSysctl,
)
from netkernel.simulation import bridge, hardware, ip, links, rules, sysctl
from netkernel.simulation.rename import rename
from netkernel.simulation.world import World, refuse

__all__ = ["World", "perform", "step"]


def perform(host: Host, op: Op) -> Host:
    """The host after the kernel has executed `op`. Raises KernelRefused with the kernel's errno and words.

    A value nobody can foretell (a random MAC) is a key missing in the link's attributes.
    """
    world = World(host)
    step(world, op)
    return world.host()


def step(world: World, op: Op) -> None:
    """Execute `op` in `world`; `world.lost` then names the casualties. Raises KernelRefused."""
    world.lost.clear()
    world.faded.clear()
    world.lifted.clear()
    match op:
        case CreateLink():
            links.create(world, op)
        case DeleteLink():
            links.delete(world, op)
        case SetLink():
            links.change(world, op)
        case SetPort():
            links.change_port(world, op)
        case SetHardware():
            hardware.change(world, op)
        case AddAddress():
            ip.add_address(world, op)
        case DeleteAddress():
            ip.delete_address(world, op)
        case SetAddress():
            ip.set_address(world, op)
        case AddClient(client):
            world.clients[client.key] = client
        case DeleteClient(client):
            world.clients.pop(client.key, None)
        case AddRoute():
            ip.add_route(world, op)
        case DeleteRoute():
            ip.delete_route(world, op)
        case AddVlans():
            bridge.add_vlans(world, op)
        case DeleteVlans():
            bridge.delete_vlans(world, op)
        case WriteSysctl():
            sysctl.write(world, op)
        case WriteFile():
            world.files[op.path] = op.new
        case SetLinkDns():
            if op.link not in world.links:
                refuse(op, errno.ENODEV)
            world.resolver[op.link] = op.new
        case SetManager():
            world.set_manager(op)
        case RenameLink():
            rename(world, op)
        case MoveLink():
            links.move_away(world, op)
        case _:
            _small(world, op)


def _small(
    world: World,
    op: AddRule
    | DeleteRule
    | AddNeighbour
    | DeleteNeighbour
    | AddNexthop
    | DeleteNexthop
    | AddEndpoint
    | DeleteEndpoint,
) -> None:
    match op:
        case AddEndpoint(endpoint):
            if endpoint.key in world.endpoints:
                refuse(op, errno.EEXIST)
            world.endpoints[endpoint.key] = endpoint
        case DeleteEndpoint(endpoint):
            if world.endpoints.pop(endpoint.key, None) is None:
                refuse(op, errno.ENOENT)
        case AddRule():
            rules.add(world, op)
        case DeleteRule():
            rules.delete(world, op)
        case AddNeighbour(neighbour):
            ip.add_neighbour(world, op)
        case DeleteNeighbour(neighbour):
            if neighbour not in world.neighbours.get(neighbour.link, ()):
                refuse(op, errno.ENOENT)
            del world.neighbours[neighbour.link][neighbour]
        case AddNexthop():
            ip.add_nexthop(world, op)
        case DeleteNexthop(nexthop):
            ip.remove_nexthop(world, world.nexthops.get(nexthop.id) or refuse(op, errno.ENOENT))
        case _:
            assert_never(op)
