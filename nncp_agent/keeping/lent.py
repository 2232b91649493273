"""Which of the names that systemd-resolved has for a link came from a network: it does not know that itself.

`dhcp/LINK.names.json`, for as long as there are any.
"""

from __future__ import annotations

import json
import os

from netkernel.records import LinkDns
from netkernel.typed import Final
from nncp_agent import files
from nncp_agent.keeping import LEASES

NAMES: Final = ".names.json"


def names(directory: str) -> dict[str, LinkDns]:
    """By link; of each only what was lent. Raises StoreBroken."""
    found: dict[str, LinkDns] = {}
    folder = os.path.join(directory, LEASES.folder)
    try:
        kept = sorted([name for name in os.listdir(folder) if name.endswith(NAMES)])
    except (FileNotFoundError, PermissionError):
        return found
    for name in kept:
        path = os.path.join(folder, name)
        try:
            if data := files.read(path):
                told = json.loads(data)
                lent = (tuple(told["lent_servers"]), tuple(told["lent_domains"]))
                found[name.removesuffix(NAMES)] = LinkDns((), (), *lent)
        except (ValueError, TypeError, KeyError) as error:
            raise files.not_ours(path, error) from error
    return found


def keep(directory: str, link: str, told: LinkDns) -> None:
    """Of what systemd-resolved was told. Raises StoreBroken."""
    from netkernel import frozen_json  # late: `show` only reads
    from nncp_agent.store import Store

    lent = LinkDns(lent_servers=told.lent_servers, lent_domains=told.lent_domains)
    store, place = Store(directory), f"{LEASES.folder}/{link}{NAMES}"
    if lent == LinkDns():
        store.remove(place)
        return
    store.prepare(LEASES.folder)
    store.write(place, frozen_json.encode(lent))
