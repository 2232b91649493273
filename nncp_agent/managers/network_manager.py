"""NetworkManager keeps a file for each device it manages (nm-config.c: the device run state, for its own restart)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from shlex import quote

from netkernel.records import Link
from nncp_agent.managers.base import Holder, keys

ETC = "/etc/NetworkManager/system-connections"
"""Where profiles are that outlast a boot, the others are below /run; only root may read them."""


def holders(links: Mapping[str, Link], run: str) -> dict[str, Holder]:
    """The links it acts on: with a profile, or looking for one. What it found configured it only watches."""
    directory = f"{run}/NetworkManager/devices"
    if not os.path.isdir(directory):
        return {}
    profiles = _profiles(run)
    found = {}
    for name, link in links.items():
        state = keys(f"{directory}/{link.index}")
        uuid = state.get("connection-uuid", "")
        profile = profiles.get(uuid, {})
        if state.get("managed") != "true" or profile.get("external") == "true" or name == "lo":
            continue
        words = f"profile '{profile.get('id', uuid)}'" if uuid else ""
        found[name] = Holder("NetworkManager", words, f"nmcli device set {quote(name)} managed no")
    return found


def _profiles(run: str) -> dict[str, dict[str, str]]:
    """Those we may read, by UUID. In the `.nmmeta` of one that it made of what it found stands `external`."""
    found = {}
    for directory in (ETC, f"{run}/NetworkManager/system-connections"):
        try:
            files = os.listdir(directory)
        except OSError:
            continue
        for file in files:
            words = keys(f"{directory}/{file}")
            if "uuid" in words:
                found[words["uuid"]] = words
    return found
