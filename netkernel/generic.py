"""What drivers are set to (ethtool(8), one dump for each section of all links; SR-IOV), and what /proc/sys tells."""

from __future__ import annotations

import errno
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from netkernel import ethtool, genetlink, settings
from netkernel.codec import ethtool as codec
from netkernel.errors import KernelRefused
from netkernel.frozen import replace
from netkernel.genetlink import Family
from netkernel.host import Host
from netkernel.netlink import Socket, Span
from netkernel.records import Attrs, Hardware, Link, Value
from netkernel.typed import Final

_NOT_THERE = (errno.EOPNOTSUPP, errno.ENOENT, errno.EPROTONOSUPPORT)
_ETHER: Final = 1  # ARPHRD_ETHER
_PLUGGED: Final = ("", "bond", "tun", "veth")
_DEAR: Final = 10
"""So many answers of a dump come in the time of one that is asked for by itself."""
_NOT_TOLD = (*_NOT_THERE, errno.EPERM)
"""Some sections are only for root."""


def looked_at(host: Host, also: Collection[str]) -> Host:
    """`host` with these parts, in the calling thread's namespace; empty where the kernel has none of it.

    Raises NetworkError.
    """
    names = {link.index: name for name, link in host.links.items()}
    sections = [name for name in ethtool.SECTIONS if name in also]
    found: dict[str, Hardware] = {}
    if sections:
        with genetlink.socket() as through:
            found = _ethtool(through, sections, names, _plugs(host.links.values()))
    if ethtool.VIRTUAL_FUNCTIONS in also:
        for name, has in _virtual_functions(host).items():
            one = found.get(name, Hardware())
            found[name] = Hardware({**one.settings, **has.settings}, {**one.facts, **has.facts})
    return replace(host, hardware=found, sysctls={**host.sysctls, **settings.read(also)}, also=frozenset(also))


def _virtual_functions(host: Host) -> dict[str, Hardware]:
    """Of the NICs whose devices can have any."""
    found = {}
    nics = [(name, link) for name, link in host.links.items() if link.parent and not link.kind]
    if nics:
        from netkernel import sysfs  # late, as below: a container has none
    for name, link in nics:
        count = sysfs.read(link.parent, "sriov_numvfs")
        if count is None or not count.isdigit():
            continue
        settings: dict[str, Attrs] = {ethtool.VIRTUAL_FUNCTIONS: _counted(link.parent, int(count))}
        devices: dict[str, Value] = {}
        for id, of_one in (_asked(link.index) if int(count) else {}).items():
            settings[ethtool.function(id)] = of_one
            if device := sysfs.linked(link.parent, f"virtfn{id}"):
                devices[str(id)] = device
        most = sysfs.read(link.parent, "sriov_totalvfs") or ""
        facts: dict[str, Attrs] = {
            ethtool.VIRTUAL_FUNCTIONS: {"total-vfs": int(most)} if most.isdigit() else {},
            ethtool.DEVICES: devices,
        }
        found[name] = Hardware(settings, facts)
    return found


def _counted(device: str, count: int) -> Attrs:
    from netkernel import sysfs

    probed = sysfs.read(device, "sriov_drivers_autoprobe")
    return {"total-vfs": count, **({"drivers-autoprobe": probed == "1"} if probed is not None else {})}


def _asked(index: int) -> dict[int, Attrs]:
    from netkernel.codec import virtual_functions

    with Socket() as through:
        return virtual_functions.read(through.ask(virtual_functions.GET, virtual_functions.request(index)))


def _plugs(links: Iterable[Link]) -> dict[str, list[int]]:
    """By section the indexes of those that can have any of it: what agrees on speed and duplex with somebody at the
    other end, and what could save energy or wake a machine, which only NICs do.
    """
    plugged = [link for link in links if link.type == _ETHER and link.kind in _PLUGGED]
    nics = [link.index for link in plugged if not link.kind]
    return {"link": [link.index for link in plugged], "eee": nics, "wake-on-lan": nics}


def _ethtool(
    through: Socket, sections: Collection[str], names: Mapping[int, str], plugs: Mapping[str, Sequence[int]]
) -> dict[str, Hardware]:
    try:
        family = genetlink.family(through, ethtool.FAMILY)
    except KernelRefused as refused:
        if refused.errno not in _NOT_THERE:
            raise
        return {}  # before Linux 5.6, or built without
    replies = {}
    for section in sections:
        few = plugs.get(section)
        if of_links := _section(
            through, family, section, few if few is None or len(few) * _DEAR < len(names) else None
        ):
            replies[section] = of_links
    made: dict[tuple[int, ...], Hardware] = {}  # most links of a host have the same settings
    found = {}
    for index, name in names.items():
        of_link = [(section, reply) for section, of_links in replies.items() if (reply := of_links.get(index))]
        if of_link:
            found[name] = _shared(of_link, made)
    return found


def _section(
    through: Socket, family: Family, section: str, only: Sequence[int] | None = None
) -> dict[int, codec.Reply]:
    """What all links say, or those with `only` these indexes."""
    list_of = codec.LISTS.get(section) if only is None or only else None
    replies = codec.Replies(section, _names(through, family, list_of) if list_of is not None else ())
    header = genetlink.HEADER.pack(ethtool.SECTIONS[section].get, family.version)

    def read(spans: Iterable[Span]) -> dict[int, codec.Reply]:
        return replies.read((data, start + genetlink.HEADER.size, end) for data, start, end in spans)

    if only is not None:
        return read(_each(through, family, header, only))
    try:
        return through.read(family.id, header + codec.request(), read)
    except KernelRefused as refused:
        if refused.errno not in _NOT_TOLD:
            raise
        return {}  # a section younger than the kernel


def _each(through: Socket, family: Family, header: bytes, indexes: Iterable[int]) -> Iterator[Span]:
    """The answers of these links, but for those that have none or went."""
    for index in indexes:
        try:
            yield through.ask(family.id, header + codec.request(index))
        except KernelRefused as refused:
            if refused.errno not in (*_NOT_TOLD, errno.ENODEV):
                raise


def _names(through: Socket, family: Family, list_of: int) -> list[str]:
    header = genetlink.HEADER.pack(codec.STRINGS, family.version)
    data, start, end = through.ask(family.id, header + codec.names_request(list_of))
    return codec.read_names(data, start + genetlink.HEADER.size, end)


def _shared(replies: Sequence[tuple[str, codec.Reply]], made: dict[tuple[int, ...], Hardware]) -> Hardware:
    key = tuple([id(reply) for _, reply in replies])
    if key not in made:
        facts: dict[str, Attrs] = {}
        for _, reply in replies:
            facts |= reply.facts
        made[key] = Hardware({section: reply.settings for section, reply in replies}, facts)
    return made[key]
