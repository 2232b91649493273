"""What only /proc/sys tells of a link: net.ipv4.conf, both neighbour tables, and of net.ipv6.conf what is not in dumps.

A link that goes takes them along, and one made again has the namespace's defaults; so only what differs from those is
worth remembering. Reading takes half a millisecond a link, so it is done for links that are about to go.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping

from netkernel import devconf, sysctl
from netkernel.errors import KernelRefused
from netkernel.typed import Final

PART: Final = "settings/"
"""`Host.also` has this and the name of each link whose settings were read."""
IPV6: Final = ("net/ipv6/conf", "net/ipv6/neigh")
FOLDERS: Final = ("net/ipv4/conf", "net/ipv4/neigh", *IPV6)
_LEFT_OUT: Final[Mapping[str, frozenset[str]]] = {
    "net/ipv4/conf": frozenset({"mc_forwarding"}),
    "net/ipv6/conf": frozenset({*devconf.NAMES, "addr_gen_mode", "mc_forwarding", "mtu"}),
    # the same as the ones in milliseconds, in seconds and ticks
    "net/ipv4/neigh": frozenset({"base_reachable_time", "retrans_time"}),
    "net/ipv6/neigh": frozenset({"base_reachable_time", "retrans_time"}),
}
"""Read only, said by a link's record, or said twice; `mtu` follows the link's."""


def parts(links: Iterable[str]) -> frozenset[str]:
    """What `Host.also` says when the settings of these links were read."""
    return frozenset(f"{PART}{name}" for name in links)


def link_of(path: str) -> str:
    """The link that a path is about; "" for none, and for those that stand for all links."""
    for folder in FOLDERS:
        if path.startswith(f"{folder}/"):
            link, _, setting = path[len(folder) + 1 :].rpartition("/")
            return "" if link in ("", "all", "default") or setting in _LEFT_OUT[folder] else link
    return ""


def read(also: Collection[str]) -> dict[str, str]:
    """The settings that differ from the defaults, of the links in `also`, in the calling thread's namespace.

    Only the first namespace shows the defaults of its neighbour tables; in others all of those differ.
    """
    names = sorted(each.removeprefix(PART) for each in also if each.startswith(PART))
    found: dict[str, str] = {}
    for folder in FOLDERS if names else ():
        usual = dict(_values(folder, "default", _files(folder, "default")))
        for name in names:
            values = _values(folder, name, _files(folder, name))
            found |= {f"{folder}/{name}/{file}": value for file, value in values if usual.get(file) != value}
    return found


def _files(folder: str, name: str) -> set[str]:
    try:
        return set(os.listdir(f"{sysctl.ROOT}/{folder}/{name}")) - _LEFT_OUT[folder]
    except OSError:
        return set()


def _values(folder: str, name: str, files: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Those that can be read: a link may be gone, and no secret is an I/O error."""
    for file in files:
        try:
            yield file, sysctl.read(f"{folder}/{name}/{file}")
        except KernelRefused:
            continue
