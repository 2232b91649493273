"""How a port leaves: found by its stamp among all links, and deleted."""

from __future__ import annotations

from collections.abc import Callable

from cni.skel import Call
from netkernel import pod_stamp as stamp
from netkernel.ops import DeleteLink
from netkernel.place import Place
from netkernel.pod_stamp import Attachment

Leave = Callable[[Place, Call], Attachment | None]
"""Delete the port of a call's attachment; gives what its stamp said, None when there is none.

Raises KernelRefused, DumpInterrupted.
"""


def alone(node: Place, call: Call) -> Attachment | None:
    """Without waiting for anybody who leaves, too."""
    mine = key(call)
    for link in node.links().values():
        found = stamp.read(link.alias)
        if found and (found.container, found.ifname) == mine:
            node.execute([DeleteLink(link.name, "veth")])
            return found
    return None


def key(call: Call) -> tuple[str, str]:
    """Container and interface, as stamps have them."""
    return stamp.short(call.container), call.ifname
