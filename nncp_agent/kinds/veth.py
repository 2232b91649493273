"""veth: two links joined by a wire; each end names its peer (nmstate.md 3.3; drivers/net/veth.c).

Beyond nmstate, the peer may be in another network namespace. It is made there and set up; all else about it, and about
what somebody else has joined to a link of this host, is for whoever that namespace belongs to.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Annotated

from netkernel.records import Link
from nncp_agent.errors import Problem
from nncp_agent.kinds.base import Context, Kind, Wanted
from nncp_agent.model import Interface, Model, NewName
from nncp_agent.spelling import Canonical, namespace_name


class VethConfig(Model, frozen=True):
    """`veth` of an interface."""

    hint = "a mapping like {peer: veth1}"
    query_only = frozenset({"link-netnsid"})

    peer: NewName | None = None
    peer_netns: Annotated[str, Canonical(namespace_name)] | None = None


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
        whole = merged.config if isinstance(merged.config, VethConfig) else VethConfig()
        if before is None and whole.peer is None:
            yield Problem(path, "missing; wanted the name of the other end")
        if not isinstance(config, VethConfig) or config == VethConfig():
            return
        if before is not None and before.kind == "veth" and not before.peer:
            yield from _elsewhere(iface.name, whole, before)
        elif config.peer_netns is not None:
            yield from _namespace(iface.name, config.peer_netns, context)
        elif config.peer == iface.name:
            yield Problem(path, f"found '{config.peer}', this very end, wanted another name")
        if whole.peer_netns is not None or config.peer is None:
            return
        if reason := self._is_anothers(config.peer, iface.name, context):
            yield Problem(path, f"found '{config.peer}', {reason}")

    def _is_anothers(self, peer: str, name: str, context: Context) -> str:
        """Why the link that is called as the other end cannot be it, or ""."""
        other, there = context.merged.get(peer), context.before.links.get(peer)
        for one in context.desired.interfaces or ():
            if _peer_here(one) == peer and one.name < name:
                return f"which is the peer of {one.name} already, wanted another"
        if other is None:
            return "which the same policy deletes" if there is not None and there.attrs.get("peer") != name else ""
        if not self._can_be_one(other, context):
            return f"which is of type {other.type}, wanted a veth"
        named = context.desired.interface(peer) is not None
        if named and isinstance(other.config, VethConfig) and other.config.peer not in (None, name):
            return f"which says its peer is '{other.config.peer}'"
        its = _peer_here(other)
        if its == name or (there is None and not its):
            return ""
        if not its:
            return "" if peer == name else "whose other end is in another network namespace, wanted another"
        return f"the other end of {its}; wanted another, or {peer} named too, with {name} as its peer"

    def _can_be_one(self, other: Interface, context: Context) -> bool:
        """Whether the other end is a veth, or will be: a policy may call one ethernet, too."""
        link = context.before.links.get(other.name)
        return link.kind == "veth" if link is not None else other.type in (None, "veth", "ethernet")

    def brief(self, iface: Interface) -> str:
        """The other end."""
        config = iface.config
        if not isinstance(config, VethConfig) or config.peer is None:
            return ""
        return f"peer {config.peer}{f' in {config.peer_netns}' if config.peer_netns else ''}"

    def partners(self, iface: Interface) -> tuple[Interface, ...]:
        """The other end, where that is here."""
        config = iface.config
        if not isinstance(config, VethConfig) or config.peer is None or config.peer_netns is not None:
            return ()
        return (Interface(name=config.peer, type="veth", config=VethConfig(peer=iface.name)),)

    def claim(self, merged: Interface) -> Hashable | None:
        """Its peer in another namespace; here it is a link of its own."""
        config = merged.config
        if not isinstance(config, VethConfig) or config.peer is None or config.peer_netns is None:
            return None
        return config.peer, config.peer_netns

    def parts_with(self, iface: Interface, link: Link) -> str:
        """The peer that is here, where it gets another, or the like elsewhere."""
        config = iface.config
        if not isinstance(config, VethConfig) or config == VethConfig():
            return ""
        return link.peer if config.peer_netns or config.peer not in (None, link.peer) else ""

    def is_a_policys(self, earlier: Interface | None) -> bool:
        """One whose peer is elsewhere is a NIC to this host, unless a policy put it there."""
        return earlier is not None and isinstance(earlier.config, VethConfig) and bool(earlier.config.peer_netns)

    def option(self, attr: str) -> str:
        """Where a policy says the kernel attribute `attr`."""
        return f"veth.{attr.replace('_', '-')}"

    def wanted(self, iface: Interface, merged: Interface, context: Context) -> Wanted:
        """Its peer, and where that is."""
        config = iface.config
        if not isinstance(config, VethConfig):
            return Wanted()
        before = self._before(iface, context)
        said = {"peer": config.peer, "peer_netns": config.peer_netns}
        if config.peer is None and config.peer_netns and before is not None:
            said["peer"] = str(before.attrs.get("peer") or "") or None
        return Wanted(attrs={key: value for key, value in said.items() if value is not None})


def _elsewhere(name: str, whole: VethConfig, before: Link) -> Iterator[Problem]:
    """A peer that is in another namespace stays what it is: somebody there may use it."""
    peer, where = before.attrs.get("peer"), before.attrs.get("peer_netns")
    if (whole.peer, whole.peer_netns) == (peer, where):
        return
    there = f"{peer} in {where}" if peer and where else "in another network namespace"
    message = f"found '{whole.peer}', but the peer is {there}; wanted that, or the link made absent first"
    yield Problem(f"{name}: veth.peer", message)


def _namespace(name: str, wanted: str, context: Context) -> Iterator[Problem]:
    there = context.before.namespaces
    if wanted not in there:
        found = f"; there are {', '.join(there[:8])}" if there else ""
        yield Problem(f"{name}: veth.peer-netns", f"no other network namespace here is called {wanted}{found}")


def _peer_here(iface: Interface) -> str:
    config = iface.config
    return config.peer or "" if isinstance(config, VethConfig) and not config.peer_netns else ""
