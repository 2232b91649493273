"""NetworkManager keeps a file for each device it manages (nm-config.c: the device run state, for its own restart)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from shlex import quote

from netkernel.files import SYSTEM_BUS
from netkernel.records import Link
from nncp_agent.managers.base import Holder, keys

CONF = "/etc/NetworkManager/conf.d"
ETC = "/etc/NetworkManager/system-connections"
"""Where profiles are that outlast a boot, the others are below /run; only root may read them."""


def holders(links: Mapping[str, Link], run: str, bus: str = SYSTEM_BUS) -> dict[str, Holder]:
    """The links it acts on: with a profile, or looking for one. What it found configured it only watches."""
    directory = f"{run}/NetworkManager/devices"
    if not os.path.isdir(directory):
        return {}
    profiles = _profiles(run)
    found = {}
    for name, link in links.items():
        state = keys(f"{directory}/{link.index}")
        uuid = state.get("connection-uuid", "")
        profile, file = profiles.get(uuid, ({}, ""))
        if state.get("managed") != "true" or profile.get("external") == "true" or name == "lo":
            continue
        words = f"profile '{profile.get('id', uuid)}'" if uuid else ""
        found[name] = Holder("NetworkManager", f"{words}, {file}" if file else words, _release(name))
    if not found:
        return {}
    from netkernel.managers.network_manager import let_go  # late: few hosts have it

    free = let_go(found, bus)
    return {name: holder for name, holder in found.items() if name not in free}


def _release(name: str) -> str:
    """It reads the file when it starts, and then never touches the link; told to let go at once, it clears it."""
    text = rf"[keyfile]\nunmanaged-devices+=interface-name:={name}\n"
    return f"printf {quote(text)} >{quote(f'{CONF}/{name}.conf')} && systemctl restart NetworkManager"


def _profiles(run: str) -> dict[str, tuple[dict[str, str], str]]:
    """Those we may read and their files, by UUID. In the `.nmmeta` of one made of what it found stands `external`."""
    found = {}
    for directory in (ETC, f"{run}/NetworkManager/system-connections"):
        try:
            files = os.listdir(directory)
        except OSError:
            continue
        for file in files:
            words = keys(f"{directory}/{file}")
            if "uuid" in words:
                found[words["uuid"]] = words, f"{directory}/{file}"
    return found
