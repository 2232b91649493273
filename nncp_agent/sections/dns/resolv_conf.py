"""The back end that is a file: /etc/resolv.conf, of which only what is configured is ours (resolv.conf(5))."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from netkernel.files import RESOLV_CONF
from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.records import File
from nncp_agent.errors import Problem
from nncp_agent.model import DnsConfig
from nncp_agent.sections.dns.base import Links, unfit_servers, unfit_words
from nncp_agent.shown import dns
from nncp_agent.shown.dns import DYNAMIC, STATIC, Dns, meant
from nncp_agent.shown.hostname import file_of

MOST: Final = 3
"""A resolver asks no more servers (MAXNS of resolv.conf(5))."""
KEPT_BY_OTHERS: Final = ("/run/", "/var/run/")
"""What is below was made since the machine started, by a program that will make it again."""
_ORDER: Final = ("options", "search", "server")
_WORDS: Final = {"options": "options", "search": "search"}


def config(host: Host) -> Dns:
    """What stands in the file and did not come from a network."""
    return dns.config(file_of(host, RESOLV_CONF)[1].lines)


def problems(wanted: DnsConfig, host: Host, links: Links) -> Iterator[Problem]:
    """What no resolver would understand, and a file that cannot be replaced."""
    path, _, file = _place(host)
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
    path, _, _ = _place(host)
    if path == RESOLV_CONF and (link := host.files[RESOLV_CONF].link):
        words = f"{RESOLV_CONF} leads to {link}, which a program keeps: it becomes a file of its own"
        yield Problem("dns-resolver", words)


def target(wanted: Dns, host: Host) -> Host:
    """The file with these lists; what it says beside them stays, as does what came from a network."""
    return _written(host, wanted, None)


def with_dynamic(dynamic: Dns, host: Host) -> Host:
    """The file with these behind what is configured."""
    return _written(host, None, dynamic)


def _written(host: Host, static: Dns | None, dynamic: Dns | None) -> Host:
    path, lines, file = _place(host)
    new = rewritten(lines, static, dynamic)
    content = "".join(f"{line}\n" for line in new).encode("utf-8", "surrogateescape")
    if list(lines) == new or (not new and not file.exists):
        return host
    made = replace(file, content=content, link="") if file.content is not None else File(content)
    return replace(host, files={**host.files, path: made})


def _place(host: Host) -> tuple[str, Sequence[str], File]:
    """Where the file is to be written, the lines it has, and what is there now.

    A symlink stays, and what it leads to is written; one to what another program keeps becomes a file.
    """
    path, file = file_of(host, RESOLV_CONF)
    if path != RESOLV_CONF and path.startswith(KEPT_BY_OTHERS):
        return RESOLV_CONF, file.lines, host.files[RESOLV_CONF]
    return path, file.lines, file


def rewritten(lines: Iterable[str], static: Dns | None, dynamic: Dns | None) -> list[str]:
    """The lines with other lists: those that change are replaced where they stood, all other lines stay. None: keep."""
    lines = list(lines)
    ours, theirs = _parted(lines)
    had = dns.parsed(ours)
    static = static or had
    if dynamic is None:
        dynamic = _only(dns.running(lines), had) if theirs else Dns()
    for key in _ORDER:
        if getattr(static, key) != getattr(had, key):
            ours = _with(ours, key, getattr(static, key))
    return [*ours, *_block(static, dynamic)]


def _parted(lines: Iterable[str]) -> tuple[list[str], list[str]]:
    """What is configured, and what came from a network."""
    parts: tuple[list[str], list[str]] = ([], [])
    is_dynamic = False
    for line in lines:
        is_dynamic = is_dynamic or line.strip() == DYNAMIC
        parts[is_dynamic].append(line)
        is_dynamic = is_dynamic and line.strip() != STATIC
    return parts


def _only(running: Dns, static: Dns) -> Dns:
    return Dns(**{
        key: tuple(each for each in getattr(running, key) if each not in getattr(static, key)) for key in _ORDER
    })  # fmt: skip


def _with(lines: list[str], key: str, values: tuple[str, ...]) -> list[str]:
    at = next((position for position, line in enumerate(lines) if meant(line)[0] == key), len(lines))
    new = _lines(key, values)
    return [*lines[:at], *new, *(line for line in lines[at:] if meant(line)[0] != key)]


def _lines(key: str, values: tuple[str, ...]) -> list[str]:
    if key == "server":
        return [f"nameserver {value}" for value in values]
    return [f"{_WORDS[key]} {' '.join(values)}"] if values else []


def _block(static: Dns, dynamic: Dns) -> list[str]:
    """Servers behind the configured ones; domains with them, because a resolver goes by the last such line."""
    new = _only(dynamic, static)
    if new == Dns():
        return []
    search = (*static.search, *new.search) if new.search else ()
    inner = [*_lines("options", new.options), *_lines("search", search), *_lines("server", new.server)]
    return [DYNAMIC, *inner, STATIC]
