"""systemd-networkd's files: one names the links that are ours, and drop-ins keep .netdev files from making them again.

Both do not count on a machine that is started with nncp=off: then our own unit restores nothing, and networkd has the
network as before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Final

from netkernel.frozen import replace
from netkernel.managers.networkd import CLAIMED, drop_in
from netkernel.records import File
from nncp_agent.claims.words import HEAD, text

_NAMES: Final = "Name="


def files(names: Set[str], present: Mapping[str, File]) -> dict[str, File]:
    """What has to be written so that it holds these no more, and makes none of them."""
    ours = present.get(CLAIMED, File())
    known = (name for line in ours.lines if line.startswith(_NAMES) for name in line.removeprefix(_NAMES).split())
    match = [_NAMES + " ".join(sorted({*known, *names})), "KernelCommandLine=!nncp=off"]
    said = [HEAD, "[Match]", *match, "[Link]", "Unmanaged=yes"]
    written = {CLAIMED: replace(ours, content=text(said))}
    for path in _makers(names, present):
        written[drop_in(path)] = File(text([HEAD, "[Match]", "KernelCommandLine=nncp=off"]))
    return written


def _makers(names: Set[str], present: Mapping[str, File]) -> Iterator[str]:
    """The .netdev files that make these links."""
    for path, file in present.items():
        if path.endswith(".netdev") and not names.isdisjoint(_made(file.lines)):
            yield path


def _made(lines: Sequence[str]) -> Iterator[str]:
    inside = False
    for line in lines:
        if line.startswith("["):
            inside = line.strip() == "[NetDev]"
        elif inside and line.partition("=")[0].strip() == "Name":
            yield line.partition("=")[2].strip()
