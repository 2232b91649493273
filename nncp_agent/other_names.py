"""States in plain words whose interfaces go by other names than the kernel's: told apart by what a shown state says.

A policy may know an interface by its MAC address and the like, by its `profile-name` or by an alternative name, and
speak of it so in port lists, as base, in routes and rules. The way back is for this very host, and names its links.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

from nncp_agent.shown.identifiers import BY_ALT_NAME, BY_DRIVER, BY_MAC, BY_PCI, SAME_TO_NMSTATE, identity

State = Mapping[str, Any]

PORT_LISTS: Final = ("port", "ports", "ports-config")
"""Keys of sections with lists of ports."""


def by_kernel_name(desired: State, before: Mapping[str, State]) -> State:
    """`desired` with the names that its interfaces have in `before`; those that are not there keep theirs."""
    known = {id(each): _known(each, before) for each in desired.get("interfaces") or ()}
    names = dict(_names(desired, known, before))
    if not names:
        return desired
    found = dict(desired)
    found["interfaces"] = [_renamed(each, known[id(each)], names) for each in desired.get("interfaces") or ()]
    for section, key in (("routes", "next-hop-interface"), ("route-rules", "iif")):
        config = (desired.get(section) or {}).get("config")
        if config:
            found[section] = {**desired[section], "config": [_with(each, key, names) for each in config]}
    return found


def _known(wanted: State, before: Mapping[str, State]) -> str | None:
    """The kernel's name of an interface of a policy; None where it has none, or nobody can tell."""
    by, value = identity(wanted)
    if not by:
        return wanted["name"] if wanted["name"] in before else None
    types = {wanted.get("type")} | (SAME_TO_NMSTATE if wanted.get("type") in SAME_TO_NMSTATE else set())
    fit = [each for each in before.values() if types & {None, each.get("type")} and _has(each, by, value)]
    if by == BY_MAC:
        fit = [each for each in fit if str(each.get("permanent-mac-address", "")).lower() == value] or fit
    fit = [each for each in fit if each["name"] == wanted["name"]] or fit
    return str(fit[0]["name"]) if len(fit) == 1 else None


def _has(shown: State, by: str, value: str) -> bool:
    match by:
        case "mac-address":
            return value in (str(shown.get(key, "")).lower() for key in ("mac-address", "permanent-mac-address"))
        case "pci-address":
            return str(shown.get(BY_PCI, "")).lower() == value
        case "driver":
            return fnmatchcase(str(shown.get(BY_DRIVER, "")), value)
    return by == BY_ALT_NAME and any(fnmatchcase(each, value) for each in _alt_names(shown))


def _names(desired: State, known: Mapping[int, str | None], before: Mapping[str, State]) -> Iterator[tuple[str, str]]:
    """What the policy may call links otherwise, and their own names; the last word is the policy's."""
    for shown in before.values():
        others = (*_alt_names(shown), shown.get("profile-name"))
        yield from ((str(each), str(shown["name"])) for each in others if each and each not in before)
        for function in ((shown.get("ethernet") or {}).get("sr-iov") or {}).get("vfs") or ():
            if function.get("iface-name"):
                for nic in (shown["name"], *_alt_names(shown)):
                    yield f"sriov:{nic}:{function['id']}", str(function["iface-name"])
    for each in desired.get("interfaces") or ():
        name = known[id(each)]
        new = [str(alt["name"]) for alt in each.get("alt-names") or () if alt.get("state") != "absent"]
        others = (each["name"], each.get("profile-name"), *new)
        yield from ((str(other), name) for other in others if name and other and other != name and other not in before)


def _alt_names(shown: State) -> Iterable[str]:
    return [str(each["name"]) for each in shown.get("alt-names") or ()]


def _renamed(interface: State, name: str | None, names: Mapping[str, str]) -> State:
    """Under the kernel's name, without what says only which link it is."""
    by, _ = identity(interface)
    kept = {key: value for key, value in interface.items() if not by or key not in ("identifier", by)}
    kept["name"] = name or names.get(interface["name"], interface["name"])
    for key in ("controller", "copy-mac-from"):
        kept = {**kept, **_with({key: kept[key]}, key, names)} if key in kept else kept
    return {key: _section(value, names) if isinstance(value, Mapping) else value for key, value in kept.items()}


def _section(section: State, names: Mapping[str, str]) -> State:
    """Ports and bases; a number is a macsec's port."""
    found = dict(section)
    for key in PORT_LISTS:
        if isinstance(section.get(key), list | tuple):
            found[key] = [names.get(each, each) if isinstance(each, str) else _with(each, "name", names)
                          for each in section[key]]  # fmt: skip
    for key in ("base-iface", "port1", "port2"):
        found = {**found, **_with({key: section[key]}, key, names)} if key in section else found
    return found


def _with(entry: State, key: str, names: Mapping[str, str]) -> dict[str, Any]:
    name = entry.get(key)
    return {**entry, key: names[name]} if isinstance(name, str) and name in names else dict(entry)
