"""What links have beyond route netlink: what ethtool(8) sets, one dump for each section of all links, and /proc/sys."""

from __future__ import annotations

import errno
from collections.abc import Collection, Mapping, Sequence

from netkernel import ethtool, genetlink, settings
from netkernel.codec import ethtool as codec
from netkernel.errors import KernelRefused
from netkernel.frozen import replace
from netkernel.genetlink import Family
from netkernel.host import Host
from netkernel.netlink import Socket
from netkernel.records import Attrs, Ethtool

_NOT_THERE = (errno.EOPNOTSUPP, errno.ENOENT, errno.EPROTONOSUPPORT)


def looked_at(host: Host, also: Collection[str]) -> Host:
    """`host` with these parts, in the calling thread's namespace; empty where the kernel has none of it.

    Raises NetworkError.
    """
    names = {link.index: name for name, link in host.links.items()}
    sections = [name for name in ethtool.SECTIONS if name in also]
    found: dict[str, Ethtool] = {}
    if sections:
        with genetlink.socket() as through:
            found = _ethtool(through, sections, names)
    return replace(host, ethtool=found, sysctls={**host.sysctls, **settings.read(also)}, also=frozenset(also))


def _ethtool(through: Socket, sections: Collection[str], names: Mapping[int, str]) -> dict[str, Ethtool]:
    try:
        family = genetlink.family(through, ethtool.FAMILY)
    except KernelRefused as refused:
        if refused.errno not in _NOT_THERE:
            raise
        return {}  # before Linux 5.6, or built without
    replies = {section: of_links for section in sections if (of_links := _section(through, family, section))}
    made: dict[tuple[int, ...], Ethtool] = {}  # most links of a host have the same settings
    found = {}
    for index, name in names.items():
        of_link = [(section, reply) for section, of_links in replies.items() if (reply := of_links.get(index))]
        if of_link:
            found[name] = _shared(of_link, made)
    return found


def _section(through: Socket, family: Family, section: str) -> dict[int, codec.Reply]:
    replies = codec.Replies(section, _feature_names(through, family) if section == "feature" else ())
    request = genetlink.HEADER.pack(ethtool.SECTIONS[section].get, family.version) + codec.dump_request()

    def read(spans: genetlink.Spans) -> dict[int, codec.Reply]:
        return replies.read((data, start + genetlink.HEADER.size, end) for data, start, end in spans)

    try:
        return through.read(family.id, request, read)
    except KernelRefused as refused:
        if refused.errno not in _NOT_THERE:
            raise
        return {}  # a section younger than the kernel


def _feature_names(through: Socket, family: Family) -> list[str]:
    header = genetlink.HEADER.pack(codec.STRINGS, family.version)
    data, start, end = through.ask(family.id, header + codec.names_request())
    return codec.read_names(data, start + genetlink.HEADER.size, end)


def _shared(replies: Sequence[tuple[str, codec.Reply]], made: dict[tuple[int, ...], Ethtool]) -> Ethtool:
    key = tuple([id(reply) for _, reply in replies])
    if key not in made:
        facts: dict[str, Attrs] = {}
        for _, reply in replies:
            facts |= reply.facts
        made[key] = Ethtool({section: reply.settings for section, reply in replies}, facts)
    return made[key]
