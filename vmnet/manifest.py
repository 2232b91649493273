"""VirtualMachine and VirtualMachineInstance manifests into values (kubevirt.io/v1 and v1alpha3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import ip_address

from netkernel.documents import Document
from netkernel.typed import Any, Final
from vmnet import nics, rules
from vmnet.errors import InvalidVm, Path, Problem
from vmnet.reading import Reading
from vmnet.vm import NETWORK4, NETWORK6, Network, Nic, Vm

VERSIONS: Final = ("kubevirt.io/v1", "kubevirt.io/v1alpha3")
KINDS: Final = ("VirtualMachine", "VirtualMachineInstance")
_NETWORK: Final = ("name", "pod", "multus", "resourceClaim")
_ISTIO: Final = "sidecar.istio.io/inject"


def read(documents: Iterable[Document]) -> tuple[Vm, ...]:
    """Every VM of the documents; those of other kinds are left alone. Raises InvalidVm with all problems at once."""
    vms, problems = [], []
    for document in documents:
        reading = Reading(document)
        if (vm := _document(reading, document.value)) is not None:
            vms.append(vm)
            problems += [*reading.problems, *_placed(document, rules.problems(vm))]
        else:
            problems += reading.problems
    if problems:
        raise InvalidVm(problems)
    return tuple(vms)


def one(documents: Sequence[Document], source: str) -> Vm:
    """The only VM of a file. Raises InvalidVm."""
    vms = read(documents)
    if len(vms) != 1:
        found = "no VirtualMachine" if not vms else f"{len(vms)} of them ({', '.join(vm.name for vm in vms)})"
        raise InvalidVm([Problem((), f"found {found}, wanted one VirtualMachine or VirtualMachineInstance", source)])
    return vms[0]


def _placed(document: Document, problems: Iterable[Problem]) -> list[Problem]:
    return [Problem(each.path, each.message, document.source, document.line(each.path)) for each in problems]


def _document(reading: Reading, value: object) -> Vm | None:
    whole = reading.mapping(value, ())
    kind = whole.get("kind")
    if kind not in KINDS:
        if str(whole.get("apiVersion", "")).startswith("kubevirt.io/"):
            reading.text(whole, "kind", (), KINDS)
        return None
    if (version := whole.get("apiVersion")) not in VERSIONS:
        reading.wrong(("apiVersion",), f"found {version!r}, wanted {VERSIONS[0]} (or {VERSIONS[1]})")
    metadata = reading.mapping(whole.get("metadata"), ("metadata",))
    name = reading.text(metadata, "name", ("metadata",))
    if not name:
        reading.wrong(("metadata",), "no name")
    path: Path = ("spec",)
    spec = reading.mapping(whole.get("spec"), path)
    annotations = reading.mapping(metadata.get("annotations"), ("metadata", "annotations"))
    if kind == "VirtualMachine":
        template = reading.mapping(spec.get("template"), ("spec", "template"))
        inner = reading.mapping(template.get("metadata"), ("spec", "template", "metadata"))
        annotations = reading.mapping(inner.get("annotations"), ("spec", "template", "metadata", "annotations"))
        path = ("spec", "template", "spec")
        spec = reading.mapping(template.get("spec"), path)
    domain = reading.mapping(spec.get("domain"), (*path, "domain"))
    devices_path = (*path, "domain", "devices")
    devices = reading.mapping(domain.get("devices"), devices_path)
    networks = _networks(reading, spec, path)
    _check_boot_orders(reading, devices, devices_path)
    status = reading.mapping(whole.get("status"), ("status",))
    return Vm(
        name=name,
        namespace=reading.text(metadata, "namespace", ("metadata",), default="default"),
        uid=reading.text(metadata, "uid", ("metadata",)),
        hostname=reading.text(spec, "hostname", path) or name.partition(".")[0],
        subdomain=reading.text(spec, "subdomain", path),
        cpus=_cpus(reading, domain, (*path, "domain")),
        multiqueue=reading.flag(devices, "networkInterfaceMultiqueue", devices_path),
        transitional=reading.flag(devices, "useVirtioTransitional", devices_path),
        istio=str(annotations.get(_ISTIO, "")).lower() == "true",
        nics=_nics(reading, devices, devices_path, networks, path),
        kept_macs=_kept_macs(reading, status),
        kept_addresses=_kept_addresses(reading, status),
    )


def _cpus(reading: Reading, domain: Mapping[str, Any], path: Path) -> int:
    cpu, path = reading.mapping(domain.get("cpu"), (*path, "cpu")), (*path, "cpu")
    count = 1
    for key in ("sockets", "cores", "threads"):
        count *= reading.number(cpu, key, path, 1, 2**16) or 1
    return count


def _kept_macs(reading: Reading, status: Mapping[str, Any]) -> dict[str, str]:
    """A guest keeps its MAC for good, also in a pod whose own link has another (a migration's target)."""
    found = {}
    for item, path in reading.items(status.get("interfaces"), ("status", "interfaces")):
        each = reading.mapping(item, path)
        if each.get("name") and each.get("mac"):
            found[str(each["name"])] = reading.mac(each, "mac", path)
    return found


def _kept_addresses(reading: Reading, status: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    found = {}
    for item, path in reading.items(status.get("interfaces"), ("status", "interfaces")):
        each = reading.mapping(item, path)
        ips = []
        for ip, at in reading.items(each.get("ipAddresses"), (*path, "ipAddresses")):
            try:
                ips.append(str(ip_address(str(ip).partition("/")[0])))
            except ValueError:
                reading.wrong(at, f"found {ip!r}, wanted an IP address")
        if each.get("name") and ips:
            found[str(each["name"])] = tuple(ips)
    return found


def _networks(reading: Reading, spec: Mapping[str, Any], path: Path) -> list[Network]:
    networks = []
    for item, at in reading.items(spec.get("networks"), (*path, "networks")):
        each = reading.mapping(item, at, _NETWORK)
        sources = [key for key in ("pod", "multus", "resourceClaim") if key in each]
        if len(sources) != 1:
            found = f"found {' and '.join(sources)}" if sources else "found none"
            reading.wrong(at, f"{found}, wanted one source: pod or multus")
        if "resourceClaim" in each:
            reading.wrong((*at, "resourceClaim"), "devices of resource claims are not wired here; use multus")
        pod = reading.mapping(each.get("pod"), (*at, "pod"), ("vmNetworkCIDR", "vmIPv6NetworkCIDR"))
        multus = reading.mapping(each.get("multus"), (*at, "multus"), ("networkName", "default"))
        if "multus" in each and not multus.get("networkName"):
            reading.wrong((*at, "multus"), "no networkName: which NetworkAttachmentDefinition?")
        networks.append(
            Network(
                name=reading.text(each, "name", at),
                is_pod="pod" in each,
                multus=reading.text(multus, "networkName", (*at, "multus")),
                default=reading.flag(multus, "default", (*at, "multus")),
                cidr4=reading.network(pod, "vmNetworkCIDR", (*at, "pod"), NETWORK4),
                cidr6=reading.network(pod, "vmIPv6NetworkCIDR", (*at, "pod"), NETWORK6),
                path=at,
            )
        )
    return networks


def _nics(
    reading: Reading, devices: Mapping[str, Any], path: Path, networks: Sequence[Network], spec_path: Path
) -> tuple[Nic, ...]:
    if not devices.get("interfaces") and not networks:
        if reading.flag(devices, "autoattachPodInterface", path, default=True):
            return (Nic(name="default", network=Network(name="default", is_pod=True), path=path),)
        return ()
    by_name = {network.name: network for network in reversed(networks)}
    found = [
        nics.read(reading, item, at, by_name)
        for item, at in reading.items(devices.get("interfaces"), (*path, "interfaces"))
    ]
    named = {nic.name for nic in found}
    for network in networks:
        if network.name not in named:
            reading.wrong(network.path, f"no interface is called {network.name!r}, so no NIC is on this network")
    for one, other in _twice(networks):
        reading.wrong((*other.path, "name"), f"{one.name!r} is the name of two networks")
    return tuple(found)


def _twice(networks: Sequence[Network]) -> Iterable[tuple[Network, Network]]:
    first: dict[str, Network] = {}
    for network in networks:
        if network.name in first:
            yield first[network.name], network
        first.setdefault(network.name, network)


def _check_boot_orders(reading: Reading, devices: Mapping[str, Any], path: Path) -> None:
    """Of NICs and disks together: each number once."""
    seen: dict[int, str] = {}
    for key in ("disks", "interfaces"):
        for item, at in reading.items(devices.get(key), (*path, key)) if isinstance(devices.get(key), list) else ():
            order = item.get("bootOrder") if isinstance(item, dict) else None
            if not isinstance(order, int) or isinstance(order, bool):
                continue
            if order in seen:
                reading.wrong((*at, "bootOrder"), f"{order} is {seen[order]}'s already")
            seen.setdefault(order, str(item.get("name")))
