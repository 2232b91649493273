"""The back end that is a file: /etc/resolv.conf, of which only what is configured is ours (resolv.conf(5))."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from netkernel.files import RESOLV_CONF
from netkernel.frozen import replace
from netkernel.host import Host
from nncp_agent import name_servers
from nncp_agent.errors import Problem
from nncp_agent.model import DnsConfig
from nncp_agent.sections.dns.base import Links, unfit_servers, unfit_words
from nncp_agent.shown import dns
from nncp_agent.shown.dns import Dns
from nncp_agent.shown.hostname import file_of

MOST: Final = 3
"""A resolver asks no more servers (MAXNS of resolv.conf(5))."""


def config(host: Host) -> Dns:
    """What stands in the file and did not come from a network."""
    return dns.config(file_of(host, RESOLV_CONF)[1].lines)


def problems(wanted: DnsConfig, host: Host, links: Links) -> Iterator[Problem]:
    """What no resolver would understand, and a file that cannot be replaced."""
    path, _, file = name_servers.place(host.files)
    if file.obstacle:
        yield Problem("dns-resolver", f"{path} {file.obstacle}")
    had = dns.running(file_of(host, RESOLV_CONF)[1].lines)
    yield from unfit_servers(wanted, had, links)
    yield from unfit_words(wanted, had)


def warnings(wanted: DnsConfig, host: Host) -> Iterator[Problem]:
    """Servers that nobody asks, and a symlink that becomes a file."""
    if len(wanted.server or ()) > MOST:
        servers = ", ".join((wanted.server or ())[MOST:])
        yield Problem("dns-resolver.config.server", f"most resolvers ask the first {MOST} only, and not {servers}")
    path = name_servers.place(host.files)[0]
    if path == RESOLV_CONF and (link := host.files[RESOLV_CONF].link):
        words = f"{RESOLV_CONF} leads to {link}, which a program keeps: it becomes a file of its own"
        yield Problem("dns-resolver", words)


def target(wanted: Dns, host: Host) -> Host:
    """The file with these lists; what it says beside them stays, as does what came from a network."""
    files = name_servers.with_static(host.files, wanted)
    return host if files is host.files else replace(host, files=files)
