"""`mptcp.address-flags`: what becomes of the endpoints that MPTCP has for an interface's addresses."""

from __future__ import annotations

from collections.abc import Iterator

from netkernel.ethtool import MPTCP
from netkernel.host import Host
from netkernel.records import ENDPOINT_FLAGS, ENDPOINTS, FOREVER, Endpoint
from nncp_agent.errors import Problem
from nncp_agent.model import Interface, NetworkState, State
from nncp_agent.shown.mptcp import may_be_endpoint, of, words

PLACE = "mptcp.address-flags"


def needed(desired: NetworkState, committed: NetworkState | None = None) -> frozenset[str]:
    """What one has to look at for it (`Host.also`): nothing where no policy ever spoke of it."""
    names = {iface.name for iface in desired.interfaces or ()}
    earlier = ((committed.interfaces if committed else None) or ()) if names else ()
    every = (*(desired.interfaces or ()), *(iface for iface in earlier if iface.name in names))
    return frozenset({MPTCP} if any(iface.mptcp is not None for iface in every) else ())


def flags_of(iface: Interface) -> int | None:
    """As MPTCP_PM_ADDR_FLAG_ bits; None where it does not say."""
    said = iface.mptcp.address_flags if iface.mptcp is not None else None
    return None if said is None else sum(ENDPOINT_FLAGS[word] for word in set(said))


def target(merged: Interface, asked: Interface, after: Host, before: Host) -> tuple[set[Endpoint], list[Endpoint]]:
    """Of the endpoints of an interface's addresses: those that go, and those that come."""
    mine, flags = of(asked.name, before), flags_of(merged)
    if asked.state in (State.DOWN, State.ABSENT) or flags == 0:
        return set(mine.values()), []
    had = {each.ip for each in before.addresses.get(asked.name, ())}
    mine = {ip: each for ip, each in mine.items() if ip in had}  # others are for addresses that somebody else expects
    there = {each.ip: may_be_endpoint(each) for each in after.addresses.get(asked.name, ())}
    if flags is None:  # they differ: those of addresses that stay, stay
        return {each for ip, each in mine.items() if ip not in there}, []
    wanted = [ip for ip, is_fit in there.items() if is_fit]
    stay = {ip for ip in wanted if ip in mine and mine[ip].flags == flags}
    return {each for ip, each in mine.items() if ip not in stay}, [
        Endpoint(ip, flags, asked.name) for ip in wanted if ip not in stay
    ]


def differences(iface: Interface, host: Host) -> Iterator[str]:
    """One line for each address that is not to MPTCP what the policy says; what has come just now becomes so later."""
    flags, mine = flags_of(iface), of(iface.name, host)
    follows = host.client(iface.name, ENDPOINTS) is not None
    if flags is None or MPTCP not in host.also or iface.state is State.DOWN:
        return
    for each in host.addresses.get(iface.name, ()):
        found = mine[each.ip].flags if each.ip in mine else 0
        comes = follows and not found and each.valid_s != FOREVER
        if may_be_endpoint(each) and found != flags and not comes:
            yield f"{iface.name}: {PLACE}: wanted {_said(flags)} of {each.ip}, found {_said(found)}"


def problems(iface: Interface, seen: Interface | None, before: Host) -> Iterator[Problem]:
    """Why this kernel has no endpoints, where they are to be made."""
    flags = flags_of(iface)
    if not flags or MPTCP not in before.also or (seen is not None and flags_of(seen) == flags):
        return
    if not before.mptcp:
        yield Problem(f"{iface.name}: {PLACE}", "this kernel has no MPTCP")
    elif not before.mptcp.get("enabled"):
        yield Problem(f"{iface.name}: {PLACE}", "MPTCP is off: net.mptcp.enabled is 0, wanted 1 (sysctl(8))")


def warnings(after: Host, before: Host) -> Iterator[Problem]:
    """More paths than a connection may have."""
    most = before.mptcp.get("subflows")
    if not isinstance(most, int) or after.endpoints is before.endpoints:
        return
    had, has = ([each for each in host.endpoints if each.flags & ENDPOINT_FLAGS["subflow"]] for host in (before, after))
    if len(has) > max(most, len(had)):
        more = f"{len(has)} addresses are for subflows, and a connection has {most} at most"
        yield Problem("mptcp", f"{more}: `ip mptcp limits set subflow {len(has)}` lets it use all")


def _said(flags: int) -> str:
    return ", ".join(words(flags)) or "none"
