"""The name servers that networks give: into /etc/resolv.conf or systemd-resolved as long as their leases last."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from netkernel.errors import NetworkError
from netkernel.files import is_resolveds
from netkernel.host import Host
from netkernel.ops import Op, SetLinkDns, WriteFile
from netkernel.records import Client, File
from netkernel.transaction import Kernel
from nncp_agent import name_servers
from nncp_agent.shown import dns
from nncp_agent.shown.dns import Dns

log = logging.getLogger(__name__)


class Giver(Protocol):
    """Who has a lease. `names` are what goes with it, nothing where it has none or nobody wants them."""

    @property
    def told(self) -> Client: ...

    @property
    def names(self) -> Dns: ...


class Given:
    """Puts them where they belong when they change, and when somebody wrote there."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._last: Mapping[str, Dns] | None = None

    def put(self, givers: Iterable[Giver], again: bool) -> None:
        """With `again` also where nothing is new: what was put may have been overwritten."""
        given = by_link(givers)
        if given == self._last and not again:
            return
        self._last = given
        try:
            for op in ops(given, self._kernel.snapshot()):
                log.info("%s", op)
                self._kernel.execute([op])
        except NetworkError as error:
            log.error("%s", error)


def by_link(givers: Iterable[Giver]) -> dict[str, Dns]:
    """What all clients of a link were given, IPv4's first, each name once."""
    found: dict[str, Dns] = {}
    for giver in sorted(givers, key=lambda each: each.told.key):
        if giver.names != Dns():
            had = found.get(giver.told.link, Dns())
            found[giver.told.link] = dns.joined(had, name_servers.without(giver.names, had))
    return found


def ops(given: Mapping[str, Dns], host: Host) -> Iterator[Op]:
    """What makes the host have these beside what is configured, and no others from networks."""
    if not host.files:
        return
    if is_resolveds(host.files):
        for name, had in host.resolver.items():
            own = dns.own_names(had)
            new = name_servers.on_link(own, _without_zones(given.get(name, Dns())))
            if not had.is_networkds and new != had:
                yield SetLinkDns(name, new, had)
        return
    files = name_servers.with_lent(host.files, given)
    for path, file in files.items():
        if file != (had_file := host.files.get(path, File())):
            yield WriteFile(path, file, had_file)


def _without_zones(given: Dns) -> Dns:
    """systemd-resolved knows a link-local server's link."""
    return Dns(tuple(server.partition("%")[0] for server in given.server), given.search)
