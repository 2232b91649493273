"""ifupdown's files: nothing brings the link up by itself any more, and it does not believe to have done so."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence, Set
from fnmatch import fnmatchcase
from typing import Final

from netkernel.files import INTERFACES
from netkernel.frozen import replace
from netkernel.managers.ifupdown import STATE, STATE2
from netkernel.records import File
from nncp_agent.claims.words import text
from nncp_agent.managers.ifupdown import raised

_CLIENTS: Final = frozenset({"dhcp", "auto", "bootp", "wvdial", "ppp"})
"""Methods that leave a process behind."""
_SOURCES: Final = frozenset({"source", "source-directory"})


def files(names: Set[str], present: Mapping[str, File]) -> dict[str, File]:
    """What has to be written so that it holds these no more; nothing where it does not.

    ifupdown2 takes down what it remembers and is told to bring up no more; so it forgets all, and learns the others
    anew when it runs next.
    """
    held = _held(names, present)
    if not held:
        return {}
    written = {STATE2: File()} if present.get(STATE2, File()).exists else {}
    for path, file in present.items():
        if path == STATE:
            lines = [line for line in file.lines if line.partition("=")[0] not in held]
        elif _is_read(path):
            lines = [new for line in file.lines for new in _without(line, held)]
        else:
            continue
        if lines != list(file.lines):
            written[path] = replace(file, content=text(lines))
    return written


def obstacles(names: Set[str], present: Mapping[str, File]) -> Iterator[tuple[str, str]]:
    """Links of these that it would bring up again all the same, each with the reason."""
    lines = [(path, line) for path, file in present.items() if _is_read(path) for line in file.lines]
    elsewhere = [f"{path} has {each} read, too" for path, line in lines for each in _sourced(line)]
    patterns = [(path, word) for path, line in lines for word in raised(line) if word.startswith("/")]
    for name in sorted(_held(names, present)):
        fitting = [f"{path} brings up {word}" for path, word in patterns if fnmatchcase(name, word.split("/")[-1])]
        for why in (*elsewhere, *fitting):
            yield name, why


def clients(names: Set[str], present: Mapping[str, File]) -> frozenset[str]:
    """Those for which it has started a process that goes on configuring them."""
    words = [line.split() for path, file in present.items() if _is_read(path) for line in file.lines]
    methods = {each[1] for each in words if len(each) >= 4 and each[0] == "iface" and each[3] in _CLIENTS}
    return _held(names, present) & methods


def _held(names: Set[str], present: Mapping[str, File]) -> frozenset[str]:
    """Which of them it has brought up: by its list, or where ifupdown2 has run by what its files say."""
    up = {line.partition("=")[0] for line in present.get(STATE, File()).lines if "=" in line}
    if STATE2 in present:
        up |= {name for path, file in present.items() if _is_read(path) for line in file.lines for name in raised(line)}
    return frozenset(names & up)


def _is_read(path: str) -> bool:
    return path == INTERFACES or path.startswith(f"{INTERFACES}.d/")


def _without(line: str, names: Set[str]) -> Sequence[str]:
    """The line, and what is left of it where it brings these up."""
    words = raised(line)
    if names.isdisjoint(words):
        return [line]
    left = [word for word in words if word not in names]
    return [f"# nncp: {line}", *([" ".join([line.split()[0], *left])] if left else [])]


def _sourced(line: str) -> Iterator[str]:
    """What it has read beyond its folder, which we do not."""
    words = line.split()
    if words and words[0] in _SOURCES:
        for word in words[1:]:
            path = os.path.normpath(os.path.join(os.path.dirname(INTERFACES), word))
            if path != f"{INTERFACES}.d" and os.path.dirname(path) != f"{INTERFACES}.d":
                yield path
