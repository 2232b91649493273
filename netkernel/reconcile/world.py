"""A plan in the making: the ops so far, and the world the kernel's model is in after them."""

from __future__ import annotations

from collections.abc import Iterable

from netkernel import simulation
from netkernel.errors import KernelRefused
from netkernel.host import Host
from netkernel.ops import Op, SetLink
from netkernel.records import Attrs, Link, Value
from netkernel.simulation import World
from netkernel.simulation.tunnels import with_what_stays


class Planning:
    """`names` are the links that may have to change: those that differ, and whatever an op touches on its way.

    `exact` is for undo: the target has been before, so its link-local addresses are meant, not carried along.
    """

    def __init__(self, before: Host, target: Host, exact: bool = False) -> None:
        self.before = before
        self.target = target
        self.exact = exact
        self.world = World(before)
        self.ops: list[Op] = []
        self.refused: dict[str, None] = {}  # what an exact plan goes without, in the kernel's words
        self._differing = {name for name, link in target.links.items() if not _is_same(before.links.get(name), link)}
        self._differing |= before.links.keys() - target.links.keys()
        self._differing |= {
            name
            for table in ("addresses", "vlans", "hardware")
            for name in _differing(getattr(before, table), getattr(target, table))
        }
        self._differing |= {
            name
            for name, these in target.addresses.items()
            if these is not before.addresses.get(name) and _lifetimes(before, name) != _lifetimes(target, name)
        }
        self._depths: dict[str, int] = {}
        self._in_order: list[str] = []

    def is_nothing(self) -> bool:
        """Whether the hosts are made of the same things, so that there is nothing to look at."""
        one, other = self.before, self.target
        tables = (
            "routes", "rules", "neighbours", "nexthops", "sysctls", "clients", "files", "resolver", "managers",
            "endpoints",
        )  # fmt: skip
        return not self._differing and all(
            getattr(one, table) is getattr(other, table) or getattr(one, table) == getattr(other, table)
            for table in tables
        )

    def names(self) -> list[str]:
        """Links to look at, what is below before what is above, then by name."""
        names = self._differing | self.world.touched
        if len(names) != len(self._in_order):  # what was touched stays so
            self._in_order = sorted(names, key=lambda name: (self.depth(name), name))
        return self._in_order

    def pairs(self) -> Iterable[tuple[Link, Link]]:
        """The links to look at that both exist now and are wanted: as they are, as they should be."""
        for name in self.names():
            have, want = self.world.links.get(name), self.target.links.get(name)
            if have is not None and want is not None:
                yield have, want

    def depth(self, name: str) -> int:
        """How many links the target stacks below this one (bases and ports)."""
        known = self._depths.get(name)
        if known is not None:
            return known
        self._depths[name] = 0  # a loop ends here; the target's author has refused it before
        link = self.target.links.get(name) or self.before.links.get(name)
        below = list(self.target.ports(name))
        if link is not None:
            below += link.below
        self._depths[name] = max((self.depth(each) + 1 for each in below), default=0)
        return self._depths[name]

    def do(self, op: Op) -> None:
        """Plan an op, with its casualties named before it. Raises KernelRefused when the model refuses it.

        An undo goes on without what is refused: a NIC may be gone, and with it what needs it cannot come back.
        A VLAN that comes up with its base is brought up by name too, even one that should stay down: since Linux 7 the
        kernel does it a moment later, when a route over the VLAN may have been refused already, or when the VLAN has
        been set down. Bringing it up by name takes that off the kernel's list (vlan_dev_open).
        """
        try:
            self.step(op)
        except KernelRefused as refused:
            if not self.exact:
                raise
            self.refused[str(refused)] = None
            return
        self.ops += self.world.lost
        self.ops.append(op)
        self.ops += [SetLink(name, "vlan", {"up": True}, {"up": False}) for name in self.world.lifted]

    def step(self, op: Op) -> None:
        simulation.step(self.world, op)

    def set(self, name: str, new: Attrs) -> None:
        """Change attributes of a link, those that differ."""
        link = self.world.links[name]
        changes = {key: value for key, value in new.items() if link.attrs.get(key) != value}
        if changes:
            changes = with_what_stays(link, changes)
            self.do(SetLink(name, link.kind, changes, {key: self._old(name, key) for key in changes}))

    def _old(self, name: str, key: str) -> Value:
        """The value now; "" where nobody can foretell it (a MAC the kernel draws)."""
        return self.world.links[name].attrs.get(key, "")


def _is_same(one: Link | None, other: Link) -> bool:
    return one is other or one == other


def _lifetimes(host: Host, name: str) -> list[tuple[int, int]]:
    """Of its addresses, which are equal whatever is left of them."""
    return [(each.valid_s, each.preferred_s) for each in host.addresses.get(name, ())]


def _differing(one: object, other: object) -> set[str]:
    if one is other or not isinstance(one, dict) or not isinstance(other, dict):
        return set()
    return {name for name in one.keys() | other.keys() if one.get(name, ()) != other.get(name, ())}
