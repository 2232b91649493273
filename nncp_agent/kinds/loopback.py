"""loopback: `lo`, always there, with addresses of its own that no policy takes away (nmstate.md 3.3)."""

from __future__ import annotations

from collections.abc import Iterator

from nncp_agent.errors import Problem
from nncp_agent.kinds.base import Context, Kind
from nncp_agent.model import Interface


class Loopback(Kind):
    name = "loopback"
    link_kinds = ("",)
    is_virtual = False
    own_addresses = (("127.0.0.1", 8), ("::1", 128))

    def problems(self, iface: Interface, merged: Interface, context: Context) -> Iterator[Problem]:
        """Another loopback, or one without IP."""
        if iface.name != "lo":
            yield Problem(f"{iface.name}: type", "found loopback, wanted the name lo: there is one in each namespace")
        present = {each.family for each in context.before.addresses.get(iface.name, ())}
        for family, stack in ((4, iface.ipv4), (6, iface.ipv6)):
            if stack is not None and stack.enabled is False and family in present:
                yield Problem(
                    f"{iface.name}: ipv{family}.enabled", "found false, wanted true: the loopback keeps its own"
                )
