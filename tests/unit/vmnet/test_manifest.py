"""What a manifest asks for, and everything that is wrong with one, at once and with its path."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from netkernel import documents
from netkernel.documents import Document
from netkernel.errors import Unreadable
from tests.unit.vmnet.manifests import BRIDGED, LAN, MASQUERADED, POD, masqueraded, nic, problems, read, vmi
from vmnet import manifest
from vmnet.errors import InvalidVm
from vmnet.vm import Network, Nic, Port, Vlan

DEMO = """\
apiVersion: kubevirt.io/v1alpha3
kind: VirtualMachine
metadata:
  name: demo-vm
spec:
  template:
    spec:
      domain:
        devices:
          interfaces:
            - name: default
              masquerade: {}
              model: virtio
            - name: nic-0
              bridge: {}
              model: virtio
              macAddress: "02:5c:80:00:00:01"
      hostname: demo-vm
      networks:
        - name: default
          pod: {}
        - name: nic-0
          multus:
            networkName: br1-public
"""


def test_a_virtual_machine_is_read_with_the_defaults_of_kubevirt() -> None:
    (vm,) = manifest.read(documents.read(DEMO, "vm.yaml"))
    assert (vm.namespace, vm.name, vm.hostname, vm.cpus) == ("default", "demo-vm", "demo-vm", 1)
    default, second = vm.nics
    assert default == Nic(name="default", network=Network(name="default", is_pod=True), binding="masquerade")
    assert second == Nic(
        name="nic-0", network=Network(name="nic-0", multus="br1-public"), binding="bridge", mac="02:5c:80:00:00:01"
    )


def test_a_vm_without_nics_gets_one_on_the_pods_network() -> None:
    assert read(vmi([], [])).nics == (Nic(name="default", network=Network(name="default", is_pod=True)),)
    assert read(vmi([], [], {"autoattachPodInterface": False})).nics == ()


def test_everything_a_nic_can_say() -> None:
    found = read(
        vmi(
            [
                {
                    "name": "nic-0", "bridge": {}, "model": "virtio", "macAddress": "02-5C-80-00-00-01", "bootOrder": 1,
                    "pciAddress": "0000:81:01.0", "acpiIndex": 7, "state": "down", "tag": "front", "mtu": 1400,
                    "queues": "auto", "vlan": {"trunk": [10, "20-30"], "native": 5}, "antiSpoof": "mac",
                    "dhcpOptions": {
                        "bootFileName": "boot.ipxe", "tftpServerName": "tftp.example", "ntpServers": ["192.0.2.9"],
                        "privateOptions": [{"option": 240, "value": "x"}],
                    },
                }
            ],
            [LAN],
            domain={"cpu": {"sockets": 2, "cores": 2, "threads": 3}},
        )
    )  # fmt: skip
    (each,) = found.nics
    assert (each.mac, each.mtu, each.state, each.tag, each.boot_order) == (
        "02:5c:80:00:00:01",
        1400,
        "down",
        "front",
        1,
    )
    assert (each.pci_address, each.acpi_index, each.anti_spoof) == ("0000:81:01.0", 7, "mac")
    assert each.vlan == Vlan(trunk=((10, 10), (20, 30)), native=5)
    assert (each.dhcp.boot_file, each.dhcp.ntp_servers, dict(each.dhcp.private)) == (
        "boot.ipxe",
        ("192.0.2.9",),
        {240: "x"},
    )
    assert found.queues(each) == 8


@pytest.mark.parametrize(
    ("stated", "model", "multiqueue", "queues"),
    [
        (None, "virtio", False, 1), (None, "virtio", True, 6), ("auto", "virtio", False, 6), (3, "virtio", True, 3),
        (None, "e1000", True, 1),
    ],
)  # fmt: skip
def test_how_many_queues_a_tap_has(stated: Any, model: str, multiqueue: bool, queues: int) -> None:
    fields = {"model": model, **({"queues": stated} if stated else {})}
    vm = read(
        vmi([{**BRIDGED, **fields}], [LAN], {"networkInterfaceMultiqueue": multiqueue}, domain={"cpu": {"cores": 6}})
    )
    assert vm.queues(vm.nics[0]) == queues


def test_a_network_inside_masquerade_is_spelled_as_usual() -> None:
    network = {"name": "default", "pod": {"vmNetworkCIDR": "010.11.12.0/24", "vmIPv6NetworkCIDR": "FD00:0::/64"}}
    assert read(vmi([MASQUERADED], [network])).nics[0].network.cidr4 == "10.11.12.0/24"
    assert read(vmi([MASQUERADED], [network])).nics[0].network.cidr6 == "fd00::/64"


def ports(*items: Any, **more: Any) -> dict[str, Any]:
    return masqueraded(ports=list(items), **more)


def ranges(*items: Any, **more: Any) -> dict[str, Any]:
    return masqueraded(portRanges=list(items), **more)


def reach(protocol: str, start: int, end: int) -> dict[str, Any]:
    return {"protocol": protocol, "start": start, "end": end}


REFUSED: list[tuple[dict[str, Any], str]] = [
    # sources
    (vmi([MASQUERADED, {"name": "b", "bridge": {}}], [POD, {"name": "b", "pod": {}}]),
     "networks[1]: the pod has one network of its own, and 'default' is on it"),
    (vmi([{"name": "a", "bridge": {}}, {"name": "b", "bridge": {}}], [
        {"name": "a", "multus": {"networkName": "x", "default": True}},
        {"name": "b", "multus": {"networkName": "y", "default": True}}]),
     "networks[1].multus.default: 'a' is the default already"),
    (vmi([MASQUERADED, BRIDGED], [POD, {"name": "nic-0", "multus": {"networkName": "x", "default": True}}]),
     "networks[1].multus.default: takes the place of the pod's network, which 'default' is on"),
    (vmi([BRIDGED], [{"name": "nic-0"}]), "networks[0]: found none, wanted one source: pod or multus"),
    (vmi([BRIDGED], [{**LAN, "pod": {}}]), "networks[0]: found pod and multus, wanted one source: pod or multus"),
    (vmi([BRIDGED], [{"name": "nic-0", "multus": {}}]),
     "networks[0].multus: no networkName: which NetworkAttachmentDefinition?"),
    (vmi([BRIDGED], [{"name": "nic-0", "resourceClaim": {}}]),
     "networks[0].resourceClaim: devices of resource claims are not wired here; use multus"),
    # names
    (vmi([BRIDGED], [LAN, LAN]), "networks[1].name: 'nic-0' is the name of two networks"),
    (vmi([BRIDGED, BRIDGED], [LAN]), "interfaces[1].name: nic-0 is 'nic-0''s already"),
    (vmi([BRIDGED], [LAN, POD]), "networks[1]: no interface is called 'default', so no NIC is on this network"),
    (vmi([BRIDGED, MASQUERADED], [LAN]), "interfaces[1].name: no network is called 'default' (there are nic-0)"),
    (vmi([{"name": "a b", "bridge": {}}], [{**LAN, "name": "a b"}]),
     "interfaces[0].name: found 'a b', wanted letters, digits, - and _"),
    # bindings
    (vmi([{"name": "nic-0"}], [LAN]), "interfaces[0]: found none, wanted one binding: bridge, masquerade or binding"),
    (nic(masquerade={}),
     "interfaces[0]: found bridge and masquerade, wanted one binding: bridge, masquerade or binding"),
    (vmi([{"name": "nic-0", "masquerade": {}}], [LAN]),
     "interfaces[0].masquerade: is for the pod's network, and 'nic-0' is not: use bridge"),
    (masqueraded(macAddress="02-00-00-00-00-00"),
     "interfaces[0].macAddress: 02:00:00:00:00:00 is the gateway's inside masquerade"),
    *((vmi([{"name": "nic-0", key: {}}], [LAN]), f"interfaces[0].{key}: not wired here: use {instead}")
      for key, instead in (("slirp", "bridge or masquerade"), ("passt", "bridge or masquerade"),
                           ("sriov", "bridge or masquerade"), ("macvtap", "binding: {name: macvtap}"))),
    (vmi([{"name": "nic-0", "binding": {"name": "macvtab"}}], [LAN]),
     "interfaces[0].binding.name: found 'macvtab', wanted macvtap, tap, managedtap or managedTap "
     "(did you mean macvtap?)"),
    (vmi([{"name": "nic-0", "binding": {}}], [LAN]), "interfaces[0].binding: no name of a binding plugin"),
    # state
    (nic(state="gone"), "interfaces[0].state: found 'gone', wanted up, down or absent"),
    (masqueraded(state="absent"), "interfaces[0].state: absent is for NICs with bridge binding"),
    (vmi([{"name": "default", "bridge": {}, "state": "absent"}], [POD]),
     "interfaces[0].state: absent: the default network cannot be unplugged"),
    # fields
    (nic(model="virtoi"), "interfaces[0].model: found 'virtoi', wanted virtio, e1000, e1000e, igb, rtl8139, pcnet or "
     "ne2k_pci (did you mean virtio?)"),
    (nic(macAdress="x"), "interfaces[0].macAdress: no such field (did you mean macAddress?)"),
    *((nic(macAddress=mac), f"interfaces[0].macAddress: found {mac!r}, wanted six bytes, as 02:00:00:00:00:01")
      for mac in ("aa-bb", "02:00:00:00:00", "02:00:00:00:00:01:02", "02:00:00:00:00:0g", "02-00:00-00:00-01")),
    *((nic(macAddress=mac), f"interfaces[0].macAddress: {mac!r} is no NIC's: it is all zeros")
      for mac in ("00:00:00:00:00:00", "0000.0000.0000")),
    (nic(macAddress="01-00-5E-00-00-01"),
     "interfaces[0].macAddress: '01-00-5E-00-00-01' is a group's, not a NIC's: its first byte is odd"),
    (vmi([{"name": "a", "bridge": {}, "macAddress": "02:00:00:00:00:0A"}, {**BRIDGED, "macAddress": "0200.0000.000a"}],
         [{**LAN, "name": "a"}, LAN]), "interfaces[1].macAddress: 02:00:00:00:00:0a is 'a''s already"),
    (nic(pciAddress="81:01.0"), "interfaces[0].pciAddress: found '81:01.0', wanted as 0000:81:01.0"),
    (nic(bootOrder=0), "interfaces[0].bootOrder: found 0, wanted 1 to 2147483648"),
    (vmi([{**BRIDGED, "bootOrder": 1}], [LAN], {"disks": [{"name": "root", "bootOrder": 1}]}),
     "interfaces[0].bootOrder: 1 is root's already"),
    (nic(acpiIndex=16384), "interfaces[0].acpiIndex: found 16384, wanted 1 to 16383"),
    (nic(mtu=67), "interfaces[0].mtu: found 67, wanted 68 to 65521"),
    (nic(mtu="1400"), "interfaces[0].mtu: found '1400', wanted a whole number"),
    (nic(queues=0), "interfaces[0].queues: found 0, wanted 1 to 256"),
    (nic(queues=2, model="e1000"), "interfaces[0].queues: only virtio has more than one, and the model is e1000"),
    *((vmi([MASQUERADED], [{"name": "default", "pod": {"vmNetworkCIDR": text}}]),
       f"networks[0].pod.vmNetworkCIDR: found {text!r}, wanted {wanted}")
      for text, wanted in (("10.0.2.0/31", "at most /30: gateway and guest need an address each"),
                           ("fd00::/64", "a network of IPv4, as 10.0.2.0/24"),
                           ("10.0.2.0/33", "a network of IPv4, as 10.0.2.0/24"))),
    # ports
    (ports({"name": "http"}), "interfaces[0].ports[0]: no port"),
    (ports({"port": 65536}), "interfaces[0].ports[0].port: found 65536, wanted 1 to 65535"),
    (ports({"port": 80, "protocol": "tcp"}),
     "interfaces[0].ports[0].protocol: found 'tcp', wanted TCP or UDP (did you mean TCP?)"),
    (ports({"port": 80, "name": "http"}, {"port": 81, "name": "http"}),
     "interfaces[0].ports: 'http' is the name of two ports"),
    (ports({"port": 80, "name": "Http"}),
     "interfaces[0].ports: found the name 'Http', wanted 1 to 15 of a-z, 0-9 and single -"),
    (ranges(reach("TCP", 1, 9), ports=[{"port": 80}]),
     "interfaces[0].portRanges: do not go with ports: use one of the two"),
    (nic(portRanges=[reach("TCP", 1, 9)]), "interfaces[0].portRanges: are for masquerade"),
    (ranges(*(reach("TCP", at * 10, at * 10 + 1) for at in range(1, 12))),
     "interfaces[0].portRanges: found 11, wanted at most 10"),
    (ranges({"start": 1, "end": 2}), "interfaces[0].portRanges[0]: no protocol, wanted TCP or UDP"),
    (ranges({"protocol": "TCP", "start": 1}), "interfaces[0].portRanges[0]: no end"),
    (ranges(reach("TCP", 9, 1)), "interfaces[0].portRanges: 9 to 1 ends before it begins"),
    (ranges(reach("TCP", 1, 9), reach("TCP", 9, 12)), "interfaces[0].portRanges: TCP 9 to 12 overlaps 1 to 9"),
    # DHCP
    (nic(dhcpOptions={"privateOptions": [{"option": 240, "value": "a"}, {"option": 240, "value": "b"}]}),
     "interfaces[0].dhcpOptions.privateOptions[1].option: 240 stands here twice"),
    (nic(dhcpOptions={"privateOptions": [{"option": 223, "value": "a"}]}),
     "interfaces[0].dhcpOptions.privateOptions[0].option: found 223, wanted 224 to 254"),
    (nic(dhcpOptions={"ntpServers": ["fd00::1"]}),
     "interfaces[0].dhcpOptions.ntpServers[0]: found 'fd00::1', wanted an IPv4 address"),
    # ours
    (nic(vlan={}), "interfaces[0].vlan: wanted either access or trunk"),
    (nic(vlan={"access": 4095}), "interfaces[0].vlan.access: found 4095, wanted 1 to 4094"),
    (nic(vlan={"trunk": ["20-10"]}),
     "interfaces[0].vlan.trunk[0]: found '20-10', wanted a VLAN from 1 to 4094, or a range as 100-200"),
    (nic(vlan={"access": 5, "native": 5}),
     "interfaces[0].vlan.native: goes with trunk: the VLAN of it that comes untagged"),
    (masqueraded(vlan={"access": 5}), "interfaces[0].vlan: is for NICs with bridge binding"),
    (nic(antiSpoof="ips"), "interfaces[0].antiSpoof: found 'ips', wanted off, mac or ip (did you mean ip?)"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "said"), REFUSED, ids=[said[:70] for _, said in REFUSED])
def test_what_cannot_be_is_refused_with_its_path(value: dict[str, Any], said: str) -> None:
    assert problems(value) == [said]


def test_ranges_of_two_protocols_do_not_overlap() -> None:
    assert problems(ranges(reach("TCP", 1, 9), reach("UDP", 1, 9))) == []
    (found,) = read(ranges(reach("TCP", 1, 9))).nics
    assert found.port_ranges == (Port("TCP", 1, 9),)


def test_all_problems_are_said_at_once_with_the_line_where_each_stands() -> None:
    wrong = DEMO.replace("macAddress", "macAdress").replace(
        "model: virtio\n            -", "model: virtoi\n            -"
    )
    with pytest.raises(InvalidVm) as invalid:
        manifest.read(documents.read(wrong, "vm.yaml"))
    where = "spec.template.spec.domain.devices.interfaces"
    assert str(invalid.value).splitlines() == [
        f"vm.yaml:13: {where}[0].model: found 'virtoi', wanted virtio, e1000, e1000e, igb, rtl8139, pcnet or ne2k_pci "
        "(did you mean virtio?)",
        f"vm.yaml:17: {where}[1].macAdress: no such field (did you mean macAddress?)",
    ]


def test_a_misprinted_manifest_is_refused_with_its_line() -> None:
    misprinted = DEMO.replace("metadata:\n", "")
    with pytest.raises(Unreadable, match=r"vm\.yaml:3: not YAML"):
        documents.read(misprinted, "vm.yaml")


def test_other_kinds_are_left_alone_and_a_file_without_a_vm_says_so() -> None:
    service = Document({"apiVersion": "v1", "kind": "Service"})
    assert manifest.read([service]) == ()
    with pytest.raises(InvalidVm, match="wanted one VirtualMachine"):
        manifest.one([service], "x.yaml")
    with pytest.raises(InvalidVm, match=r"kind: found 'VirtualMachin', wanted .*did you mean VirtualMachine\?"):
        manifest.read([Document({"apiVersion": "kubevirt.io/v1", "kind": "VirtualMachin"})])


JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(max_size=5) | some.floats(allow_nan=False),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ["name", "model", "bridge", "masquerade", "binding", "ports", "portRanges", "macAddress", "bootOrder", "state",
          "pciAddress", "dhcpOptions", "acpiIndex", "mtu", "queues", "vlan", "antiSpoof", "tag"]  # fmt: skip


@given(
    some.dictionaries(some.sampled_from(FIELDS), JSON),
    some.dictionaries(some.sampled_from(["name", "pod", "multus"]), JSON),
)
def test_nonsense_is_refused_and_never_more_than_that(interface: dict[str, Any], network: dict[str, Any]) -> None:
    value = vmi([{**BRIDGED, **interface}], [{**LAN, **network}])
    found = problems(value)
    assert found or read(value).nics[0].binding in ("bridge", "tap", "managedTap", "masquerade")
