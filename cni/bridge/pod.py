"""The pod's side: addresses, routes and settings of its interface, as ops in its namespace."""

from __future__ import annotations

import time
from _socket import AF_INET, AF_INET6, inet_ntop, inet_pton
from collections.abc import Iterator, Sequence

from cni.bridge.config import BridgeConfig
from cni.types.errors import INTERNAL, CniError
from cni.types.results import Result, replace
from cni.types.results import Route as AskedRoute
from netkernel.errors import KernelRefused
from netkernel.ops import AddAddress, AddRoute, Op, SetLink, WriteSysctl
from netkernel.place import Place
from netkernel.records import MAIN_TABLE, Address, Hop, Route
from netkernel.typed import Final

NO_DETECTION: Final = 0x02
"""IFA_F_NODAD (linux/if_addr.h): the address can be used at once."""
TENTATIVE, FAILED = 0x40, 0x08  # IFA_F_TENTATIVE, IFA_F_DADFAILED
DETECTION_S: Final = 5.0
_LINK_SCOPE: Final = 253  # RT_SCOPE_LINK, linux/rtnetlink.h
_BOOT: Final = 3  # RTPROT_BOOT
_MTU, _ADVMSS = 2, 8  # RTAX_*


def with_gateways(result: Result, config: BridgeConfig) -> Result:
    """Addresses on our interface, gateways where the bridge is to be one, and the default route if that is asked."""
    ips = [
        replace(each, interface=2, gateway=each.gateway or (first_host(each.address) if config.is_gateway else ""))
        for each in result.ips
    ]
    routes = list(result.routes)
    if config.is_default_gateway:
        for each in ips:
            default = "::/0" if each.family == 6 else "0.0.0.0/0"
            stands = any(route.dst == default and route.gw for route in result.routes)
            if each.gateway and not stands and not any(route.dst == default and route.gw for route in routes):
                routes.append(AskedRoute(default, each.gateway))
    return replace(result, ips=tuple(ips), routes=tuple(routes))


def first_host(cidr: str) -> str:
    """The address after the network's own: where a gateway is when nobody says so."""
    network, width, family = _network(cidr)
    return inet_ntop(family, (int.from_bytes(network) + 1).to_bytes(width))


def network(cidr: str) -> str:
    """The network of an address, with its prefix."""
    raw, _, family = _network(cidr)
    return f"{inet_ntop(family, raw)}/{cidr.partition('/')[2]}"


def _network(cidr: str) -> tuple[bytes, int, int]:
    ip, _, prefix = cidr.partition("/")
    family = AF_INET6 if ":" in ip else AF_INET
    raw = inet_pton(family, ip)
    free = len(raw) * 8 - int(prefix)
    return (int.from_bytes(raw) >> free << free).to_bytes(len(raw)), len(raw), family


def configuration(pod: Place, ifname: str, result: Result, config: BridgeConfig) -> tuple[Sequence[Op], Sequence[Op]]:
    """What makes of an interface that is down one with the result's addresses and routes. Raises KernelRefused.

    The second half is for when the bridge forwards for it: what is sent before to find out whether somebody has an IPv6
    address is lost, and nobody would answer. Those of IPv4 are there before it comes up, so that it announces them.
    """
    families = {each.family for each in result.ips}
    before: list[Op] = [*_settings(pod, ifname, families, config)]
    after: list[Op] = []
    for each in result.ips:
        ip, _, prefix = each.address.partition("/")
        is_detected = each.family == 6 and config.enable_dad
        flags = NO_DETECTION if each.family == 6 and not config.enable_dad else 0
        (after if is_detected else before).append(AddAddress(Address(ifname, ip, int(prefix), flags=flags)))
    before.append(SetLink(ifname, "veth", {"up": True}, {"up": False}))
    return before, [*after, *(AddRoute(each, beside=True) for each in _routes(ifname, result))]


def _settings(pod: Place, ifname: str, families: set[int], config: BridgeConfig) -> Iterator[Op]:
    if 6 in families:
        for each in ("lo", ifname):
            if pod.sysctl(f"net/ipv6/conf/{each}/disable_ipv6") != "0":
                yield WriteSysctl(f"net/ipv6/conf/{each}/disable_ipv6", new="0", old="1")
        yield from _written(pod, f"net/ipv6/conf/{ifname}/keep_addr_on_down", "1")
    if config.enable_dad:
        yield from _written(pod, f"net/ipv6/conf/{ifname}/enhanced_dad", "1")
    yield from _written(pod, f"net/ipv6/conf/{ifname}/accept_dad", "1" if config.enable_dad else "0")
    yield from _written(pod, f"net/ipv4/conf/{ifname}/arp_notify", "1")


def _written(pod: Place, path: str, value: str) -> Iterator[Op]:
    try:
        old = pod.sysctl(path)
    except KernelRefused:
        return  # a kernel without IPv6, or older than the setting
    if old != value:
        yield WriteSysctl(path, new=value, old=old)


def _routes(ifname: str, result: Result) -> Iterator[Route]:
    gateways = {each.family: each.gateway for each in reversed(result.ips) if each.gateway}
    for each in result.routes:
        gateway = each.gw or gateways.get(each.family, "")
        metrics = tuple((number, value) for number, value in ((_MTU, each.mtu), (_ADVMSS, each.advmss)) if value)
        on_link = _LINK_SCOPE if each.family == 4 and not gateway else 0
        yield Route(
            network(each.dst),
            (Hop(ifname, gateway),),
            table=each.table or MAIN_TABLE,
            metric=each.priority,
            protocol=_BOOT,
            scope=on_link if each.scope is None else each.scope,
            metrics=metrics,
        )


def await_detection(pod: Place, ifname: str) -> None:
    """Until every address is known to be nobody else's. Raises CniError for one that is, and after five seconds."""
    deadline = time.monotonic() + DETECTION_S
    with pod.watch() as changes:
        while True:
            link = pod.link(ifname)
            found = pod.addresses(link) if link else []
            if failed := [each.ip for each in found if each.state & FAILED]:
                said = "another host answers for it; give the pod another address, or find out who has this one"
                raise CniError(INTERNAL, f'"{ifname}" has an address that is taken: {", ".join(failed)}', said)
            if not any(each.state & TENTATIVE for each in found):
                return
            left = deadline - time.monotonic()
            if left <= 0:
                waiting = ", ".join(each.ip for each in found if each.state & TENTATIVE)
                said = f'duplicate address detection on "{ifname}" took longer than {DETECTION_S:g} s: {waiting}'
                raise CniError(INTERNAL, said, "its end on the node must be up and forwarding")
            changes.wait(left)
