"""Which link an interface of a policy is: by its name, or by what else it says it is known by (nmstate.md 2)."""

from __future__ import annotations

from collections.abc import Sequence

from netkernel.host import Host
from netkernel.records import Link
from nncp_agent.model import Interface, NetworkState
from nncp_agent.shown import identifiers

_FIELDS = {by: by.replace("-", "_") for by in identifiers.OTHERS}


def known_by(iface: Interface) -> tuple[str, str]:
    """The word of `identifier` and what is looked for; "" twice where it is the name."""
    by = iface.identifier or ""
    return (by, identifiers.sought(by, getattr(iface, _FIELDS[by]))) if by in _FIELDS else ("", "")


class Links:
    """The links of a host as policies refer to them; they are looked at when the first interface asks."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._index = identifiers.Index(host.links.values())

    def candidates(self, iface: Interface) -> Sequence[Link]:
        """The links that `iface` may be: one when all is well, several or none when nobody can tell."""
        by, value = known_by(iface)
        if not by:
            return [self._host.links[iface.name]] if iface.name in self._host.links else []
        return self._index.owners(by, value, iface.name, iface.type)

    def name(self, iface: Interface) -> str:
        """The kernel's name for `iface`; its own where nobody can tell."""
        found = self.candidates(iface)
        return found[0].name if len(found) == 1 else iface.name


def by_kernel_name(state: NetworkState | None, host: Host) -> dict[str, Interface]:
    """The interfaces of `state` under the names that the kernel has for them."""
    links = Links(host)
    return {links.name(iface): iface for iface in (state.interfaces if state else None) or ()}
