"""libvirt's own schema takes every NIC that we write, alone in a domain and in one that has others."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.setup.base import TREE
from netkernel import documents
from tests.unit.vmnet.manifests import MASQUERADED, POD, read, vmi
from tests.unit.vmnet.pods import FakePod, pod
from vmnet import domain_xml, manifest
from vmnet.act import Asked
from vmnet.hardware import Device, devices
from vmnet.vm import MODELS, Vm

BARE = """\
<domain type="kvm"><name>demo</name><memory unit="MiB">64</memory><vcpu>2</vcpu><os><type arch="x86_64">hvm</type></os>
</domain>
"""
FULL = """\
<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <!-- somebody's -->
  <name>demo</name>
  <memory unit='MiB'>64</memory>
  <vcpu>2</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <features><acpi/></features>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
    <disk type='file' device='disk'><source file='/disk.img'/><target dev='vda' bus='virtio'/></disk>
    <interface type='bridge'><source bridge='br7'/><alias name='ua-theirs'/></interface>
    <interface type='ethernet'><mac address='52:54:00:00:00:08'/><alias name='ua-nic-0'/></interface>
    <console type='pty'/>
  </devices>
  <qemu:commandline><qemu:arg value='-no-hpet'/></qemu:commandline>
</domain>
"""
MACS = st.integers(0, 2**40 - 1).map(lambda number: "02:" + number.to_bytes(5, "big").hex(":"))
STATES = st.sampled_from(("", "up", "down"))


@st.composite
def interfaces(draw: st.DrawFn, number: int) -> dict[str, Any]:
    """A NIC on a bridge; what no two may have alike is made of `number`."""
    model = draw(st.sampled_from(MODELS))
    stated: dict[str, Any] = {"name": f"nic-{number}", "bridge": {}, "model": model, "state": draw(STATES)}
    optional = {
        "macAddress": MACS.map(lambda mac: f"{mac[:-2]}{number:02x}"),
        "bootOrder": st.just(number + 1),
        "pciAddress": st.integers(0, 7).map(lambda function: f"0000:{number:02x}:1f.{function}"),
        "acpiIndex": st.just(16383 - number),
        "mtu": st.integers(68, 65521),
        "tag": st.text(max_size=9),
        **({"queues": st.one_of(st.integers(1, 256), st.just("auto"))} if model == "virtio" else {}),
    }
    for key, values in optional.items():
        if draw(st.booleans()):
            stated[key] = draw(values)
    return stated


@st.composite
def vms(draw: st.DrawFn) -> Vm:
    count = draw(st.integers(1, 5))
    nics = [draw(interfaces(number)) for number in range(count)]
    networks = [{"name": each["name"], "multus": {"networkName": f"lan-{each['name']}"}} for each in nics]
    more = {"useVirtioTransitional": draw(st.booleans()), "networkInterfaceMultiqueue": draw(st.booleans())}
    return read(vmi(nics, networks, more, domain={"cpu": {"cores": draw(st.integers(1, 300))}}))


def made(vm: Vm) -> tuple[Device, ...]:
    links = {nic.name: "net1" for nic in vm.nics if not nic.network.is_primary}
    asked = Asked(vm=vm, namespace="4-1", links=links)
    host = FakePod(pod()).snapshot()
    return devices(asked.vm, asked.wirings(host, None), None, host)


def accepted(text: str, folder: Path) -> str:
    """Nothing, or what libvirt has against it."""
    file = folder / "domain.xml"
    file.write_text(text)
    done = subprocess.run(["virt-xml-validate", str(file), "domain"], capture_output=True, text=True)
    return done.stdout + done.stderr if done.returncode else ""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("libvirt")


@settings(max_examples=25)
@given(vm=vms(), domain=st.sampled_from((BARE, FULL)))
def test_whatever_a_vm_asks_for_its_domain_is_a_domain(folder: Path, vm: Vm, domain: str) -> None:
    text = domain_xml.merged(domain, made(vm), "d.xml")
    assert accepted(text, folder) == "", text


def test_the_manifests_of_the_project_are_domains(folder: Path) -> None:
    paths = [path for path in sorted((TREE / "tests" / "manifests").rglob("vm-*.yaml"))]
    found = [vm for path in paths for vm in manifest.read(documents.read(path.read_bytes(), str(path)))]
    assert found
    for vm in found:
        assert accepted(domain_xml.merged(BARE, made(vm), "d.xml"), folder) == ""


def test_what_is_no_domain_to_libvirt_is_told_apart(folder: Path) -> None:
    (device,) = made(read(vmi([MASQUERADED], [POD])))
    spoiled = domain_xml.merged(BARE, [device], "d.xml").replace('<mtu size="1450"/>', '<mtu size="many"/>')
    assert "fails to validate" in accepted(spoiled, folder)


def inner(text: str) -> Sequence[Xml.Element]:
    found = Xml.fromstring(text).find("devices")
    assert found is not None
    return list(found)


def test_a_domain_keeps_what_is_somebody_elses_when_the_nics_come_into_it(folder: Path) -> None:
    value = vmi(
        [MASQUERADED, {"name": "nic-0", "bridge": {}}], [POD, {"name": "nic-0", "multus": {"networkName": "l"}}]
    )
    text = domain_xml.merged(FULL, made(read(value)), "d.xml")
    assert accepted(text, folder) == ""
    aliases = [each.get("name") for device in inner(text) for each in device.findall("alias")]
    assert aliases == ["ua-theirs", "ua-nic-0", "ua-default"]
    assert [each.tag for each in inner(text)] == ["emulator", "disk", "interface", "interface", "interface", "console"]
    assert "qemu:commandline" in text and "somebody's" in text
