"""veth: two links joined by a wire; each end names its peer (nmstate.md 3.3; drivers/net/veth.c)."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from nncp_agent.errors import Problem
from nncp_agent.kinds.base import Context, Kind, Wanted
from nncp_agent.model import Interface, Model, NewName


class VethConfig(Model, frozen=True):
    """`veth` of an interface."""

    hint = "a mapping like {peer: veth1}"

    peer: NewName


class Veth(Kind):
    name = "veth"
    family = "nic"
    down_deletes = False  # to a container its end is a NIC, and nmstate treats it as one
    link_kinds = ("veth",)
    subtree = "veth"
    Config = VethConfig

    def problems(self, iface: Interface, merged: Interface, context: Context) -> Iterator[Problem]:
        """A wire with one end, with both ends in one link, or with an end that is somebody else's."""
        path = f"{iface.name}: veth.peer"
        before = context.before.links.get(iface.name)
        config = iface.config
        if not isinstance(config, VethConfig):
            if before is None and merged.config is None:
                yield Problem(path, "missing; wanted the name of the other end")
            return
        if config.peer == iface.name:
            yield Problem(path, f"found '{config.peer}', this very end, wanted another name")
        if before is not None and not before.attrs.get("peer"):
            yield Problem(path, f"found '{config.peer}', but the peer is in another network namespace, wanted no peer")
        other = context.merged.get(config.peer)
        if other is not None and isinstance(other.config, VethConfig) and other.config.peer != iface.name:
            if context.desired.interface(config.peer) is not None:
                yield Problem(path, f"found '{config.peer}', which says its peer is '{other.config.peer}'")
        elif other is not None and not self._can_be_one(other, context):
            yield Problem(path, f"found '{config.peer}', which is of type {other.type}, wanted a veth")

    def _can_be_one(self, other: Interface, context: Context) -> bool:
        """Whether the other end is a veth, or will be: a policy may call one ethernet, too."""
        link = context.before.links.get(other.name)
        return link.kind == "veth" if link is not None else other.type in (None, "veth", "ethernet")

    def brief(self, iface: Interface) -> str:
        """The other end."""
        return f"peer {iface.config.peer}" if isinstance(iface.config, VethConfig) else ""

    def partners(self, iface: Interface) -> tuple[Interface, ...]:
        """The other end."""
        config = iface.config
        if not isinstance(config, VethConfig):
            return ()
        return (Interface(name=config.peer, type="veth", config=VethConfig(peer=iface.name)),)

    def claim(self, merged: Interface) -> Hashable | None:
        """Its peer: a wire has two ends."""
        return merged.config.peer if isinstance(merged.config, VethConfig) else None

    def option(self, attr: str) -> str:
        """Where a policy says the kernel attribute `attr`."""
        return f"veth.{attr}"

    def wanted(self, iface: Interface, merged: Interface, context: Context) -> Wanted:
        """Its peer."""
        config = iface.config
        return Wanted(attrs={"peer": config.peer}) if isinstance(config, VethConfig) else Wanted()
