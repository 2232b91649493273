"""The back end that is a daemon: systemd-resolved, which keeps servers and domains for each link and no options.

What is configured stands on the links that nobody else configures; all of it goes to one link: that of the servers'
zone, else the one that has them already, else that of the default route.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace as replaced

from netkernel.files import RESOLV_CONF
from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.records import MAIN_TABLE, LinkDns
from nncp_agent import name_servers
from nncp_agent.errors import Problem
from nncp_agent.model import DnsConfig
from nncp_agent.sections.dns.base import Links, unfit_servers, unfit_words
from nncp_agent.shown import dns
from nncp_agent.shown.dns import Dns

_DEFAULTS: Final = ("0.0.0.0/0", "::/0")
_LOOPBACK: Final = 772
"""ARPHRD_LOOPBACK (linux/if_arp.h)."""


def config(host: Host) -> Dns:
    """What the links have that no network daemon configures."""
    return dns.of_links(host, configured=True)


def problems(wanted: DnsConfig, host: Host, links: Links) -> Iterator[Problem]:
    """Options, of which it has none, servers that are none, and a daemon that does not answer."""
    had = dns.of_links(host, configured=False)
    if wanted.options:
        words = "systemd-resolved, to which /etc/resolv.conf leads, has no options; wanted none"
        yield Problem("dns-resolver.config.options", words)
    if not host.resolver:
        yield Problem("dns-resolver", f"{RESOLV_CONF} leads to systemd-resolved, which does not answer")
    yield from unfit_servers(wanted, had, links)
    yield from unfit_words(replaced(wanted, options=None), had)


def warnings(wanted: DnsConfig, host: Host) -> Iterator[Problem]:
    """None."""
    yield from ()


def target(wanted: Dns, host: Host) -> Host:
    """The one link with these lists, and every other that we may write without any; what networks gave stays."""
    chosen = link_for(wanted, host)
    resolver = {name: _with(Dns(), each) if _is_ours(each) else each for name, each in host.resolver.items()}
    if chosen:
        servers = tuple(server.partition("%")[0] for server in wanted.server)
        resolver[chosen] = _with(Dns(servers, wanted.search), host.resolver.get(chosen, LinkDns()))
    changed = {name: each for name, each in resolver.items() if each != host.resolver.get(name, LinkDns())}
    return replace(host, resolver={**host.resolver, **changed}) if changed else host


def link_for(wanted: Dns, host: Host) -> str:
    """The link that gets them; "" when there is nothing to give, or no link for it."""
    zones = [server.partition("%")[2] for server in wanted.server if "%" in server]
    holding = [name for name, each in host.resolver.items() if _is_ours(each) and dns.own_names(each) != Dns()]
    if wanted == Dns():
        return ""
    candidates = (*zones, *holding[:1], *_default_links(host), *_links_with_addresses(host))
    return next((name for name in candidates if name in host.links and _may_be_ours(name, host)), "")


def _with(configured: Dns, had: LinkDns) -> LinkDns:
    return name_servers.on_link(configured, Dns(had.lent_servers, had.lent_domains))


def _default_links(host: Host) -> list[str]:
    routes = [each for each in host.routes if each.destination in _DEFAULTS and each.table == MAIN_TABLE]
    routes.sort(key=lambda each: (_DEFAULTS.index(each.destination), each.metric))
    return [link for route in routes for link in route.links]


def _links_with_addresses(host: Host) -> list[str]:
    return [
        name for name, link in host.links.items() if link.up and link.type != _LOOPBACK and host.addresses.get(name)
    ]


def _may_be_ours(name: str, host: Host) -> bool:
    return host.links[name].type != _LOOPBACK and _is_ours(host.resolver.get(name, LinkDns()))


def _is_ours(each: LinkDns) -> bool:
    return not each.is_networkds
