"""Which link an interface of a policy is: by its name, or by a MAC address (nmstate.md 2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from netkernel.host import Host
from netkernel.records import Link
from nncp_agent.model import Interface, NetworkState
from nncp_agent.shown import macs

BY_MAC: Final = "mac-address"


class Links:
    """The links of a host as policies refer to them; MAC addresses are looked at when the first interface asks."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._macs: Mapping[str, Sequence[Link]] | None = None

    def candidates(self, iface: Interface) -> Sequence[Link]:
        """The links that `iface` may be: one when all is well, several or none when nobody can tell."""
        if iface.identifier != BY_MAC:
            return [self._host.links[iface.name]] if iface.name in self._host.links else []
        if self._macs is None:
            self._macs = macs.by_mac(self._host.links.values())
        return macs.owners(self._macs, (iface.mac_address or "").lower(), iface.name, iface.type)

    def name(self, iface: Interface) -> str:
        """The kernel's name for `iface`; its own where nobody can tell."""
        found = self.candidates(iface)
        return found[0].name if len(found) == 1 else iface.name


def by_kernel_name(state: NetworkState | None, host: Host) -> dict[str, Interface]:
    """The interfaces of `state` under the names that the kernel has for them."""
    links = Links(host)
    return {links.name(iface): iface for iface in (state.interfaces if state else None) or ()}
