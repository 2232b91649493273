"""What of a host is not as it was, in a user's words: link by link, then routes and rules."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from netkernel import devconf
from netkernel.host import Host
from netkernel.ops import (
    DeleteAddress,
    DeleteClient,
    DeleteEndpoint,
    DeleteNeighbour,
    DeleteNexthop,
    DeleteRoute,
    DeleteRule,
    Op,
    SetLinkDns,
    WriteFile,
    word,
)
from netkernel.records import Attrs, Hardware, Hold, Link, Manager

T = TypeVar("T")
GONE = "is gone"
EXTRA = "was not there, is there"


def differences(was: Host, now: Host) -> tuple[str, ...]:
    """One line for each: `eth1: mtu: was 1500, is 1400`, `eth1: address 192.0.2.1/24: is gone`."""
    return tuple(_differences(was, now))


def _differences(was: Host, now: Host) -> Iterator[str]:
    for name in sorted(was.links.keys() | now.links.keys()):
        old, new = was.links.get(name), now.links.get(name)
        if old is None or new is None:
            yield f"{name}: {GONE if new is None else EXTRA}"
        elif old is not new:
            yield from _link(old, new)
    for name in sorted(was.links.keys() & now.links.keys()):
        yield from _records(was.addresses.get(name, ()), now.addresses.get(name, ()), DeleteAddress)
        old_vlans, new_vlans = was.vlans.get(name, ()), now.vlans.get(name, ())
        if old_vlans != new_vlans:
            words = [", ".join(map(str, vlans)) or "none" for vlans in (old_vlans, new_vlans)]
            yield f"{name}: vlans: was {words[0]}; is {words[1]}"
        if name in was.hardware and name in now.hardware:
            yield from _ethtool(name, was.hardware[name], now.hardware[name])
    yield from _records(was.routes, now.routes, DeleteRoute)
    yield from _records(was.rules, now.rules, DeleteRule)
    yield from _records(was.neighbours, now.neighbours, DeleteNeighbour)
    yield from _records(was.nexthops, now.nexthops, DeleteNexthop)
    yield from _records(was.endpoints, now.endpoints, DeleteEndpoint)
    yield from _attrs("", was.sysctls, now.sysctls)
    for path in sorted(was.files.keys() & now.files.keys()):
        if was.files[path] != now.files[path]:
            yield str(WriteFile(path, now.files[path], was.files[path])).replace("write ", "", 1)
    for name in sorted(was.resolver.keys() & now.resolver.keys()):
        if was.resolver[name] != now.resolver[name]:
            yield str(SetLinkDns(name, now.resolver[name], was.resolver[name])).replace("set ", "", 1)
    yield from _clients(was, now)
    for name in sorted(was.managers.keys() & now.managers.keys()):
        yield from _manager(name, was.managers[name], now.managers[name])


def _manager(name: str, was: Manager, now: Manager) -> Iterator[str]:
    if was.running != now.running:
        yield f"{name}: {'does not run any more' if was.running else 'was not running, runs'}"
    for link in sorted(was.holds.keys() | now.holds.keys()):
        old, new = was.holds.get(link), now.holds.get(link)
        if old != new:
            yield f"{name}: {link}: was {_held(old)}, is {_held(new)}"


def _held(hold: Hold | None) -> str:
    return "not held" if hold is None else f"held ({hold.profile})" if hold.profile else "held"


def _clients(was: Host, now: Host) -> Iterator[str]:
    old, new = ({each.key: each for each in host.clients} for host in (was, now))
    for key in sorted(old.keys() | new.keys()):
        client = old.get(key) or new[key]
        what = str(DeleteClient(client)).removeprefix("stop ")
        if key not in old or key not in new:
            yield f"{what}: {EXTRA if key not in old else GONE}"
        else:
            yield from _attrs(f"{what}: ", old[key].attrs, new[key].attrs)


def _link(old: Link, new: Link) -> Iterator[str]:
    yield from _attrs(f"{old.name}: ", {"kind": old.kind, **old.attrs}, {"kind": new.kind, **new.attrs})
    if old.master == new.master:
        yield from _attrs(f"{old.name}: port ", old.port, new.port)
    if old.conf6 != new.conf6:
        yield from _attrs(f"net/ipv6/conf/{old.name}/", devconf.stated(old.conf6), devconf.stated(new.conf6))


def _ethtool(name: str, old: Hardware, new: Hardware) -> Iterator[str]:
    for section in old.settings.keys() & new.settings.keys() if old != new else ():
        yield from _attrs(f"{name}: {section} ", old.settings[section], new.settings[section])


def _attrs(where: str, old: Attrs, new: Attrs) -> Iterator[str]:
    """A key that one side lacks is one that nobody knows or asks for."""
    for key in sorted(old.keys() & new.keys()):
        if old[key] != new[key]:
            yield f"{where}{key}: was {word(old[key])}, is {word(new[key])}"


def _records(old: Iterable[T], new: Iterable[T], name: Callable[[T], Op]) -> Iterator[str]:
    had, has = set(old), set(new)
    for state, records in ((GONE, had - has), (EXTRA, has - had)):
        yield from sorted(f"{str(name(each)).removeprefix('delete ')}: {state}" for each in records)
