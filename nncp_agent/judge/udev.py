"""What udev would make of links that a plan makes: another name, another MAC address, another MTU, a moment later."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from fnmatch import fnmatchcase
from shlex import quote
from typing import Final

from netkernel.host import Host
from netkernel.records import Link
from nncp_agent.errors import Problem
from nncp_agent.managers.udev import FOLDERS, LinkFile
from nncp_agent.model import Interface

DRAWN: Final = frozenset(
    {"bond", "bridge", "dummy", "geneve", "gretap", "ip6gretap", "macvlan", "macvtap", "tun", "veth", "vrf", "vxlan"}
)
"""Kinds for which the kernel draws a MAC address when nobody gives one: udev puts its own in its place. One that was
given or is another link's stays (addr_assign_type; link-config.c of udev)."""
_TYPES: Final = frozenset(
    {"bond", "bridge", "geneve", "hsr", "ipvlan", "macsec", "macvlan", "macvtap", "vlan", "vxlan"}
)
"""Kinds that have a DEVTYPE of this name; the others count as what they carry."""
_DRIVERS: Final = {"bond": "bonding", "vlan": "802.1Q VLAN Support"}
"""What ethtool(8) calls the drivers of kinds, where that is not the kind."""
_UNITS: Final = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def problems(
    files: Sequence[LinkFile], made: Set[str], wanted: Mapping[str, Interface], before: Host, after: Host
) -> Iterator[Problem]:
    """Where a link that is made would not stay as the policy (`wanted`) says."""
    for name, file in _found(files, made, after):
        other, iface = file.says.get("Name", ""), wanted.get(name)
        keeps = "keep" in file.says.get("NamePolicy", "").split()
        if not keeps and other not in ("", name, *before.links, *after.links):
            yield _unlike(name, name, f"udev would rename it to {other}", file, "NamePolicy=keep")
        for key, value, stated in _differing(file, after.links[name], iface):
            if stated:
                instead = "MACAddressPolicy=none" if key == "mac-address" else f"MTUBytes={after.links[name].mtu}"
                yield _unlike(name, f"{name}: {key}", f"udev would make it {value}", file, instead)


def warnings(
    files: Sequence[LinkFile], made: Set[str], wanted: Mapping[str, Interface], after: Host
) -> Iterator[Problem]:
    """Where it will be what udev makes of it, and the policy says nothing; one for all MACs that a file draws."""
    drawn: dict[str, list[str]] = {}
    for name, file in _found(files, made, after):
        link, policy = after.links[name], file.says.get("MACAddressPolicy", "")
        for key, value, stated in _differing(file, link, wanted.get(name)):
            if not stated:
                yield Problem(f"{name}: {key}", f"udev will make it {value} ({file.path})")
        is_drawn = not link.address and link.kind in DRAWN and link.attrs.get("mode") != "tun"
        if is_drawn and policy in ("persistent", "random"):
            drawn.setdefault(f"MACAddressPolicy={policy} in {file.path}", []).append(name)
    for why, names in drawn.items():
        others = f" (also those of {', '.join(names[1:])})" if names[1:] else ""
        text = f"udev will choose it{others} after the link is made: {why}; state it to have another"
        yield Problem(f"{names[0]}: mac-address", text)


def _differing(file: LinkFile, link: Link, iface: Interface | None) -> Iterator[tuple[str, str, bool]]:
    """What it gives that the link would not have, and whether the policy states that."""
    mac, mtu = _mac(file), _bytes(file.says.get("MTUBytes", ""))
    if mac and mac != link.address.lower():
        yield "mac-address", mac, bool(iface and (iface.mac_address or iface.copy_mac_from))
    if mtu and mtu != link.mtu:
        yield "mtu", str(mtu), bool(iface and iface.mtu)


def _found(files: Sequence[LinkFile], made: Set[str], after: Host) -> Iterator[tuple[str, LinkFile]]:
    """The file that udev will find for each of these, where it finds one."""
    for name in sorted(made & after.links.keys()):
        if file := next((each for each in files if fits(each, after.links[name])), None):
            yield name, file


def fits(file: LinkFile, link: Link) -> bool:
    """Whether it is for a virtual link that appears like this. What a file asks of the machine counts as not so."""
    mac = link.address.lower()
    known = {
        "OriginalName": link.name,
        "Kind": link.kind,
        "Type": link.kind if link.kind in _TYPES else "ether",
        "Driver": _DRIVERS.get(link.kind, link.kind),
        "MACAddress": mac,
    }
    asked = {key: value.split() for key, value in file.match.items() if value}
    return bool(asked) and all(key in known and _is_one(known[key], words) for key, words in asked.items())


def _is_one(value: str, words: Sequence[str]) -> bool:
    """Whether it is one of these globs; a `!` before the first means none of them."""
    wanted = not words[0].startswith("!")
    globs = [words[0].removeprefix("!"), *words[1:]]
    return any(value == each.lower() or fnmatchcase(value, each) for each in globs) == wanted


def _unlike(name: str, path: str, what: str, file: LinkFile, instead: str) -> Problem:
    text = rf"[Match]\nOriginalName={name}\n[Link]\n{instead}\n"
    fix = f"printf {quote(text)} >{quote(f'{FOLDERS[0]}/00-{name}.link')} && udevadm control --reload"
    return Problem(path, f"{what} after it is made ({file.path}: {file.policies}); so that it does not: {fix}")


def _mac(file: LinkFile) -> str:
    """The one it gives, which a policy overrules."""
    policy = file.says.get("MACAddressPolicy", "")
    return file.says.get("MACAddress", "").lower().replace("-", ":") if policy in ("", "none") else ""


def _bytes(word: str) -> int:
    number, unit = (word[:-1], word[-1].upper()) if word[-1:].upper() in _UNITS else (word, "")
    return int(number) * _UNITS.get(unit, 1) if number.isdecimal() else 0
