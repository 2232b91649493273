"""The rules of masquerade binding: what the pod is reached by goes to the guest, what the guest sends is the pod's.

They do what KubeVirt's do (its package netpod/masquerade), and what those lack: a guest reaches its own pod's address,
TCP takes no larger segments than the way out passes, nothing is forwarded between the guest and other links, and what
arrives for a port that is not the guest's is counted. Of KubeVirt's IPv6 rules for ::1 there are none: no kernel routes
from there to elsewhere, so they never did anything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from netkernel.frozen import Frozen, replace
from netkernel.ruleset import (
    DSTNAT,
    FILTER,
    MANGLE,
    SRCNAT,
    Chain,
    Rule,
    Table,
    Word,
    clamp_to_route,
    counter,
    destination,
    dnat,
    drop,
    family,
    iif,
    jump,
    leave,
    masquerade,
    new_connections,
    not_oif,
    oif,
    ports,
    rule,
    snat,
    source,
)
from netkernel.typed import Final
from vmnet.addressing import Inside
from vmnet.vm import Port

TABLE: Final = "vmnet"
LOOPBACK: Final = "127.0.0.1"
ENVOY: Final = "127.0.0.6"
"""What Istio's proxy speaks to the guest from."""
SSH: Final = 22
"""The only port that Istio's proxy leaves alone."""
ENVOY_PORTS: Final = (15000, 15001, 15004, 15006, 15008, 15009, 15020, 15021, 15053, 15090)
"""The proxy's own (KubeVirt, pkg/network/istio)."""


class Masqueraded(Frozen, kw_only=True):
    """What the rules are made of: the pod's link and addresses, the bridge, the guest's side and its ports."""

    link: str
    bridge: str
    addresses: tuple[str, ...]
    inside: tuple[Inside, ...]
    ports: tuple[Port, ...] = ()
    istio: bool = False


def table(of: Masqueraded) -> Table:
    """A table of our own: it comes and goes as a whole, and says what it was made of."""
    chains = [
        *(Chain(f"inbound{each.family}", tuple(_inbound(of, each))) for each in of.inside),
        Chain("prerouting", tuple(_prerouting(of)), "prerouting", "nat", DSTNAT),
        Chain("output", tuple(_output(of)), "output", "nat", DSTNAT),
        Chain("postrouting", tuple(_postrouting(of)), "postrouting", "nat", SRCNAT),
        Chain("segments", tuple(_segments(of)), "forward", "filter", MANGLE),
        Chain("forward", tuple(_forward(of)), "forward", "filter", FILTER),
    ]
    made = Table("inet", TABLE, tuple(chains))
    return replace(made, comment=hashlib.sha256(str(made).encode()).hexdigest()[:32])


def _inbound(of: Masqueraded, inside: Inside) -> Iterator[Rule]:
    """Packets for the pod that are the guest's."""
    if of.istio:
        if not of.ports or any(port.protocol == "TCP" and port.first <= SSH <= port.last for port in of.ports):
            yield rule(ports("TCP", SSH), counter(), dnat(inside.guest))
        return
    for words in _asked(of.ports):
        yield rule(*words, counter(), dnat(inside.guest))


def _asked(allowed: Sequence[Port]) -> Iterator[tuple[Word, ...]]:
    """What matches a port that the guest is reached on; nothing is said where that is any."""
    if not allowed:
        yield ()
    for port in allowed:
        yield (ports(port.protocol, port.first, port.last),)


def _of_family(of: Masqueraded, inside: Inside) -> list[str]:
    return [each for each in of.addresses if (":" in each) == (inside.family == 6)]


def _prerouting(of: Masqueraded) -> Iterator[Rule]:
    for inside in of.inside:
        yield rule(iif(of.link), family(inside.family), counter(), jump(f"inbound{inside.family}"))
        for address in _of_family(of, inside):
            yield rule(iif(of.bridge), destination(address), counter(), jump(f"inbound{inside.family}"))
    if of.ports and not of.istio:
        yield rule(iif(of.link), counter(), comment="for no port of the guest's")


def _output(of: Masqueraded) -> Iterator[Rule]:
    """What processes in the pod send to the pod, Istio's proxy among them."""
    for inside in of.inside:
        theirs = _of_family(of, inside)
        if inside.family == 4:
            yield from _not_envoys(of)
            theirs = [LOOPBACK, *theirs]
        for words in _asked(of.ports):
            for address in theirs:
                yield rule(destination(address), *words, counter(), dnat(inside.guest))


def _postrouting(of: Masqueraded) -> Iterator[Rule]:
    for inside in of.inside:
        yield rule(source(inside.guest), not_oif(of.bridge), counter(), masquerade())
        yield rule(oif(of.bridge), source(inside.guest), counter(), snat(inside.gateway), comment="back to itself")
        if inside.family == 4:
            for each in _not_envoys(of):
                yield Rule((oif(of.bridge), *each.words))
            for words in _asked(of.ports):
                for address in (LOOPBACK, ENVOY) if of.istio else (LOOPBACK,):
                    yield rule(oif(of.bridge), *words, source(address), counter(), snat(inside.gateway))


def _not_envoys(of: Masqueraded) -> Iterator[Rule]:
    for port in ENVOY_PORTS if of.istio else ():
        yield rule(ports("TCP", port), source(LOOPBACK), counter(), leave())


def _segments(of: Masqueraded) -> Iterator[Rule]:
    yield rule(iif(of.bridge), new_connections(), clamp_to_route())
    yield rule(oif(of.bridge), new_connections(), clamp_to_route())


def _forward(of: Masqueraded) -> Iterator[Rule]:
    """Between the guest and the pod's link only: other links of the pod are other NICs'."""
    yield rule(iif(of.bridge), oif(of.link), counter(), leave(), comment="from the guest")
    yield rule(iif(of.link), oif(of.bridge), counter(), leave(), comment="to the guest")
    yield rule(iif(of.bridge), oif(of.bridge), counter(), leave(), comment="the guest to itself")
    yield rule(iif(of.bridge), counter(), drop(), comment="from the guest to elsewhere")
    yield rule(oif(of.bridge), counter(), drop(), comment="from elsewhere to the guest")
