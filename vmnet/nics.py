"""One entry of a manifest's `devices.interfaces` into a NIC: KubeVirt's fields, and ours that it lacks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address

from netkernel.typed import Any, Final
from vmnet.errors import Path
from vmnet.reading import Reading
from vmnet.vm import (
    ANTI_SPOOF,
    AUTO,
    BRIDGE,
    LARGEST_QUEUES,
    MANAGED_TAP,
    MASQUERADE,
    MODELS,
    PROTOCOLS,
    STATES,
    TAP,
    DhcpOptions,
    Network,
    Nic,
    Port,
    Rate,
    Vlan,
)

PLUGINS: Final = {"macvtap": TAP, "tap": TAP, "managedtap": MANAGED_TAP, "managedTap": MANAGED_TAP}
"""Binding plugins whose NIC is a tap (KubeVirt's domainAttachmentType), by name."""
_BINDINGS: Final = (BRIDGE, MASQUERADE, "sriov", "passtBinding", "binding", "slirp", "macvtap", "passt")
_NIC: Final = (
    "name", "model", *_BINDINGS, "ports", "portRanges", "macAddress", "bootOrder", "pciAddress", "dhcpOptions", "tag",
    "acpiIndex", "state", "mtu", "queues", "vlan", "antiSpoof",
    "rateLimit",
)  # fmt: skip
_DHCP: Final = ("bootFileName", "tftpServerName", "ntpServers", "privateOptions")
_KBPS: Final = (64, 400_000_000)
_MTUS: Final = (68, 65521)
"""The least of IPv4 (RFC 791), the most a tap takes (drivers/net/tun.c)."""
_LARGEST_ACPI_INDEX: Final = 16383


def read(reading: Reading, item: object, path: Path, networks: Mapping[str, Network]) -> Nic:
    """A NIC on one of `networks`, which are by name; what is wrong with it is the reading's."""
    each = reading.mapping(item, path, _NIC)
    name = reading.text(each, "name", path)
    network = networks.get(name)
    if network is None:
        known = f"there are {', '.join(networks)}" if networks else "there are none"
        reading.wrong((*path, "name"), f"no network is called {name!r} ({known})")
        network = Network(name=name, is_pod=MASQUERADE in each, multus=name, path=path)  # nothing more is said of it
    binding, plugin = _binding(reading, each, path)
    return Nic(
        name=name,
        network=network,
        binding=binding,
        plugin=plugin,
        model=reading.text(each, "model", path, MODELS, "virtio"),
        mac=reading.mac(each, "macAddress", path),
        mtu=reading.number(each, "mtu", path, *_MTUS) or 0,
        state=reading.text(each, "state", path, STATES, "up"),
        ports=tuple(_ports(reading, each, path)),
        port_ranges=tuple(_ranges(reading, each, path)),
        boot_order=reading.number(each, "bootOrder", path, 1, 2**31),
        pci_address=reading.text(each, "pciAddress", path),
        acpi_index=reading.number(each, "acpiIndex", path, 1, _LARGEST_ACPI_INDEX),
        tag=reading.text(each, "tag", path),
        queues=_queues(reading, each, path),
        dhcp=_dhcp(reading, each.get("dhcpOptions"), (*path, "dhcpOptions")),
        vlan=_vlan(reading, each.get("vlan"), (*path, "vlan")),
        rate=_rate(reading, each.get("rateLimit"), (*path, "rateLimit")),
        anti_spoof=_anti_spoof(reading, each, path),
        path=path,
    )


def _binding(reading: Reading, each: Mapping[str, Any], path: Path) -> tuple[str, str]:
    stated = [key for key in _BINDINGS if key in each]
    if len(stated) != 1:
        found = f"found {' and '.join(stated)}" if stated else "found none"
        reading.wrong(path, f"{found}, wanted one binding: bridge, masquerade or binding")
        return BRIDGE, ""
    key = stated[0]
    inner = reading.mapping(each[key], (*path, key), ("name",) if key == "binding" else ())
    if key in (BRIDGE, MASQUERADE):
        return key, ""
    if key != "binding":
        instead = "binding: {name: macvtap}" if key == "macvtap" else "bridge or masquerade"
        reading.wrong((*path, key), f"not wired here: use {instead}")
        return BRIDGE, ""
    name = reading.text(inner, "name", (*path, key), tuple(PLUGINS))
    if not name and not inner.get("name"):
        reading.wrong((*path, key), "no name of a binding plugin")
    return PLUGINS.get(name, TAP), name


def _anti_spoof(reading: Reading, each: Mapping[str, Any], path: Path) -> str:
    if each.get("antiSpoof") is False:  # what YAML makes of a bare off, where its reader lets it
        return "off"
    return reading.text(each, "antiSpoof", path, ANTI_SPOOF, "off")


def _queues(reading: Reading, each: Mapping[str, Any], path: Path) -> int | str | None:
    return AUTO if each.get("queues") == AUTO else reading.number(each, "queues", path, 1, LARGEST_QUEUES)


def _ports(reading: Reading, each: Mapping[str, Any], path: Path) -> Iterable[Port]:
    for item, at in reading.items(each.get("ports"), (*path, "ports")):
        port = reading.mapping(item, at, ("name", "protocol", "port"))
        if "port" not in port:
            reading.wrong(at, "no port")
        number = reading.number(port, "port", at, 1, 65535)
        protocol = reading.text(port, "protocol", at, PROTOCOLS, "TCP")
        if number is not None:
            yield Port(protocol, number, number, reading.text(port, "name", at))


def _ranges(reading: Reading, each: Mapping[str, Any], path: Path) -> Iterable[Port]:
    for item, at in reading.items(each.get("portRanges"), (*path, "portRanges")):
        stated = reading.mapping(item, at, ("protocol", "start", "end"))
        if not stated.get("protocol"):
            reading.wrong(at, "no protocol, wanted TCP or UDP")
        ends = [reading.number(stated, key, at, 1, 65535) for key in ("start", "end")]
        for key in ("start", "end"):
            if key not in stated:
                reading.wrong(at, f"no {key}")
        if ends[0] is not None and ends[1] is not None:
            yield Port(reading.text(stated, "protocol", at, PROTOCOLS, "TCP"), ends[0], ends[1])


def _dhcp(reading: Reading, value: object, path: Path) -> DhcpOptions:
    stated = reading.mapping(value, path, _DHCP)
    servers = []
    for item, at in reading.items(stated.get("ntpServers"), (*path, "ntpServers")):
        try:
            servers.append(str(IPv4Address(item)))
        except ValueError:
            reading.wrong(at, f"found {item!r}, wanted an IPv4 address")
    private: dict[int, str] = {}
    for item, at in reading.items(stated.get("privateOptions"), (*path, "privateOptions")):
        option = reading.mapping(item, at, ("option", "value"))
        number = reading.number(option, "option", at, 224, 254)
        if "option" not in option:
            reading.wrong(at, "no option, wanted 224 to 254")
        if number in private:
            reading.wrong((*at, "option"), f"{number} stands here twice")
        text = reading.text(option, "value", at)
        if len(text.encode()) > 255:
            reading.wrong((*at, "value"), f"{len(text.encode())} bytes, an option holds 255")
        if number is not None:
            private[number] = text
    return DhcpOptions(
        boot_file=reading.text(stated, "bootFileName", path),
        tftp_server=reading.text(stated, "tftpServerName", path),
        ntp_servers=tuple(servers),
        private=private,
    )


def _rate(reading: Reading, value: object, path: Path) -> Rate:
    stated = reading.mapping(value, path, ("send", "receive"))
    rates = [reading.number(stated, key, path, *_KBPS) or 0 for key in ("send", "receive")]
    return Rate(*rates)


def _vlan(reading: Reading, value: object, path: Path) -> Vlan | None:
    if value is None:
        return None
    stated = reading.mapping(value, path, ("access", "trunk", "native"))
    ranges = []
    for item, at in reading.items(stated.get("trunk"), (*path, "trunk")):
        if (found := _vlan_range(item)) is None:
            reading.wrong(at, f"found {item!r}, wanted a VLAN from 1 to 4094, or a range as 100-200")
        else:
            ranges.append(found)
    access = reading.number(stated, "access", path, 1, 4094)
    native = reading.number(stated, "native", path, 1, 4094)
    if ("access" in stated) == ("trunk" in stated):
        reading.wrong(path, "wanted either access or trunk")
    if "native" in stated and "trunk" not in stated:
        reading.wrong((*path, "native"), "goes with trunk: the VLAN of it that comes untagged")
    return Vlan(access=access, trunk=tuple(ranges), native=native)


def _vlan_range(item: object) -> tuple[int, int] | None:
    first, _, last = str(item).partition("-")
    if not (first.isascii() and first.isdigit()) or (last and not (last.isascii() and last.isdigit())):
        return None
    low, high = int(first), int(last or first)
    return (low, high) if 1 <= low <= high <= 4094 else None
