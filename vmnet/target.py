"""The pod as it is to be once a VM's NICs are wired: KubeVirt's links, MACs and addresses, its defects left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from netkernel import devconf, owner
from netkernel.frozen import Frozen, replace
from netkernel.host import Host
from netkernel.records import Address, Attrs, Link, Value, VlanRange
from netkernel.typed import Final
from vmnet.addressing import bridge_mac, fake, global_addresses, inside
from vmnet.kept import Taken
from vmnet.rules import GATEWAY_MAC
from vmnet.vm import MASQUERADE, TAP, Nic, Vlan, Vm
from vmnet.wiring import Wiring

OWNER: Final = "vmnet"
QEMU: Final = 107
"""The user and group that KubeVirt's launcher and Debian's libvirt run QEMU as."""
FORWARDING6: Final = "net/ipv6/conf/all/forwarding"
NETFILTER: Final = ("net/bridge/bridge-nf-call-iptables", "net/bridge/bridge-nf-call-ip6tables")
"""Where Kubernetes wants them on, br_netfilter sends what a guest says to its own pod's address back as if a bridge had
done it, and the guest hears itself."""
OF_THE_POD: Final = (FORWARDING6, *NETFILTER)
"""Settings that are no link's and may be written for a NIC, where the kernel has them."""
_SILENT: Final[Attrs] = {"addr_gen_mode": "none"}
"""A link nobody speaks to by IPv6 is to say nothing by it either."""


class Giving(Frozen, kw_only=True):
    """Who may open the taps, and whether this kernel has dummies: else a bridge that is down keeps the addresses.

    With `standby` taps are down, as libvirt leaves them until a guest runs: nothing passes, and who serves is silent.
    """

    user: int = QEMU
    group: int = QEMU
    has_dummy: bool = True
    standby: bool = False


def stamp(vm: Vm, nic: str) -> str:
    return owner.stamp(OWNER, f"{vm.namespace}/{vm.name}/{nic}")


def is_ours(link: Link) -> bool:
    found = owner.read(link.alias)
    return found is not None and found.owner == OWNER


def target(now: Host, vm: Vm, wired: Iterable[tuple[Wiring, Taken]], giving: Giving) -> Host:
    """`now` with every NIC of `wired` as it should be; the links to be renamed are so already."""
    host = now
    for wiring, taken in wired:
        if wiring.nic.binding == MASQUERADE:
            host = _masqueraded(host, vm, wiring, taken, giving)
        elif wiring.nic.binding != TAP:
            host = _bridged(host, vm, wiring, taken, giving)
    return host


def bridge(vm: Vm, wiring: Wiring, taken: Taken) -> Link:
    """The first thing that is made and the last that goes: as long as it is there, the pod is known to be a VM's."""
    own = taken.was.links[wiring.link]
    attrs: dict[str, Value] = {"alias": stamp(vm, wiring.nic.name)}
    if wiring.nic.binding == MASQUERADE:
        attrs |= {"address": GATEWAY_MAC, "mtu": mtu(wiring.nic, own)}
    else:
        # with snooping it would join groups, and whoever filters foreign MACs on the node would count its reports
        attrs |= {"address": bridge_mac(wiring.nic.name, own.address), "mcast_snooping": 0, **_SILENT}
    if wiring.nic.vlan:
        attrs |= {"vlan_filtering": 1, "vlan_default_pvid": 0}
    return Link(wiring.bridge, "bridge", attrs)


def of_link(name: str) -> tuple[str, ...]:
    """The settings of a link that may be written for a NIC."""
    return tuple(f"net/ipv4/conf/{name}/{each}" for each in ("arp_ignore", "route_localnet", "forwarding"))


def settings(wiring: Wiring, taken: Taken) -> dict[str, str]:
    """Settings of the bridge, written before anything is on it.

    The kernel makes a local route for the dummy's address though the dummy is down, and would answer for it with the
    bridge's MAC: a guest that asks whether somebody has its address would be told so. KubeVirt sets arp_ignore for all
    of the pod.
    """
    if wiring.nic.binding != MASQUERADE:
        has_ip = bool(global_addresses(taken.was, wiring.link, 4))
        return {f"net/ipv4/conf/{wiring.bridge}/arp_ignore": "1"} if has_ip else {}
    own = wiring.bridge
    settings = dict.fromkeys(NETFILTER, "0")
    if global_addresses(taken.was, wiring.link, 4):
        settings |= {f"net/ipv4/conf/{own}/{each}": "1" for each in ("route_localnet", "forwarding")}
        settings[f"net/ipv4/conf/{wiring.link}/forwarding"] = "1"
    if global_addresses(taken.was, wiring.link, 6):
        settings[FORWARDING6] = "1"
    return settings


def mtu(nic: Nic, pod_link: Link) -> int:
    return nic.mtu or pod_link.mtu


def _masqueraded(host: Host, vm: Vm, wiring: Wiring, taken: Taken, giving: Giving) -> Host:
    addresses = []
    for family in (4, 6):
        if global_addresses(taken.was, wiring.link, family):
            each = inside(wiring.nic, family)
            nodad = 2 if family == 6 else 0  # IFA_F_NODAD: there is nobody else on this link
            addresses.append(Address(wiring.bridge, each.gateway, each.prefix, flags=nodad))
    link = host.links[wiring.link]
    if global_addresses(taken.was, wiring.link, 6) and devconf.get(link.conf6, "accept_ra") == 1:
        # a host that forwards hears routers only when told to, and the pod's default route may be from one
        link = replace(link, conf6=devconf.overlay(link.conf6, {"accept_ra": 2}))
    links = [_up(bridge(vm, wiring, taken)), _tap(vm, wiring, taken, giving), link]
    return _with(host, links, {wiring.bridge: tuple(addresses)}, settings(wiring, taken))


def _bridged(host: Host, vm: Vm, wiring: Wiring, taken: Taken, giving: Giving) -> Host:
    own = taken.was.links[wiring.link]
    has_ip = bool(global_addresses(taken.was, wiring.link, 4))
    port = host.links[wiring.renamed]
    attrs = {**port.attrs, **_SILENT, "address": bridge_mac(wiring.nic.name, own.address), "master": wiring.bridge}
    port = replace(port, attrs={**attrs, "up": True, "mtu": own.mtu}, port={**port.port, "learning": 0})
    kind = "dummy" if giving.has_dummy else "bridge"
    held = {"address": own.address, "mtu": own.mtu, "alias": stamp(vm, wiring.nic.name), "up": False, **_SILENT}
    keeper = Link(wiring.link, kind, held)
    fakes = (Address(wiring.bridge, fake(wiring.position), 32),) if has_ip else ()
    kept = tuple(replace(each, link=keeper.name) for each in taken.was.addresses.get(wiring.link, ()))
    addresses: dict[str, tuple[Address, ...]] = {wiring.bridge: fakes, keeper.name: kept, port.name: ()}
    silent = [_up(bridge(vm, wiring, taken)), port, _tap(vm, wiring, taken, giving)]
    links = [*(map(_mute, silent) if own.conf6 else silent), keeper]
    host = _with(host, links, addresses, settings(wiring, taken))
    return _with_vlans(host, wiring, wiring.nic.vlan) if wiring.nic.vlan else host


def _tap(vm: Vm, wiring: Wiring, taken: Taken, giving: Giving) -> Link:
    size = mtu(wiring.nic, taken.was.links[wiring.link])
    queues = 1 if vm.queues(wiring.nic) > 1 else 0
    attrs = {
        "mode": "tap", "multi_queue": queues, "owner": giving.user, "owning_group": giving.group, "mtu": size,
        "alias": stamp(vm, wiring.nic.name), "master": wiring.bridge, "up": not giving.standby,
        **_SILENT,
    }  # fmt: skip
    return Link(wiring.tap, "tun", attrs)


def _mute(link: Link) -> Link:
    """Without IPv6: it would join groups and report them with its own MAC, above all where the pod forwards."""
    return replace(link, conf6=devconf.overlay(link.conf6, {"disable_ipv6": 1}))


def _up(link: Link) -> Link:
    return replace(link, attrs={**link.attrs, "up": True})


def _with(
    host: Host, links: Iterable[Link], addresses: Mapping[str, tuple[Address, ...]], settings: Mapping[str, str]
) -> Host:
    """`host` with these in the place of what it has; a link that is there keeps what is not said of it."""
    all_links, all_addresses = dict(host.links), dict(host.addresses)
    for link in links:
        if (present := host.links.get(link.name)) is not None and present.kind == link.kind:
            link = replace(
                present,
                attrs={**present.attrs, **link.attrs},
                port=link.port or present.port,
                conf6=devconf.overlay(present.conf6, devconf.stated(link.conf6)),
            )
        all_links[link.name] = link
    for name, these in addresses.items():
        all_addresses[name] = _as_known(these, host.addresses.get(name, ()))
    written = {path: value for path, value in settings.items() if path in host.sysctls or path not in OF_THE_POD}
    return replace(host, links=all_links, addresses=all_addresses, sysctls={**host.sysctls, **written})


def _as_known(wanted: tuple[Address, ...], present: tuple[Address, ...]) -> tuple[Address, ...]:
    """Addresses that are there already keep what the kernel says of them (broadcast, scope)."""
    known = {each.key: each for each in present}
    return tuple(known.get(each.key, each) for each in wanted)


def _with_vlans(host: Host, wiring: Wiring, vlan: Vlan) -> Host:
    """On the wire all are tagged; the guest gets one without its tag."""
    if vlan.access is not None:
        inner: list[VlanRange] = [VlanRange(vlan.access, vlan.access, pvid=True, untagged=True)]
        outer = [VlanRange(vlan.access, vlan.access)]
    else:
        tagged = {id for first, last in vlan.trunk for id in range(first, last + 1)}
        native = set() if vlan.native is None else {vlan.native}
        outer = _ranges(tagged | native)
        inner = _ranges(tagged - native) + [VlanRange(id, id, pvid=True, untagged=True) for id in native]
    vlans = {wiring.tap: tuple(sorted(inner)), wiring.renamed: tuple(sorted(outer)), wiring.bridge: ()}
    return replace(host, vlans={**host.vlans, **vlans})


def _ranges(ids: set[int]) -> list[VlanRange]:
    found: list[VlanRange] = []
    for id in sorted(ids):
        if found and found[-1].last == id - 1:
            found[-1] = replace(found[-1], last=id)
        else:
            found.append(VlanRange(id, id))
    return found
