"""The node's side: the bridge, and the pod's port on it with its options and VLANs."""

from __future__ import annotations

import errno
import os
from collections.abc import Collection, Iterator, Sequence

from cni.bridge.config import BridgeConfig
from cni.types.errors import INVALID_CONFIG, INVALID_ENVIRONMENT, TRY_AGAIN_LATER, CniError
from netkernel.errors import KernelRefused
from netkernel.ops import AddVlans, CreateLink, DeleteLink, DeleteVlans, Op, SetLink, SetPort, WriteSysctl
from netkernel.place import Place
from netkernel.pod_stamp import Attachment
from netkernel.records import Link, Value, VlanRange
from netkernel.typed import Final

_TRIES: Final = 10
_LOCAL_BIT: Final = 0x02
_GROUP_BIT: Final = 0x01


def ensured(node: Place, config: BridgeConfig, promised: Collection[str]) -> tuple[Link, Sequence[Op], bool]:
    """The bridge, up and fit for what is asked; what was done to one that was there; and whether it was made now.

    Raises CniError when something else has its name, when it does not filter VLANs that are asked for, and when a
    policy that is not applied yet is going to make it.
    """
    name = config.bridge
    found = node.link(name)
    if found is None and name in promised:
        said = f'bridge "{name}" is not there yet'
        raise CniError(TRY_AGAIN_LATER, said, "a committed policy of this node makes it; nncp restore brings it up")
    is_new = found is None
    if found is None:
        node.execute(_made(config))
        found = node.link(name)
    if found is None or found.kind != "bridge":
        said = f'failed to create bridge "{name}": "{name}" already exists but is not a bridge'
        raise CniError(INVALID_CONFIG, said, f"bridge: {_what(found)}")
    if config.filters_vlans and not found.attrs.get("vlan_filtering"):
        said = f'bridge "{name}" does not filter VLANs, so vlan and vlanTrunk would do nothing'
        fix = f"ip link set {name} type bridge vlan_filtering 1, or bridge.options.vlan-filtering in the node's policy"
        raise CniError(INVALID_CONFIG, said, fix)
    changes = {key: True for key, wanted in (("up", True), ("promisc", config.promisc)) if wanted}
    new = {key: value for key, value in changes.items() if found.attrs.get(key) != value}
    ops = [SetLink(name, "bridge", new, {key: found.attrs[key] for key in new})] if new else []
    node.execute(ops)
    return found, () if is_new else ops, is_new


def _made(config: BridgeConfig) -> list[Op]:
    """A new bridge with a MAC of its own: one that the kernel chooses changes with each port that comes or goes."""
    name = config.bridge
    attrs: dict[str, Value] = {"address": random_mac()}
    attrs |= {"vlan_filtering": 1} if config.filters_vlans else {}  # kernels without it refuse a 0 as well
    attrs |= {"mtu": config.mtu} if config.mtu else {}
    quiet = WriteSysctl(f"net/ipv6/conf/{name}/accept_ra", new="0", old="1")
    return [CreateLink(name, "bridge", attrs), quiet]


def random_mac() -> str:
    raw = bytearray(os.urandom(6))
    raw[0] = raw[0] & ~_GROUP_BIT | _LOCAL_BIT
    return raw.hex(":")


def _what(found: Link | None) -> str:
    return "it went away again" if found is None else f"it is a {found.kind or 'NIC'}; name another, or remove it"


def remove_unused(node: Place, bridge: str) -> None:
    """A bridge without ports goes again. Raises KernelRefused."""
    links = node.links()
    if bridge in links and not any(link.master == bridge for link in links.values()):
        node.execute([DeleteLink(bridge, "bridge")])


def check_free(pod: Place, ifname: str, port: str = "") -> None:
    """Raises CniError when the pod has an interface of that name."""
    if pod.link(ifname) is not None:
        said = f'container veth name ("{ifname}") peer provided ("{port}") already exists'
        raise CniError(INVALID_ENVIRONMENT, said, "CNI_IFNAME is taken in that namespace")


def pair(node: Place, netns: str, ifname: str, mtu: int, mac: str, mine: Attachment) -> str:
    """A veth pair with one end in the pod, both down; gives the name of the other. Raises CniError, KernelRefused."""
    for _ in range(_TRIES):
        name = f"veth{os.urandom(4).hex()}"
        try:
            node.create_pair(name, ifname, netns, mtu=mtu, alias=mine.alias, peer_address=mac)
        except KernelRefused as refused:
            if refused.errno != errno.EEXIST:
                raise
            with Place(netns) as pod:
                check_free(pod, ifname, name)
        else:
            return name
    raise CniError(INVALID_ENVIRONMENT, "failed to find a name for the veth pair", f"{_TRIES} random ones were taken")


def quiet(name: str) -> Op:
    """A port hears no routers; before anybody sees it in use."""
    return WriteSysctl(f"net/ipv6/conf/{name}/accept_ra", new="0", old="1")


def join(name: str, config: BridgeConfig, bridge: Link) -> list[Op]:
    """The port joins, and comes up only when its VLANs are right."""
    options = {"hairpin": int(config.hairpin), "isolated": int(config.port_isolation)}
    joins: list[Op] = [
        SetLink(name, "veth", {"master": bridge.name}, {"master": ""}),
        SetPort(name, "bridge", options, {"hairpin": 0, "isolated": 0}),
    ]
    default = int(bridge.attrs.get("vlan_default_pvid") or 0) if bridge.attrs.get("vlan_filtering") else 0  # type: ignore[arg-type]
    return [*joins, *_vlans(name, config, default), SetLink(name, "veth", {"up": True}, {"up": False})]


def _vlans(name: str, config: BridgeConfig, default: int) -> Iterator[Op]:
    """`default` is the VLAN that the bridge gives its ports by itself, 0 for none: the native one of a mere trunk."""
    if not config.filters_vlans:
        return
    if default and config.vlan and not config.preserve_default_vlan and default != config.vlan:
        yield DeleteVlans(name, VlanRange(default, default, pvid=True, untagged=True))
    if config.vlan:
        yield AddVlans(name, VlanRange(config.vlan, config.vlan, pvid=True, untagged=True))
    native = {config.vlan} if config.vlan else {default}
    for first, last in ranges([vlan for vlan in config.trunk or () if vlan not in native]):
        yield AddVlans(name, VlanRange(first, last))


def ranges(vlans: Sequence[int]) -> list[tuple[int, int]]:
    """Neighbours made one; `vlans` is in order."""
    found: list[tuple[int, int]] = []
    for vlan in vlans:
        if found and found[-1][1] + 1 == vlan:
            found[-1] = found[-1][0], vlan
        else:
            found.append((vlan, vlan))
    return found
