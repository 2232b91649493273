"""What a VM's NICs may not ask for: KubeVirt's rules of admission, and those it forgets."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from netkernel.typed import Final
from vmnet.errors import Problem
from vmnet.vm import BRIDGE, MANAGED_TAP, MASQUERADE, TAP, Network, Nic, Port, Rate, Vm

GATEWAY_MAC: Final = "02:00:00:00:00:00"
"""The MAC of each masquerade's bridge, the same in every pod: a guest's idea of its gateway survives a migration."""
MOST_RANGES: Final = 10
_NAME: Final = re.compile(r"[A-Za-z0-9_-]+")
_PCI: Final = re.compile(r"[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]")
_PORT_NAME: Final = re.compile(r"(?!-)(?!.*--)[a-z0-9-]{1,15}(?<!-)")
"""RFC 6335 section 5.1, in lower case as Kubernetes wants it."""


def problems(vm: Vm) -> Iterator[Problem]:
    """Everything that the values themselves do not forbid."""
    networks = [nic.network for nic in vm.nics]
    yield from _networks(networks)
    for nic in vm.nics:
        yield from _nic(nic)
    yield from _repeated(vm.nics)


def _networks(networks: Sequence[Network]) -> Iterator[Problem]:
    pods = [network for network in networks if network.is_pod]
    defaults = [network for network in networks if network.default]
    for network in pods[1:]:
        yield Problem(network.path, f"the pod has one network of its own, and {pods[0].name!r} is on it")
    for network in defaults[1:]:
        yield Problem((*network.path, "multus", "default"), f"{defaults[0].name!r} is the default already")
    if pods and defaults:
        where = (*defaults[0].path, "multus", "default")
        yield Problem(where, f"takes the place of the pod's network, which {pods[0].name!r} is on")


def _nic(nic: Nic) -> Iterator[Problem]:
    path, network = nic.path, nic.network
    if not _NAME.fullmatch(nic.name):
        yield Problem((*path, "name"), f"found {nic.name!r}, wanted letters, digits, - and _")
    if nic.binding == MASQUERADE and not network.is_pod:
        yield Problem((*path, MASQUERADE), f"is for the pod's network, and {network.name!r} is not: use bridge")
    if nic.binding == MASQUERADE and nic.mac == GATEWAY_MAC:
        yield Problem((*path, "macAddress"), f"{GATEWAY_MAC} is the gateway's inside masquerade")
    if nic.state == "absent" and nic.binding not in (BRIDGE, MANAGED_TAP):
        yield Problem((*path, "state"), "absent is for NICs with bridge binding")
    elif nic.state == "absent" and network.is_primary:
        yield Problem((*path, "state"), "absent: the default network cannot be unplugged")
    if nic.pci_address and not _PCI.fullmatch(nic.pci_address):
        yield Problem((*path, "pciAddress"), f"found {nic.pci_address!r}, wanted as 0000:81:01.0")
    yield from _ports(nic)
    yield from _extras(nic)


def _ports(nic: Nic) -> Iterator[Problem]:
    ranges = nic.port_ranges
    if ranges and nic.binding != MASQUERADE:
        yield Problem((*nic.path, "portRanges"), "are for masquerade")
    if ranges and nic.ports:
        yield Problem((*nic.path, "portRanges"), "do not go with ports: use one of the two")
    if len(ranges) > MOST_RANGES:
        yield Problem((*nic.path, "portRanges"), f"found {len(ranges)}, wanted at most {MOST_RANGES}")
    for port in ranges:
        if port.first > port.last:
            yield Problem((*nic.path, "portRanges"), f"{port.first} to {port.last} ends before it begins")
    for one, other in _overlapping(ranges):
        said = f"{other.protocol} {other.first} to {other.last} overlaps {one.first} to {one.last}"
        yield Problem((*nic.path, "portRanges"), said)
    names = [port.name for port in nic.ports if port.name]
    for name in (name for name, count in Counter(names).items() if count > 1):
        yield Problem((*nic.path, "ports"), f"{name!r} is the name of two ports")
    for name in (name for name in names if not _PORT_NAME.fullmatch(name)):
        yield Problem((*nic.path, "ports"), f"found the name {name!r}, wanted 1 to 15 of a-z, 0-9 and single -")


def _overlapping(ranges: Sequence[Port]) -> Iterator[tuple[Port, Port]]:
    ordered = sorted(ranges, key=lambda port: (port.protocol, port.first, port.last))
    for one, other in itertools.pairwise(ordered):
        if one.protocol == other.protocol and other.first <= one.last:
            yield one, other


def _extras(nic: Nic) -> Iterator[Problem]:
    """Of the fields KubeVirt does not have."""
    if nic.queues not in (None, 1) and nic.model != "virtio":
        yield Problem((*nic.path, "queues"), f"only virtio has more than one, and the model is {nic.model}")
    if nic.vlan and nic.binding not in (BRIDGE, MANAGED_TAP):
        yield Problem((*nic.path, "vlan"), "is for NICs with bridge binding")
    for key, value in (("mtu", nic.mtu), ("antiSpoof", nic.anti_spoof != "off"), ("rateLimit", nic.rate != Rate())):
        if value and nic.binding == TAP:
            yield Problem((*nic.path, key), "the tap is its CNI plugin's, and so is this")


def _repeated(nics: Sequence[Nic]) -> Iterator[Problem]:
    """What two NICs of a VM cannot both have."""
    for key, values in (
        ("name", [nic.name for nic in nics]),
        ("macAddress", [nic.mac for nic in nics]),
        ("pciAddress", [nic.pci_address for nic in nics]),
        ("acpiIndex", [nic.acpi_index for nic in nics]),
    ):
        first: dict[object, Nic] = {}
        for nic, value in zip(nics, values, strict=True):
            if value and value in first:
                yield Problem((*nic.path, key), f"{value} is {first[value].name!r}'s already")
            first.setdefault(value, nic)
