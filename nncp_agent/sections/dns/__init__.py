"""The `dns-resolver` section (nmstate.md 4.4): which back end keeps the name servers, and what a policy asks of it.

A back end says what is configured, what stands in the way, and how the host is with other lists: all of it pure.
What a network gives comes in at `nncp_agent.name_servers.with_dynamic`, which needs none of this.
"""

from __future__ import annotations

from collections.abc import Iterator

from netkernel.files import is_resolveds
from netkernel.host import Host
from nncp_agent.errors import Problem
from nncp_agent.model import DnsConfig, DnsResolver
from nncp_agent.sections.dns import resolv_conf, resolved
from nncp_agent.sections.dns.base import Backend, Links, merged
from nncp_agent.shown.dns import Dns

__all__ = ["Dns", "backend", "conflicts", "differences", "merged", "problems", "target", "warnings"]


def backend(host: Host) -> Backend:
    """Who keeps this host's name servers."""
    return resolved if is_resolveds(host.files) else resolv_conf


def problems(asked: DnsResolver | None, host: Host, links: Links) -> Iterator[Problem]:
    """What stands in the way; what the host has already may be said again, however odd. `links` there will be."""
    if (config := _config(asked)) is None:
        return
    keeper = backend(host)
    if not host.files:
        yield Problem("dns-resolver", "the namespace is another's: its files are not to be seen from here")
    elif merged(config, keeper.config(host)) != keeper.config(host):
        yield from keeper.problems(config, host, links)


def warnings(asked: DnsResolver | None, host: Host) -> Iterator[Problem]:
    """What will work and still surprise."""
    config = _config(asked)
    if config is not None and host.files and merged(config, backend(host).config(host)) != backend(host).config(host):
        yield from backend(host).warnings(config, host)


def target(asked: DnsResolver | None, host: Host) -> Host:
    """`host` with the lists that are asked for; the same object when it has them."""
    config = _config(asked)
    if config is None or not host.files:
        return host
    had = backend(host).config(host)
    wanted = merged(config, had)
    return host if wanted == had else backend(host).target(wanted, host)


def conflicts(asked: DnsResolver | None, after: Host) -> Iterator[Problem]:
    """What the host could not hold of it, seen when all else is known."""
    for line in differences(asked, after) if after.files else ():
        path, _, words = line.partition(": ")
        yield Problem(path, f"{words}: no interface can have them (up, with an address, not systemd-networkd's)")


def differences(asked: DnsResolver | None, host: Host) -> Iterator[str]:
    """What the policy says and the host does not show."""
    if (config := _config(asked)) is None:
        return
    have = backend(host).config(host)
    want = merged(config, have)
    for key in ("server", "search", "options"):
        if getattr(want, key) != getattr(have, key):
            words = [", ".join(getattr(dns, key)) or "none" for dns in (want, have)]
            yield f"dns-resolver.config.{key}: wanted {words[0]}, found {words[1]}"


def _config(asked: DnsResolver | None) -> DnsConfig | None:
    return asked.config if asked is not None else None
