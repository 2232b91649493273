"""systemd-networkd: what it holds, and how it lets go of a link without touching it.

It keeps a file for each link below /run (sd-network.h). Told to reload while it runs, it clears what it lets go of;
restarted, it leaves alone what its files say is not its own. Since systemd 257 it hands what it had configured to its
successor through the store of file descriptors, and clears it then, too: so that store is closed for the restart that
lets go of something. Stopped and started it would keep nothing either, but leases would go back to their servers.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from netkernel.dbus import Bus
from netkernel.errors import KernelRefused
from netkernel.files import NETWORKD
from netkernel.managers import base, services
from netkernel.ops import SetManager
from netkernel.records import File, Hold, Link, Manager

NAME: Final = NETWORKD
UNIT: Final = "systemd-networkd.service"
LINKS: Final = "/run/systemd/netif/links"
FOLDER: Final = "/etc/systemd/network"
CLAIMED: Final = f"{FOLDER}/00-nncp.network"
"""Names the links that are ours; the first file that fits a link is the one for it."""
FOLDERS: Final = (FOLDER, "/run/systemd/network", "/usr/lib/systemd/network")
HELD: Final = frozenset({"pending", "initialized", "configuring", "configured", "failed"})
"""ADMIN_STATE of links it sets up; `unmanaged` and `linger` are not among them."""
FORGETFUL: Final = f"/run/systemd/system/{UNIT}.d/nncp.conf"
"""There for the moment of such a restart; who dies in it leaves what the next boot does not know."""
_PATIENCE_S: Final = 10.0


def drop_in(netdev: str) -> str:
    """Where our word on a .netdev file stands."""
    return f"{FOLDER}/{os.path.basename(netdev)}.d/50-nncp.conf"


def look(links: Mapping[str, Link], bus: str, root: str) -> Manager | None:
    """None where it has never run since the machine started."""
    if not os.path.isdir(os.path.join(root, LINKS.lstrip("/"))):
        return None
    holds = {}
    for name, link in links.items():
        state = _state(root, link.index)
        if state.get("NETWORK_FILE") and state.get("ADMIN_STATE") in HELD:
            holds[name] = _hold(root, state)
    return base.manager(UNIT, holds, bus)


def _hold(root: str, state: Mapping[str, str]) -> Hold:
    """The name servers of its lease are not its own: whoever has the lease has them."""
    lease = base.keys(base.text(root, path)) if (path := state.get("DHCP_LEASE")) else None
    lent = (lease or {}).get("DNS", "").split()
    servers = tuple(each for each in state.get("DNS", "").split() if each not in lent)
    raw = (lease or {}).get("CLIENTID", "")
    identity = ":".join(raw[at : at + 2] for at in range(0, len(raw), 2))
    return Hold(state["NETWORK_FILE"], servers=servers, lease=identity if lease else None)


def files(root: str) -> dict[str, File]:
    """The one that is ours, those that make links, and our word on each of them."""
    netdevs = [path for folder in FOLDERS for path in base.names(root, folder, ".netdev")]
    return base.read(root, dict.fromkeys((CLAIMED, *netdevs, *map(drop_in, netdevs))))


def begin_anew(op: SetManager, bus: str, root: str) -> None:
    """Raises KernelRefused."""
    if not (op.new.running or op.old.running):
        return
    with Bus(bus) as through:
        if op.new.running:
            with _forgetful(through, root):
                services.change(through, "Restart", UNIT)
        else:
            services.change(through, "Stop", UNIT)
    lost = [name for name in op.old.holds if name not in op.new.holds and base.index_of(name)]
    services.until(lambda: not _held(root, lost), _PATIENCE_S)
    if kept := _held(root, lost):
        raise KernelRefused(str(op), 0, f"it still holds {', '.join(kept)}: a file sorts before {CLAIMED}")
    services.until(lambda: all(_is_done(root, name) for name in op.new.holds), _PATIENCE_S)


@contextmanager
def _forgetful(through: Bus, root: str) -> Iterator[None]:
    """What it configured is nobody's to the one that is started in the block."""
    path = os.path.join(root, FORGETFUL.lstrip("/"))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write("[Service]\nFileDescriptorStoreMax=0\n")
    services.read_units(through)
    try:
        yield
    finally:
        os.unlink(path)
        services.read_units(through)


def _held(root: str, names: list[str]) -> list[str]:
    return [name for name in names if _state(root, base.index_of(name)).get("ADMIN_STATE") in HELD]


def _is_done(root: str, name: str) -> bool:
    """Whether it has set the link up, or given up on it."""
    return _state(root, base.index_of(name)).get("ADMIN_STATE") in ("configured", "failed")


def _state(root: str, index: int) -> dict[str, str]:
    return base.keys(base.text(root, f"{LINKS}/{index}"))
