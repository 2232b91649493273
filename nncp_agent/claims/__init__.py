"""Links taken over from other managers, as files and ops like any other. Pure.

Who lets go of a link must not touch it: not now, not when it restarts, not when the machine does. So it is told in its
own files first, then begins anew, and only then is anything changed; the profile that made a link makes it no more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from typing import Final

from netkernel.files import IFUPDOWN, NETWORK_MANAGER, NETWORKD, is_resolveds
from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.records import FOREVER, File, Hold
from nncp_agent.claims import ifupdown, network_manager, networkd
from nncp_agent.claims.leases import as_ours
from nncp_agent.errors import Problem
from nncp_agent.resolve import Resolved

__all__ = ["as_ours", "claimed", "problems"]

_SAYABLE: Final = re.compile(r"[\w.:@+-]+")


def claimed(after: Host, before: Host, names: Set[str], owns_dns: bool) -> Host:
    """`after` with `names` in nobody's hands. `owns_dns`: whether name servers are the policy's business."""
    files: dict[str, File] = dict(after.files)
    managers = dict(after.managers)
    for name, holds in _held(before, names):
        if name == NETWORK_MANAGER:
            files |= network_manager.files(holds, before.files, owns_dns)
        elif name == NETWORKD:
            files |= networkd.files(holds.keys(), before.files)
        manager = managers[name]
        left = {link: hold for link, hold in manager.holds.items() if link not in holds}
        managers[name] = replace(manager, holds=left)
    files |= ifupdown.files(names, before.files)
    return replace(after, files=files, managers=managers)


def problems(names: Set[str], resolved: Resolved, before: Host, owns_dns: bool) -> list[Problem]:
    """Why these links cannot be taken over as they are."""
    return [*_of_managers(names, before, owns_dns), *_leases(names, resolved, before)]


def _of_managers(names: Set[str], before: Host, owns_dns: bool) -> Iterator[Problem]:
    for link in sorted(names):
        if not _SAYABLE.fullmatch(link):
            yield Problem(link, "cannot be claimed: its name cannot be said in its manager's files")
    for manager, holds in _held(before, names):
        if why := before.managers[manager].obstacle:
            yield Problem(next(iter(holds)), f"cannot be claimed: {why}")
        for link, hold in holds.items():
            servers = _servers(manager, hold, before)
            if servers and not owns_dns and manager != IFUPDOWN:
                has = f"{manager} has name servers for it ({', '.join(servers)}), which go with it"
                lent = "; those of a lease come with it when dns-resolver.config is stated, empty, too"
                more = lent if hold.lease is not None else ""
                yield Problem(link, f"cannot be claimed: {has}; state them in dns-resolver.config{more}")
    for link, why in ifupdown.obstacles(names, before.files):
        yield Problem(link, f"cannot be claimed: {why}: what brings it up there cannot be taken out")
    for link in sorted(ifupdown.clients(names, before.files)):
        yield Problem(link, "cannot be claimed: ifupdown started a DHCP client for it; end it first: `ifdown` it")


def _servers(manager: str, hold: Hold, before: Host) -> tuple[str, ...]:
    """Those that would be lost: of NetworkManager also its leases', for it writes resolv.conf anew without them."""
    if manager != NETWORK_MANAGER:
        return hold.servers
    lent = () if is_resolveds(before.files) else hold.servers
    return tuple(dict.fromkeys((*lent, *network_manager.servers(hold, before.files))))


def _leases(names: Set[str], resolved: Resolved, before: Host) -> Iterator[Problem]:
    """What its manager was lent or told and will not renew: whoever says nothing of it would lose it in silence."""
    ours = {client.key for client in as_ours(before, names).clients}
    for link in sorted(names & before.addresses.keys()):
        iface = resolved.asked.get(link)
        for family in (4, 6):
            lent = [each for each in before.addresses[link] if each.family == family and each.valid_s != FOREVER]
            stack = (iface.ipv4 if family == 4 else iface.ipv6) if iface else None
            if lent and stack is None and (link, family) not in ours and link not in resolved.gone:
                has = f"its manager keeps {lent[0].ip}/{lent[0].prefix} only for a time, and will not renew it"
                yield Problem(link, f"cannot be claimed: {has}; state ipv{family}")


def _held(before: Host, names: Set[str]) -> Iterator[tuple[str, dict[str, Hold]]]:
    for name, manager in before.managers.items():
        if holds := {link: hold for link, hold in manager.holds.items() if link in names}:
            yield name, holds
