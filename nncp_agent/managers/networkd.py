"""systemd-networkd keeps a file for each link with the state it is in (sd-network.h, `networkctl status`)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from shlex import quote

from netkernel.records import Link
from nncp_agent.managers.base import Holder, keys

HELD = frozenset({"pending", "initialized", "configuring", "configured", "failed"})
"""ADMIN_STATE of links it sets up; `unmanaged` and `linger` are not among them."""


def holders(links: Mapping[str, Link], run: str) -> dict[str, Holder]:
    """The links for which it has a .network file."""
    directory = f"{run}/systemd/netif/links"
    if not os.path.isdir(directory):
        return {}
    found = {}
    for name, link in links.items():
        state = keys(f"{directory}/{link.index}")
        file = state.get("NETWORK_FILE", "")
        if file and state.get("ADMIN_STATE") in HELD:
            found[name] = Holder("systemd-networkd", file, _release(name))
    return found


def _release(name: str) -> str:
    """It reads the file when it starts, and then never touches the link; `networkctl reload` would clear it.

    Since systemd 257 a restarted one would, too, unless what it had configured is not handed on to it.
    """
    text = rf"[Match]\nName={name}\n[Link]\nUnmanaged=yes\n"
    own = quote(f"/etc/systemd/network/00-{name}.network")
    unit = "/run/systemd/system/systemd-networkd.service.d"
    return (
        f"printf {quote(text)} >{own} && mkdir -p {unit} && "
        rf"printf '[Service]\nFileDescriptorStoreMax=0\n' >{unit}/nncp.conf && "
        "systemctl daemon-reload && systemctl restart systemd-networkd"
    )
