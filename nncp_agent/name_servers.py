"""The lines of /etc/resolv.conf: each list replaces its own, and what a network gives has a place for each link.

No models: what keeps a lease writes servers with this, and should weigh little.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from netkernel.files import RESOLV_CONF
from netkernel.frozen import replace
from netkernel.records import File, LinkDns
from netkernel.typed import Final
from nncp_agent.shown import dns
from nncp_agent.shown.dns import BEGIN, END, Dns, meant
from nncp_agent.shown.hostname import file_in

KEPT_BY_OTHERS: Final = ("/run/", "/var/run/")
"""What is below was made since the machine started, by a program that will make it again."""
_ORDER: Final = ("options", "search", "server")


def with_static(files: Mapping[str, File], wanted: Dns) -> Mapping[str, File]:
    """`files` with these lists configured; what came from networks stays. The same object when nothing changes."""
    lines = place(files)[1]
    return _written(files, rewritten(lines, wanted, blocks(lines)))


def with_dynamic(files: Mapping[str, File], link: str, given: Dns) -> Mapping[str, File]:
    """`files` with what a network gave on `link`, nothing when that is empty; the rest stays, as above."""
    return with_lent(files, {**blocks(place(files)[1]), link: given})


def with_lent(files: Mapping[str, File], given: Mapping[str, Dns]) -> Mapping[str, File]:
    """`files` with what networks gave, by link, and nothing that they gave before; the rest stays, as above."""
    return _written(files, rewritten(place(files)[1], None, given))


def on_link(configured: Dns, given: Dns) -> LinkDns:
    """What systemd-resolved is told of a link that has both: the configured come first."""
    new = without(given, configured)
    return LinkDns((*configured.server, *new.server), (*configured.search, *new.search), new.server, new.search)


def place(files: Mapping[str, File]) -> tuple[str, Sequence[str], File]:
    """Where the file is to be written, the lines it has, and what is there now.

    A symlink stays, and what it leads to is written; one to what another program keeps becomes a file.
    """
    path, file = file_in(files, RESOLV_CONF)
    if path != RESOLV_CONF and path.startswith(KEPT_BY_OTHERS):
        return RESOLV_CONF, file.lines, files[RESOLV_CONF]
    return path, file.lines, file


def rewritten(lines: Iterable[str], static: Dns | None, dynamic: Mapping[str, Dns]) -> list[str]:
    """The lines with other lists: configured ones that change are replaced where they stood (None: none does), what
    networks gave comes last, link by link."""
    ours = [line for line, link in dns.marked(lines) if not link]
    had = dns.parsed(ours)
    static = static or had
    for key in _ORDER:
        if getattr(static, key) != getattr(had, key):
            ours = _with(ours, key, getattr(static, key))
    known = static
    for link, given in dynamic.items():
        new = without(given, known)
        if new != Dns():
            known = dns.joined(known, new)
            ours += _block(link, new, known.search if new.search else ())
    return ours


def blocks(lines: Iterable[str]) -> dict[str, Dns]:
    """What networks gave, by link."""
    marked = list(dns.marked(lines))
    known = dns.parsed(line for line, link in marked if not link)
    found: dict[str, Dns] = {}
    for name in dict.fromkeys(link for _, link in marked if link):
        found[name] = without(dns.parsed(line for line, link in marked if link == name), known)
        known = Dns(known.server, (*known.search, *found[name].search), known.options)
    return found


def without(given: Dns, known: Dns) -> Dns:
    """What of `given` is not in `known`."""
    left = {key: tuple(each for each in getattr(given, key) if each not in getattr(known, key)) for key in _ORDER}
    return Dns(**left)


def _written(files: Mapping[str, File], new: list[str]) -> Mapping[str, File]:
    path, lines, file = place(files)
    if list(lines) == new or (not new and not file.exists):
        return files
    content = "".join(f"{line}\n" for line in new).encode("utf-8", "surrogateescape")
    return {**files, path: replace(file, content=content) if file.content is not None else File(content)}


def _with(lines: list[str], key: str, values: tuple[str, ...]) -> list[str]:
    at = next((position for position, line in enumerate(lines) if meant(line)[0] == key), len(lines))
    return [*lines[:at], *_lines(key, values), *(line for line in lines[at:] if meant(line)[0] != key)]


def _lines(key: str, values: tuple[str, ...]) -> list[str]:
    if key == "server":
        return [f"nameserver {value}" for value in values]
    return [f"{key} {' '.join(values)}"] if values else []


def _block(link: str, given: Dns, search: tuple[str, ...]) -> list[str]:
    """Domains come with all before them, because a resolver goes by the last such line."""
    inner = [*_lines("options", given.options), *_lines("search", search), *_lines("server", given.server)]
    return [f"{BEGIN}{link}", *inner, END]
