"""What may pass a NIC's tap: frames of the guest's own addresses, at the rate it is allowed, and no DHCP past ours.

One table of nftables' bridge family for each NIC, gone with it; each rule counts what it drops.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from netkernel.frozen import Frozen, replace
from netkernel.ruleset import (
    Chain,
    Rule,
    Table,
    arp_ip,
    arp_mac_not,
    counter,
    drop,
    ether_source_not,
    ether_type,
    frame_source,
    iif,
    leave,
    oif,
    over,
    ports,
    router_advertisements,
    rule,
    udp_frames_to,
)
from netkernel.typed import Final

PREFIX: Final = "vmnet"
"""Of the names of all tables of ours."""
_MAC, _ARP_MAC = "another MAC", "another MAC in ARP"
_ARP_IP, _IP4, _IP6 = "another address in ARP", "another IPv4 address", "another IPv6 address"
SPOOFS: Final = frozenset({_MAC, _ARP_MAC, _ARP_IP, _IP4, _IP6})
"""Comments of the rules that drop what a guest of another address sends: such a guest gets nowhere."""
_FIRST: Final = -200
"""NF_BR_PRI_FILTER_BRIDGED (linux/netfilter_bridge.h)."""
_DHCP_SERVER: Final = 67
_BURST_S: Final = 0.1
_LEAST_BURST: Final = 1 << 16
"""Bytes: one large segment that the guest leaves to be cut up."""


class Guarded(Frozen, kw_only=True):
    """What the rules are made of. `mode` is off, mac or ip; `send_kbps` and `receive_kbps` are 0 for no limit.

    `addresses` are the guest's; `serves` says that we give it its IPv4 address, so that nobody else is asked.
    """

    tap: str
    mac: str
    mode: str = "off"
    addresses: tuple[str, ...] = ()
    serves: bool = False
    send_kbps: int = 0
    receive_kbps: int = 0

    @property
    def is_needed(self) -> bool:
        return self.mode != "off" or self.serves or bool(self.send_kbps or self.receive_kbps)


def table(of: Guarded) -> Table:
    chains = [
        Chain("from-guest", tuple(_from_guest(of)), "prerouting", "filter", _FIRST),
        Chain("to-guest", tuple(_limit(of.tap, of.receive_kbps, "to")), "postrouting", "filter", _FIRST),
        Chain("past-us", tuple(_past_us(of)), "forward", "filter", _FIRST),
    ]
    made = Table("bridge", f"{PREFIX}-{of.tap}", tuple(each for each in chains if each.rules))
    return replace(made, comment=hashlib.sha256(str(made).encode()).hexdigest()[:32])


def _from_guest(of: Guarded) -> Iterator[Rule]:
    mine = iif(of.tap)
    if of.mode != "off":
        yield rule(mine, ether_source_not(of.mac), counter(), drop(), comment=_MAC)
        yield rule(mine, arp_mac_not(of.mac), counter(), drop(), comment=_ARP_MAC)
    yield from _limit(of.tap, of.send_kbps, "from")
    if of.mode == "ip":
        yield rule(mine, router_advertisements(), counter(), drop(), comment="a guest is no router")
        four = [each for each in of.addresses if ":" not in each]
        for each in ("0.0.0.0", *four):  # the first asks whether somebody has an address
            yield rule(mine, arp_ip(each), leave())
        yield rule(mine, ether_type("arp"), counter(), drop(), comment=_ARP_IP)
        for each in four:
            yield rule(mine, frame_source(each), leave())
        yield rule(mine, frame_source("0.0.0.0"), ports("UDP", _DHCP_SERVER), leave())
        yield rule(mine, ether_type("ip"), counter(), drop(), comment=_IP4)
        for each in ("::", "fe80::/10", *(each for each in of.addresses if ":" in each)):
            yield rule(mine, frame_source(each), leave())
        yield rule(mine, ether_type("ip6"), counter(), drop(), comment=_IP6)
        yield rule(mine, ether_type("rarp"), leave(), comment="QEMU announces a guest that has moved")
        yield rule(mine, counter(), drop(), comment="neither ARP nor IP")


def _limit(tap: str, kbps: int, way: str) -> Iterator[Rule]:
    if kbps:
        rate = kbps * 1000 // 8
        match = iif(tap) if way == "from" else oif(tap)
        burst = max(int(rate * _BURST_S), _LEAST_BURST)
        yield rule(match, over(rate, burst), counter(), drop(), comment=f"faster than {kbps} kbit/s {way} the guest")


def _past_us(of: Guarded) -> Iterator[Rule]:
    """Who else answers would give the guest an address that is not its pod's."""
    if of.serves:
        yield rule(iif(of.tap), udp_frames_to(_DHCP_SERVER), counter(), drop(), comment="answered by vmnet serve")
