"""What libvirt and QEMU are told of a NIC; that both take it is tested with them."""

from __future__ import annotations

import json
import socket
from typing import Any
from xml.etree import ElementTree as Xml

import pytest

from netkernel.errors import NetworkError
from netkernel.frozen import replace
from tests.unit.vmnet.manifests import BRIDGED, LAN, MASQUERADED, POD, read, vmi
from tests.unit.vmnet.pods import LAN_MAC, POD_MAC, FakePod, pod
from vmnet import act, domain_xml, monitor, qemu_args
from vmnet.act import Asked
from vmnet.errors import PodUnfit
from vmnet.hardware import Device, devices
from vmnet.kept import Records

FULL: dict[str, Any] = {
    **BRIDGED, "macAddress": "DE:AD:00:00:BE:AF", "bootOrder": 1, "pciAddress": "0000:81:01.0", "state": "down",
    "acpiIndex": 7, "queues": 4,
}  # fmt: skip


def made(value: dict[str, Any], records: Records | None = None) -> tuple[Device, ...]:
    asked = Asked(vm=read(value), namespace="4-1")
    kernel = FakePod(pod())
    kept = None
    if records is not None:
        act.setup(asked, kernel, records)
        kept = records.read("4-1")
    host = kernel.snapshot()
    return devices(asked.vm, asked.wirings(host, kept), kept, host)


def test_the_xml_is_what_kubevirt_writes() -> None:
    assert (
        domain_xml.text(made(vmi([MASQUERADED], [POD])))
        == f"""\
<interface type="ethernet">
  <source/>
  <target dev="tap0" managed="no"/>
  <model type="virtio-non-transitional"/>
  <mac address="{POD_MAC}"/>
  <mtu size="1450"/>
  <alias name="ua-default"/>
  <rom enabled="no"/>
</interface>
"""
    )
    assert (
        domain_xml.text(made(vmi([FULL], [LAN])))
        == """\
<interface type="ethernet">
  <address type="pci" domain="0x0000" bus="0x81" slot="0x01" function="0x0"/>
  <source/>
  <target dev="tap1" managed="no"/>
  <model type="virtio-non-transitional"/>
  <mac address="de:ad:00:00:be:af"/>
  <mtu size="1500"/>
  <boot order="1"/>
  <link state="down"/>
  <alias name="ua-nic-0"/>
  <driver name="vhost" queues="4"/>
  <acpi index="7"/>
</interface>
"""
    )


@pytest.mark.parametrize(
    ("model", "transitional", "word"), [("e1000", False, "e1000"), ("virtio", True, "virtio-transitional")]
)
def test_models_have_libvirts_names(model: str, transitional: bool, word: str) -> None:
    (found,) = made(vmi([{**MASQUERADED, "model": model}], [POD], {"useVirtioTransitional": transitional}))
    assert f'<model type="{word}"/>' in domain_xml.text([found])


def test_a_guest_has_the_mac_the_pod_had_before_it_was_wired(tmp_path: Any) -> None:
    before, after = made(vmi([BRIDGED], [LAN])), made(vmi([BRIDGED], [LAN]), Records(str(tmp_path)))
    assert before == after
    assert before[0].mac == LAN_MAC


def test_a_plugins_tap_is_the_pods_link_itself() -> None:
    (found,) = made(vmi([{"name": "nic-0", "binding": {"name": "macvtap"}}], [LAN]))
    assert (found.tap, found.mac) == ("net1", LAN_MAC)


def test_what_is_absent_is_no_device_and_a_link_that_is_not_there_is_said() -> None:
    assert [each.alias for each in made(vmi([MASQUERADED, {**BRIDGED, "state": "absent"}]))] == ["ua-default"]
    with pytest.raises(PodUnfit, match="nic-0: the pod has no link 'lan7'"):
        asked = Asked(vm=read(vmi([BRIDGED], [LAN])), namespace="4-1", links={"nic-0": "lan7"})
        devices(asked.vm, asked.wirings(pod(), None), None, pod())


DOMAIN = """\
<domain type="kvm"><name>demo</name><devices>
<disk type="file"/><interface type="bridge"><alias name="ua-theirs"/></interface><console type="pty"/>
</devices></domain>
"""


def test_a_domain_gets_the_nics_and_keeps_all_else() -> None:
    found = made(vmi([MASQUERADED, BRIDGED]))
    once = domain_xml.merged(DOMAIN, found, "d.xml")
    assert domain_xml.merged(once, found, "d.xml") == once
    inner = Xml.fromstring(once).find("devices")
    assert inner is not None
    assert [each.tag for each in inner] == ["disk", "interface", "interface", "interface", "console"]
    aliases = [each.get("name") for each in inner.iter("alias")]
    assert aliases == ["ua-theirs", "ua-default", "ua-nic-0"]


@pytest.mark.parametrize(
    ("text", "said"), [("<domain>", r"d\.xml:1:9: not XML"), ("<a/>", "found <a>, wanted <domain>")]
)
def test_what_is_no_domain_is_refused(text: str, said: str) -> None:
    with pytest.raises(NetworkError, match=said):
        domain_xml.merged(text, [], "d.xml")


def test_qemu_is_told_the_same() -> None:
    assert qemu_args.arguments(made(vmi([MASQUERADED], [POD]))) == [
        "-netdev",
        "tap,id=hostua-default,ifname=tap0,script=no,downscript=no",
        "-device",
        f"virtio-net-pci-non-transitional,netdev=hostua-default,id=ua-default,mac={POD_MAC},host_mtu=1450,romfile=",
    ]
    assert qemu_args.arguments(made(vmi([FULL], [LAN])), vhost=True) == [
        "-netdev",
        "tap,id=hostua-nic-0,ifname=tap1,script=no,downscript=no,queues=4,vhost=on",
        "-device",
        "virtio-net-pci-non-transitional,netdev=hostua-nic-0,id=ua-nic-0,mac=de:ad:00:00:be:af,mq=on,vectors=10,"
        "host_mtu=1500,bootindex=1,acpi-index=7,bus=pci.129,addr=0x1",
    ]


def test_qemus_monitor_is_told_of_cables_that_are_out() -> None:
    (told,) = monitor.links_down(made(vmi([MASQUERADED, FULL])))
    assert told == {"execute": "set_link", "arguments": {"name": "ua-nic-0", "up": False}}


def monitored(*lines: str) -> list[dict[str, Any]]:
    """What a monitor that says these lines is told."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall("".join(f"{line}\n" for line in lines).encode())
        theirs.shutdown(socket.SHUT_WR)
        monitor.tell(ours, [{"execute": "set_link"}])
        ours.close()
        return [json.loads(line) for line in theirs.makefile()]


def test_the_monitors_events_are_passed_over_and_its_refusals_are_said() -> None:
    greeting, done = '{"QMP": {}}', '{"return": {}}'
    told = [{"execute": "qmp_capabilities"}, {"execute": "set_link"}]
    assert monitored(greeting, done, '{"event": "RESUME"}', done) == told
    assert monitored() == []
    with pytest.raises(NetworkError, match="QEMU refuses set_link: Device 'x' not found"):
        monitored(greeting, done, '{"error": {"class": "DeviceNotFound", "desc": "Device \'x\' not found"}}')


def test_descriptors_take_the_place_of_names() -> None:
    found = made(vmi([FULL], [LAN]))
    assert qemu_args.arguments(found, fds={"tap1": [5]})[1] == "tap,id=hostua-nic-0,fd=5"
    assert qemu_args.arguments(found, fds={"tap1": [5, 6]})[1] == "tap,id=hostua-nic-0,fds=5:6"


def test_emulated_models_are_told_no_mtu() -> None:
    words = qemu_args.arguments(made(vmi([{**MASQUERADED, "model": "rtl8139"}], [POD])), vhost=True)
    assert words[3] == f"rtl8139,netdev=hostua-default,id=ua-default,mac={POD_MAC},romfile="
    assert "vhost" not in words[1]


def test_a_macvtap_is_opened_by_nobody_but_us() -> None:
    (found,) = made(vmi([{"name": "nic-0", "binding": {"name": "macvtap"}}], [LAN]))
    macvtap = replace(found, is_macvtap=True)
    assert qemu_args.arguments([macvtap], fds={"net1": [5]})[1] == "tap,id=hostua-nic-0,fd=5"
    with pytest.raises(PodUnfit, match="nic-0: net1 is a macvtap"):
        qemu_args.arguments([macvtap])
