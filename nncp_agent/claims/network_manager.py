"""NetworkManager's files: a drop-in names the links that are ours; the profiles that made them wait to be called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from netkernel.frozen import replace
from netkernel.managers.network_manager import CLAIMED, PROFILES
from netkernel.records import File, Hold
from nncp_agent.claims.words import HEAD, text

_KEY: Final = "unmanaged-devices+="
_LINK: Final = "interface-name:="


def files(holds: Mapping[str, Hold], present: Mapping[str, File], owns_dns: bool) -> dict[str, File]:
    """What has to be written so that it holds these no more, and no profile brings them back by itself."""
    ours = present.get(CLAIMED, File())
    names = sorted({*_links(ours.lines), *holds})
    dns = ["[main]", "dns=none"] if owns_dns or "dns=none" in ours.lines else []
    said = [HEAD, *dns, "[keyfile]", _KEY + ";".join(_LINK + name for name in names)]
    written = {CLAIMED: replace(ours, content=text(said))}
    profiles = {hold.profile for hold in holds.values() if hold.profile}
    for path, file in _profiles(present):
        if _value(file.lines, "connection", "uuid") in profiles:
            written[path] = replace(file, content=text(_with(file.lines, "connection", "autoconnect", "false")))
    return written


def servers(hold: Hold, present: Mapping[str, File]) -> tuple[str, ...]:
    """The name servers that the profile states."""
    for _, file in _profiles(present):
        if hold.profile and _value(file.lines, "connection", "uuid") == hold.profile:
            texts = (_value(file.lines, section, "dns") for section in ("ipv4", "ipv6"))
            return tuple(server for text in texts for server in text.split(";") if server)
    return ()


def _links(lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        if line.startswith(_KEY):
            yield from (each.removeprefix(_LINK) for each in line.removeprefix(_KEY).split(";"))


def _profiles(present: Mapping[str, File]) -> Iterator[tuple[str, File]]:
    return ((path, file) for path, file in present.items() if path.startswith(f"{PROFILES}/") and file.content)


def _value(lines: Sequence[str], section: str, key: str) -> str:
    inside = False
    for line in lines:
        if line.startswith("["):
            inside = line.strip() == f"[{section}]"
        elif inside and line.partition("=")[0].strip() == key:
            return line.partition("=")[2].strip()
    return ""


def _with(lines: Sequence[str], section: str, key: str, value: str) -> list[str]:
    """The lines with this key of this section, which is there; all else stays as it stands."""
    new: list[str] = []
    inside = False
    for line in lines:
        if line.startswith("["):
            inside = line.strip() == f"[{section}]"
            new += [line, f"{key}={value}"] if inside else [line]
        elif not (inside and line.partition("=")[0].strip() == key):
            new.append(line)
    return new
