"""libvirt's words for a VM's NICs (libvirt's domain format, `interface type='ethernet'`), as KubeVirt writes them."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from xml.etree import ElementTree as Xml

from netkernel.errors import NetworkError
from vmnet.hardware import Device

_PCI = re.compile(r"([0-9a-f]{4}):([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])")


def interface(device: Device) -> Xml.Element:
    """One NIC. Elements stand in the order in which KubeVirt's converter writes them."""
    nic = device.nic
    made = Xml.Element("interface", type="ethernet")
    if place := _PCI.fullmatch(nic.pci_address):
        parts = zip(("domain", "bus", "slot", "function"), place.groups(), strict=True)
        Xml.SubElement(made, "address", {"type": "pci", **{key: f"0x{value}" for key, value in parts}})
    Xml.SubElement(made, "source")
    Xml.SubElement(made, "target", dev=device.tap, managed="no")
    Xml.SubElement(made, "model", type=device.model)
    Xml.SubElement(made, "mac", address=device.mac)
    Xml.SubElement(made, "mtu", size=str(device.mtu))
    if nic.boot_order is not None:
        Xml.SubElement(made, "boot", order=str(nic.boot_order))
    if nic.state == "down":
        Xml.SubElement(made, "link", state="down")
    Xml.SubElement(made, "alias", name=device.alias)
    if device.queues > 1:
        Xml.SubElement(made, "driver", name="vhost", queues=str(device.queues))
    if nic.acpi_index is not None:
        Xml.SubElement(made, "acpi", index=str(nic.acpi_index))
    if nic.boot_order is None:
        Xml.SubElement(made, "rom", enabled="no")
    return made


def text(devices: Iterable[Device]) -> str:
    """The NICs, one after the other."""
    return "".join(_text(interface(device)) for device in devices)


def merged(domain: str, devices: Sequence[Device], source: str) -> str:
    """A domain with these NICs: each takes the place of the one of its alias, new ones come after the last.

    Raises NetworkError for what is no domain.
    """
    try:
        whole = _parsed(domain)
    except Xml.ParseError as error:
        line, column = error.position
        raise NetworkError(f"{source}:{line}:{column + 1}: not XML: {error.msg.split(':')[0]}") from None
    if whole.tag != "domain":
        raise NetworkError(f"{source}: found <{whole.tag}>, wanted <domain>")
    inner = whole.find("devices")
    if inner is None:
        inner = Xml.SubElement(whole, "devices")
    for device in devices:
        _put(inner, interface(device), device.alias)
    return _text(whole)


def _parsed(text: str) -> Xml.Element:
    """With its comments, and with its own prefixes for what is QEMU's alone. Raises ParseError."""
    for _, (prefix, uri) in Xml.iterparse(io.BytesIO(text.encode()), events=("start-ns",)):
        with suppress(ValueError):  # one of those that are made up for names without one
            Xml.register_namespace(prefix, uri)
    return Xml.fromstring(text, Xml.XMLParser(target=Xml.TreeBuilder(insert_comments=True)))


def _put(devices: Xml.Element, made: Xml.Element, alias: str) -> None:
    theirs = [each for each in devices if each.tag == "interface"]
    for each in theirs:
        if (named := each.find("alias")) is not None and named.get("name") == alias:
            devices[list(devices).index(each)] = made
            return
    at = list(devices).index(theirs[-1]) + 1 if theirs else len(devices)
    devices.insert(at, made)


def _text(element: Xml.Element) -> str:
    Xml.indent(element)
    return Xml.tostring(element, encoding="unicode").replace(" />", "/>") + "\n"
