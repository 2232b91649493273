"""What each guest is to be told, made of the VM and of its pod as CNI made it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from ipaddress import ip_interface

from netkernel.host import Host
from netkernel.link_local import eui64
from netkernel.records import Route
from vmnet.addressing import bridge_mac, fake, global_addresses, guest_mac, inside
from vmnet.kept import Kept, Taken
from vmnet.rules import GATEWAY_MAC
from vmnet.serve.resolver import Resolver
from vmnet.serve.told import Told, Told4, Told6
from vmnet.target import mtu
from vmnet.vm import BRIDGE, MASQUERADE, DhcpOptions, Vm
from vmnet.wiring import Wiring


def told(vm: Vm, wirings: Iterable[Wiring], kept: Kept, resolver: Resolver) -> tuple[Told, ...]:
    """Of every NIC that we give its address: behind masquerade, and on a bridge when CNI gave the pod an IPv4 one."""
    found = []
    for wiring in wirings:
        taken = kept.of(wiring.nic.name)
        if taken is None or wiring.nic.state == "absent":
            continue
        if wiring.nic.binding == MASQUERADE:
            found.append(_masqueraded(vm, wiring, taken, resolver))
        elif wiring.nic.binding == BRIDGE and global_addresses(taken.was, wiring.link, 4):
            found.append(_bridged(vm, wiring, taken, resolver))
    return tuple(each for each in found if each.four or each.six)


def _masqueraded(vm: Vm, wiring: Wiring, taken: Taken, resolver: Resolver) -> Told:
    own = taken.was.links[wiring.link]
    four = six = None
    if global_addresses(taken.was, wiring.link, 4):
        net = inside(wiring.nic, 4)
        four = Told4(ip=net.guest, prefix=net.prefix, server=net.gateway, router=net.gateway, servers=resolver.servers4)
    if global_addresses(taken.was, wiring.link, 6):
        net = inside(wiring.nic, 6)
        network = wiring.nic.network.cidr6
        six = Told6(ip=net.guest, network=network, gateway=eui64(GATEWAY_MAC), servers=resolver.servers6)
    return _told(vm, wiring, resolver, GATEWAY_MAC, "", mtu(wiring.nic, own), four, six)


def _bridged(vm: Vm, wiring: Wiring, taken: Taken, resolver: Resolver) -> Told:
    own = taken.was.links[wiring.link]
    address = global_addresses(taken.was, wiring.link, 4)[0]
    routes = tuple(_routes(taken.was, wiring.link, f"{address.ip}/{address.prefix}"))
    gateways = [gateway for _, gateway in _in_order(taken.was, wiring.link)]
    router = gateways[0] if gateways and gateways[0] != "0.0.0.0" else ""
    four = Told4(
        ip=address.ip, prefix=address.prefix, server=fake(wiring.position), router=router, routes=routes,
        servers=resolver.servers4,
    )  # fmt: skip
    mac = guest_mac(vm, wiring.nic, own)
    server_mac = bridge_mac(wiring.nic.name, own.address)
    return _told(vm, wiring, resolver, server_mac, mac, mtu(wiring.nic, own), four, None)


def _told(
    vm: Vm,
    wiring: Wiring,
    resolver: Resolver,
    server_mac: str,
    mac: str,
    size: int,
    four: Told4 | None,
    six: Told6 | None,
) -> Told:
    asked: DhcpOptions = wiring.nic.dhcp
    return Told(
        tap=wiring.tap,
        server_mac=server_mac,
        mac=mac,
        mtu=size,
        hostname=vm.hostname,
        domain=resolver.domain,
        search=resolver.search,
        four=four,
        six=six,
        boot_file=asked.boot_file,
        tftp_server=asked.tftp_server,
        ntp_servers=asked.ntp_servers,
        private=tuple(sorted(asked.private.items())),
    )


def _routes(was: Host, link: str, own: str) -> Iterator[tuple[str, str]]:
    """What the guest is to route, the way to its own network left out and the default last."""
    network = str(ip_interface(own).network)
    found = [each for each in _in_order(was, link) if each[0] != network]
    yield from sorted(found, key=lambda each: each[0] == "0.0.0.0/0")


def _in_order(was: Host, link: str) -> list[tuple[str, str]]:
    of_link: Sequence[Route] = [each for each in was.routes if each.family == 4 and each.kind == "unicast"]
    return [(each.destination, hop.gateway or "0.0.0.0") for each in of_link for hop in each.hops if hop.link == link]
