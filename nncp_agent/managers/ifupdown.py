"""ifupdown and ifupdown2: what they have set up (interfaces(5), /run/network/ifstate).

ifupdown keeps a list of that. ifupdown2 keeps Python objects that nobody else should load, so what counts there is what
its files bring up by themselves, once it has run since the machine started (a lock of that age says so).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from shlex import quote
from typing import Final

from netkernel.files import INTERFACES
from netkernel.records import Link
from nncp_agent.managers.base import Holder, lines

_BY_ITSELF: Final = ("auto", "allow-")
"""Stanzas that name what is brought up at boot or when it appears."""
_RANGE: Final = re.compile(r"(.*)\[(\d+)-(\d+)\](.*)")
_MOST: Final = 5000


def holders(links: Mapping[str, Link], run: str, root: str = "") -> dict[str, Holder]:
    """The links they brought up. The loopback, which they always list, is everybody's."""
    found = {}
    for line in lines(f"{run}/network/ifstate"):
        name, equals, stanza = line.partition("=")
        if equals and name in links and name != "lo":
            found[name] = Holder("ifupdown", f"iface {stanza}", _release(name))
    if found or not os.path.exists(f"{run}/network/ifstatelock"):
        return found
    for path in (INTERFACES, *_parts(root + f"{INTERFACES}.d")):
        for name in (word for line in lines(root + path) for word in raised(line)):
            if name in links and name != "lo":
                found[name] = Holder("ifupdown2", f"iface {name}, {path}", _release2(name))
    return found


def raised(line: str) -> Sequence[str]:
    """What a line of interfaces(5) has brought up without being asked; ranges of ifupdown2 name by name."""
    words = line.split()
    if not words or not words[0].startswith(_BY_ITSELF):
        return ()
    return [name for word in words[1:] for name in _each(word)]


def _parts(folder: str) -> Sequence[str]:
    try:
        return [f"{INTERFACES}.d/{name}" for name in sorted(os.listdir(folder))]
    except OSError:
        return ()


def _each(word: str) -> Iterator[str]:
    found = _RANGE.fullmatch(word)
    if not found or int(found[3]) - int(found[2]) > _MOST:
        yield word
        return
    for number in range(int(found[2]), int(found[3]) + 1):
        yield f"{found[1]}{number}{found[4]}"


def _release(name: str) -> str:
    return f"take {quote(name)} out of /etc/network/interfaces and its interfaces.d"


def _release2(name: str) -> str:
    """Its own command would take the link down: what it remembers of it goes by."""
    return f"take {quote(name)} out of the `auto` lines of {INTERFACES}, and rm /var/tmp/network/ifstatenew"
