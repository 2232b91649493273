"""What a configuration asks of cnv-bridge, read as the Go plugin does (containernetworking/plugins, main/bridge)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from cni.skel import DEL, Call
from cni.types import args, go_json, results
from cni.types.errors import INVALID_CONFIG, UNDECODABLE, CniError
from cni.types.go_json import Anything, Boolean, Integer, Mapped, Misfit, Several, Structure, Text
from cni.types.results import Dns, Result
from netkernel import macs
from netkernel.frozen import Frozen
from netkernel.typed import Any, Final

DEFAULT_BRIDGE: Final = "cni0"
LAST_VLAN: Final = 4094
_LONGEST_NAME: Final = 15
BACKENDS: Final = ("", "iptables", "nftables")


class BridgeConfig(Frozen, kw_only=True):
    """`trunk` is None when the key is missing, which is not the same as an empty list; `mac` is lower-case or empty."""

    bridge: str
    is_gateway: bool
    is_default_gateway: bool
    force_address: bool
    ip_masq: bool
    ip_masq_backend: str
    mtu: int
    hairpin: bool
    promisc: bool
    vlan: int
    trunk: Sequence[int] | None
    preserve_default_vlan: bool
    mac_spoof_check: bool
    enable_dad: bool
    disable_container_interface: bool
    port_isolation: bool
    mac: str
    ipam: str
    dns: Dns
    previous: Result | None

    @property
    def filters_vlans(self) -> bool:
        """Whether it needs a bridge that filters VLANs."""
        return bool(self.vlan) or self.trunk is not None


_TRUNKED: Final = Integer("*int", 1, LAST_VLAN)
_TRUNK: Final = Structure(
    "VlanTrunk", {"minID": _TRUNKED, "maxID": _TRUNKED, "id": _TRUNKED}, together=("minID", "maxID")
)
_MAC: Final = Text(pattern=macs.PATTERN)
_ARGS: Final = Structure(
    "", {"cni": Structure("BridgeArgs", {"mac": _MAC}, "main.BridgeArgs")}, "struct { Cni main.BridgeArgs }"
)
LEAST_MTU, MOST_MTU = 68, 65535
SHAPE: Final = Structure(
    "NetConf",
    {
        "bridge": Text(pattern=r"^[^/:\s]{1,15}$"),
        "isGateway": Boolean(),
        "isDefaultGateway": Boolean(),
        "forceAddress": Boolean(),
        "ipMasq": Boolean(),
        "ipMasqBackend": Text("*string", BACKENDS),
        "mtu": Integer(least=0, most=MOST_MTU),
        "hairpinMode": Boolean(),
        "promiscMode": Boolean(),
        "vlan": Integer(least=0, most=LAST_VLAN),
        "vlanTrunk": Several(_TRUNK, "[]*main.VlanTrunk"),
        "preserveDefaultVlan": Boolean(),
        "macspoofchk": Boolean(),
        "enabledad": Boolean(),
        "disableContainerInterface": Boolean(),
        "portIsolation": Boolean(),
        "args": _ARGS,
        "runtimeConfig": Structure("", {"mac": _MAC}, 'struct { Mac string "json:\\"mac,omitempty\\"" }'),
        "ipam": Structure("IPAM", {"type": Text()}, "types.IPAM"),
        "dns": results.DNS_SHAPE,
        "capabilities": Mapped(Boolean(), "map[string]bool"),
        "prevResult": Mapped(Anything(), "map[string]interface {}"),
    },
)

_OF_DEL: Final = ("bridge", "vlan", "ipam")
"""What DEL needs to know."""


def read(call: Call) -> BridgeConfig:
    """Raises CniError for what is no configuration, and for options that contradict each other.

    DEL is content with any values: a pod must be able to go whatever became of the configuration it came with.
    """
    try:
        found = go_json.fitted(call.config, SHAPE)
    except Misfit as misfit:
        raise CniError(UNDECODABLE, f"failed to load netconf: {misfit}", misfit.where) from None
    if call.command == DEL:
        found = {key: value for key, value in found.items() if key in _OF_DEL}
    previous = found.get("prevResult")
    config = BridgeConfig(
        bridge=found.get("bridge", DEFAULT_BRIDGE),
        is_gateway=found.get("isGateway", False) or found.get("isDefaultGateway", False),
        is_default_gateway=found.get("isDefaultGateway", False),
        force_address=found.get("forceAddress", False),
        ip_masq=found.get("ipMasq", False),
        ip_masq_backend=found.get("ipMasqBackend", ""),
        mtu=found.get("mtu", 0),
        hairpin=found.get("hairpinMode", False),
        promisc=found.get("promiscMode", False),
        vlan=found.get("vlan", 0),
        trunk=_trunk(found["vlanTrunk"]) if "vlanTrunk" in found else None,
        preserve_default_vlan=found.get("preserveDefaultVlan", False),
        mac_spoof_check=found.get("macspoofchk", False),
        enable_dad=found.get("enabledad", False),
        disable_container_interface=found.get("disableContainerInterface", False),
        port_isolation=found.get("portIsolation", False),
        mac="" if call.command == DEL else _mac(_mac_asked(found, call)),
        ipam=found.get("ipam", {}).get("type", ""),
        dns=results.dns(found.get("dns", {})),
        previous=results.read(previous, call.version) if previous is not None else None,
    )
    if call.command != DEL:
        _check(config)
    return config


def _check(config: BridgeConfig) -> None:
    bridge, longest = config.bridge, _LONGEST_NAME
    if not 0 <= config.vlan <= LAST_VLAN:
        raise _wrong(f"invalid VLAN ID {config.vlan} (must be between 0 and {LAST_VLAN})", "vlan")
    if config.hairpin and config.promisc:
        said = "cannot set hairpin mode and promiscuous mode at the same time"
        raise _wrong(said, "hairpinMode, promiscMode")
    if config.ipam and config.disable_container_interface:
        raise _wrong("cannot use IPAM when DisableContainerInterface flag is set", "ipam, disableContainerInterface")
    if config.ip_masq_backend not in BACKENDS:
        raise _wrong(f'unknown ipmasq backend "{config.ip_masq_backend}"', "ipMasqBackend: wanted iptables or nftables")
    if not bridge or len(bridge.encode()) > longest or bridge in (".", "..") or re.search(r"[/:\s]", bridge):
        wanted = f"bridge: wanted 1 to {longest} bytes without / : and blanks"
        raise _wrong(f'failed to create bridge "{bridge}": that is no name of an interface', wanted)
    if config.is_gateway and config.vlan and len(gateway_name(config).encode()) > longest:
        said = f'failed to create vlan interface: "{gateway_name(config)}" is longer than {longest} bytes'
        raise _wrong(said, "bridge, vlan: give the bridge a shorter name")
    if config.mtu and not LEAST_MTU <= config.mtu <= MOST_MTU:
        wanted = f"mtu: wanted {LEAST_MTU} to {MOST_MTU}, or 0 for that of the bridge"
        raise _wrong(f"invalid mtu {config.mtu}", wanted)


def gateway_name(config: BridgeConfig) -> str:
    """The interface that carries the gateway's address of a VLAN."""
    return f"{config.bridge}.{config.vlan}"


def _wrong(message: str, where: str) -> CniError:
    return CniError(INVALID_CONFIG, message, where)


def _trunk(items: Iterable[Mapping[str, Any]]) -> tuple[int, ...]:
    """The VLANs of all items, in order, each once."""
    found: set[int] = set()
    for item in items:
        found |= _range(item)
        if "id" in item:
            if not 1 <= item["id"] <= LAST_VLAN:
                raise _wrong("incorrect trunk id parameter", f"vlanTrunk: id is {item['id']}, wanted 1 to {LAST_VLAN}")
            found.add(item["id"])
    return tuple(sorted(found))


def _range(item: Mapping[str, Any]) -> set[int]:
    for key in ("minID", "maxID"):
        if key in item and not 1 <= item[key] <= LAST_VLAN:
            said = f"vlanTrunk: {key} is {item[key]}, wanted 1 to {LAST_VLAN}"
            raise _wrong(f"incorrect trunk {key} parameter", said)
    missing = [key for key in ("minID", "maxID") if key not in item]
    if len(missing) == 1:
        raise _wrong(f"minID and maxID should be configured simultaneously, {missing[0]} is missing", "vlanTrunk")
    if missing:
        return set()
    if item["minID"] > item["maxID"]:
        said = f"vlanTrunk: {item['minID']} to {item['maxID']}"
        raise _wrong("minID is greater than maxID in trunk parameter", said)
    return set(range(item["minID"], item["maxID"] + 1))


def _mac_asked(found: Mapping[str, Any], call: Call) -> str:
    """runtimeConfig wins over args.cni, which wins over CNI_ARGS."""
    places = (found.get("runtimeConfig", {}), found.get("args", {}).get("cni", {}), args.read(call.args, {"MAC"}))
    return next((mac for place in places if (mac := place.get("mac") or place.get("MAC"))), "")


def _mac(text: str) -> str:
    """In the kernel's spelling. Raises CniError for what the kernel would take for no interface's."""
    mac = macs.spelled(text)
    if text and not mac:
        said = f"failed to make veth pair: address {text}: invalid MAC address"
        raise _wrong(said, "mac: wanted six bytes, as 02:00:00:00:00:01")
    if mac and not macs.is_an_interfaces(mac):
        said = f"failed to make veth pair: address {text}: cannot assign requested address"
        raise _wrong(said, "mac: a multicast or zero address is no interface's")
    return mac
