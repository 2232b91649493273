"""Who else configures this host's links: NetworkManager, systemd-networkd, ifupdown, and udev. One file each.

They leave word under /run of what they hold, so nobody has to be asked, and a manager that is not there costs one look
for a directory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from netkernel.files import SYSTEM_BUS
from netkernel.managers import is_hosts_namespace
from netkernel.records import Link
from nncp_agent.managers import ifupdown, network_manager, networkd
from nncp_agent.managers.base import Holder

if TYPE_CHECKING:
    from nncp_agent.managers.udev import LinkFile

__all__ = ["RUN", "Holder", "LinkFiles", "holders", "link_files", "no_files"]

RUN: Final = "/run"

LinkFiles = Callable[[], "Sequence[LinkFile]"]
"""What udev goes by when a link appears, in its order."""


def holders(links: Mapping[str, Link], run: str = RUN, proc: str = "/proc", bus: str = SYSTEM_BUS) -> dict[str, Holder]:
    """Who holds which of `links`. Nobody does in a namespace that is not the host's: managers number only its links.

    Where two hold one link, the last of them is the one that acts on events.
    """
    if not is_hosts_namespace(proc):
        return {}
    return {
        **ifupdown.holders(links, run),
        **networkd.holders(links, run),
        **network_manager.holders(links, run, bus),
    }


def no_files() -> Sequence[LinkFile]:
    """Where nobody looked for udev."""
    return ()


def link_files() -> Sequence[LinkFile]:
    """Those of this host; none where no udev looks at its links."""
    from nncp_agent.managers import udev  # late: asked only when a plan makes links

    return udev.link_files()
