"""Which links are the host's ends of pods' wires, and none of the node's own network."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from netkernel import owner
from netkernel.host import Host
from netkernel.records import Link
from nncp_agent.foreign import peer_is_elsewhere
from nncp_agent.shown import LINK_SCOPE, Note, by_kernel_name

_NICS: Final = re.compile(r"eth[0-9]|en[opsxP]")
"""What the kernel and udev call NICs (systemd.net-naming-scheme(7)): where the node itself is a container or a
namespace its NICs are veths, too."""


def wires(host: Host, notes: Mapping[str, Note]) -> Iterator[str]:
    """Veths with the stamp of a CNI plugin, or into another namespace and of no use but to whoever is there.

    One that a policy speaks of, that has an address of its own, or that is part of a bond is the node's.
    """
    spoken_of = by_kernel_name(host, notes).keys()
    for name, link in host.links.items():
        if link.kind == "veth" and name not in spoken_of and (_is_stamped(link) or _leads_to_a_pod(link, host)):
            yield name


def _is_stamped(link: Link) -> bool:
    return owner.read(link.alias) is not None


def _leads_to_a_pod(link: Link, host: Host) -> bool:
    if not peer_is_elsewhere(link) or _NICS.match(link.name):
        return False
    controller = host.links.get(link.master)
    if controller is not None and controller.kind == "bond":
        return False
    return all(address.scope == LINK_SCOPE for address in host.addresses.get(link.name, ()))
