"""ifupdown's files: nothing brings the link up by itself any more, and it does not believe to have done so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Final

from netkernel.frozen import replace
from netkernel.managers.ifupdown import INTERFACES, STATE
from netkernel.records import File

_BY_ITSELF: Final = ("auto", "allow-")
"""Stanzas that name what is brought up at boot or when it appears (interfaces(5))."""
_CLIENTS: Final = frozenset({"dhcp", "auto", "bootp", "wvdial", "ppp"})
"""Methods that leave a process behind."""


def files(names: Set[str], present: Mapping[str, File]) -> dict[str, File]:
    """What has to be written so that it holds these no more; nothing where it does not."""
    held = names & set(_up(present))
    if not held:
        return {}
    written = {}
    for path, file in present.items():
        if path == STATE:
            lines = [line for line in file.lines if line.partition("=")[0] not in held]
        elif path == INTERFACES or path.startswith(f"{INTERFACES}.d/"):
            lines = [new for line in file.lines for new in _without(line, held)]
        else:
            continue
        if lines != list(file.lines):
            text = "".join(f"{line}\n" for line in lines)
            written[path] = replace(file, content=text.encode("utf-8", "surrogateescape"))
    return written


def clients(names: Set[str], present: Mapping[str, File]) -> frozenset[str]:
    """Those for which it has started a process that goes on configuring them."""
    up = set(_up(present))
    texts = (file.lines for path, file in present.items() if path.startswith(INTERFACES))
    words = [line.split() for lines in texts for line in lines]
    methods = {each[1] for each in words if len(each) >= 4 and each[0] == "iface" and each[3] in _CLIENTS}
    return frozenset(names & up & methods)


def _up(present: Mapping[str, File]) -> Iterator[str]:
    return (line.partition("=")[0] for line in present.get(STATE, File()).lines if "=" in line)


def _without(line: str, names: Set[str]) -> Sequence[str]:
    """The line, and what is left of it where it brings these up."""
    words = line.split()
    if not words or not words[0].startswith(_BY_ITSELF) or names.isdisjoint(words[1:]):
        return [line]
    left = [word for word in words[1:] if word not in names]
    return [f"# nncp: {line}", *([" ".join([words[0], *left])] if left else [])]
