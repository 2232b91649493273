"""`dns-resolver`: which name servers are asked, as /etc/resolv.conf says it (nmstate.md 4.4, resolv.conf(5))."""

from __future__ import annotations

from collections.abc import Iterable

from netkernel.files import RESOLV_CONF, is_resolveds
from netkernel.frozen import Frozen
from netkernel.host import Host
from netkernel.records import LinkDns
from netkernel.typed import Final
from nncp_agent.shown.base import Tree
from nncp_agent.shown.hostname import file_of

BEGIN: Final = "# nncp: from the network on "
END: Final = "# nncp: end of what is from the network"
"""The lines between which servers stand that nobody configured, the first with the link they came on: they are running
and not config."""
_WORDS: Final = {"nameserver": "server", "search": "search", "domain": "search", "options": "options"}
"""First words of the lines that are ours."""
COMMENTS: Final = ("#", ";")


class Dns(Frozen):
    """Servers, search domains and resolver options, each in order."""

    server: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


def read(host: Host) -> Tree | None:
    """None where the file cannot be seen: the namespace is another one's."""
    if RESOLV_CONF not in host.files:
        return None
    if is_resolveds(host.files):
        found = of_links(host, configured=False), of_links(host, configured=True)
    else:
        lines = file_of(host, RESOLV_CONF)[1].lines
        found = running(lines), config(lines)
    return {"running": _tree(found[0]), "config": _tree(found[1]) if found[1] != Dns() else {}}


def of_links(host: Host, *, configured: bool) -> Dns:
    """What systemd-resolved has, link by link; `configured` leaves out what networks gave."""
    servers: dict[str, None] = {}
    domains: dict[str, None] = {}
    for name in sorted(host.resolver):
        each = host.resolver[name]
        if not (configured and each.is_networkds):
            own = own_names(each) if configured else Dns(each.servers, each.domains)
            servers |= {server + f"%{name}" * server.startswith("fe80:"): None for server in own.server}
            domains |= dict.fromkeys(own.search)
    return Dns(tuple(servers), tuple(domains))


def joined(one: Dns, other: Dns) -> Dns:
    """Both, in this order."""
    return Dns((*one.server, *other.server), (*one.search, *other.search), (*one.options, *other.options))


def own_names(of: LinkDns) -> Dns:
    """What of it is configured: no network gave it."""
    return Dns(
        tuple([server for server in of.servers if server not in of.lent_servers]),
        tuple([domain for domain in of.domains if domain not in of.lent_domains]),
    )


def config(lines: Iterable[str]) -> Dns:
    """What somebody configured."""
    return parsed(line for line, link in marked(lines) if not link)


def running(lines: Iterable[str]) -> Dns:
    """What a resolver goes by."""
    return parsed(lines)


def parsed(lines: Iterable[str]) -> Dns:
    """Servers add up, as options do; the last `search` or `domain` line counts."""
    found: dict[str, tuple[str, ...]] = {"server": (), "search": (), "options": ()}
    for line in lines:
        key, values = meant(line)
        if key == "search":
            found[key] = values
        elif key:
            values = values[:1] if key == "server" else values
            found[key] = tuple(dict.fromkeys((*found[key], *values)))
    return Dns(**found)


def meant(line: str) -> tuple[str, tuple[str, ...]]:
    """Which of the lists a line is about, "" for none, and what it says."""
    words = line.split()
    if not words or line.lstrip().startswith(COMMENTS):
        return "", ()
    key = _WORDS.get(words[0], "")
    return key, tuple(map(canonical, words[1:])) if key == "server" else tuple(words[1:])


def canonical(server: str) -> str:
    """`2001:DB8::0` -> `2001:db8::`, with its zone; what is no address stays as it is."""
    from _socket import AF_INET, AF_INET6, inet_ntop, inet_pton  # late: a host may have none

    address, percent, zone = server.partition("%")
    family = AF_INET6 if ":" in address else AF_INET
    try:
        return inet_ntop(family, inet_pton(family, address)) + percent + zone
    except (OSError, ValueError):
        return server


def marked(lines: Iterable[str]) -> Iterable[tuple[str, str]]:
    """Each line, and the link on which a network gave it, "" for what is configured."""
    link = ""
    for line in lines:
        if line.startswith(BEGIN):
            link = line.removeprefix(BEGIN).strip()
        yield line, link
        if line.strip() == END:
            link = ""


def _tree(dns: Dns) -> Tree:
    """Servers and domains are said also where there are none, as nmstate does; options only where there are some."""
    tree: Tree = {"server": list(dns.server), "search": list(dns.search)}
    return {**tree, "options": list(dns.options)} if dns.options else tree
