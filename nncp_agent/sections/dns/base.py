"""What every back end of `dns-resolver` answers, and what all of them ask of servers, domains and options."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Protocol

from netkernel.host import Host
from nncp_agent.errors import Problem
from nncp_agent.model import DnsConfig, Interface, State, stated
from nncp_agent.shown.dns import Dns
from nncp_agent.spelling import ip_or_none

Links = Mapping[str, Interface]
"""The interfaces there will be."""
PLAIN: Final = frozenset({
    "debug", "edns0", "inet6", "ip6-bytestring", "ip6-dotint", "no-aaaa", "no-check-names", "no-ip6-dotint",
    "no-reload", "no-tld-query", "rotate", "single-request", "single-request-reopen", "trust-ad", "use-vc",
})  # fmt: skip
NUMBERED: Final = frozenset({"ndots", "timeout", "attempts"})
"""Options of resolv.conf(5), without and with a number after a colon (nmstate.md 4.4)."""


class Backend(Protocol):
    """One way a host keeps its name servers. Pure: a module with these functions."""

    def config(self, host: Host) -> Dns:
        """What somebody configured."""
        ...

    def problems(self, wanted: DnsConfig, host: Host, links: Links) -> Iterator[Problem]: ...

    def warnings(self, wanted: DnsConfig, host: Host) -> Iterator[Problem]: ...

    def target(self, wanted: Dns, host: Host) -> Host:
        """`host` with these lists and no others."""
        ...


def merged(config: DnsConfig, had: Dns) -> Dns:
    """A list that is not stated stays; with no list at all, all are cleared (nmstate.md 4.4)."""
    if not stated(config):
        return Dns()
    lists = (("server", config.server), ("search", config.search), ("options", config.options))
    return Dns(**{
        key: getattr(had, key) if stated_ is None else tuple(dict.fromkeys(stated_)) for key, stated_ in lists
    })  # fmt: skip


def unfit_servers(config: DnsConfig, had: Dns, links: Links) -> Iterator[Problem]:
    """No address, a zone where there is none, none where there has to be one, or zones of several interfaces."""
    zones = set()
    for position, server in enumerate(config.server or ()):
        path = f"dns-resolver.config.server[{position}]"
        address, percent, zone = server.partition("%")
        if percent and address.lower().startswith("fe80:"):
            zones.add(zone)
        if server in had.server:
            continue
        if ip_or_none(address) is None:
            yield Problem(path, f"found {server!r}, wanted an IP address like 192.0.2.53 or fe80::1%eth1")
        elif percent and not address.startswith("fe80:"):
            yield Problem(path, f"found {server}: only link-local addresses are of one interface, wanted {address}")
        elif address.startswith("fe80:") and not percent:
            yield Problem(path, f"found {server}, which may be on any link; wanted it with one, like fe80::1%eth1")
        elif percent and zone not in links:
            yield Problem(path, f"{zone or 'what has no name'} is not on this host and is made by no file given")
        elif percent and (why := _out_of_reach(links[zone])):
            yield Problem(path, f"{zone} {why}, and nobody reaches {address} over it")
    if len(zones) > 1:
        names = " and ".join(sorted(zones))
        yield Problem("dns-resolver.config.server", f"link-local servers of {names}: wanted those of one interface")


def _out_of_reach(interface: Interface) -> str:
    if interface.state is State.DOWN:
        return "is down"
    return "" if interface.ipv6 is not None and interface.ipv6.enabled else "has no IPv6"


def unfit_words(config: DnsConfig, had: Dns) -> Iterator[Problem]:
    """Search domains that are none, options that no resolver knows."""
    for position, domain in enumerate(config.search or ()):
        if domain not in had.search and not _is_domain(domain):
            path = f"dns-resolver.config.search[{position}]"
            yield Problem(path, f"found {domain!r}, wanted a domain without blanks")
    for position, option in enumerate(config.options or ()):
        if option not in had.options and (why := _unknown(option)):
            yield Problem(f"dns-resolver.config.options[{position}]", why)


def _is_domain(text: str) -> bool:
    return bool(text) and not any(char.isspace() or not char.isprintable() for char in text)


def _unknown(option: str) -> str:
    """Why it is no option; "" for one."""
    name, colon, number = option.partition(":")
    if name in NUMBERED:
        good = bool(colon) and number.isascii() and number.isdigit() and len(number) < 5
        return "" if good else f"found {option!r}, wanted a number after it, like {name}:2"
    if name in PLAIN:
        return f"found {option!r}, wanted no number after it" if colon else ""
    return f"found {option!r}, wanted one of {', '.join(sorted(PLAIN))}, or {', '.join(sorted(NUMBERED))} with a number"
