"""A neighbour that LLDP told of, in nmstate's words: a list of elements, those of one sort as one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from netkernel.errors import MalformedMessage
from netkernel.packets import lldp
from netkernel.packets.lldp import Tlv
from nncp_agent.shown.base import Tree

CAPABILITIES: Final = (
    "Other", "Repeater", "MAC Bridge component", "802.11 Access Point (AP)", "Router", "Telephone",
    "DOCSIS cable device", "Station Only", "C-VLAN component", "S-VLAN component", "Two-port MAC Relay component",
)  # fmt: skip
"""By bit, the lowest first (IEEE 802.1AB-2016 table 8-4), as nmstate spells them."""
CHASSIS: Final = (
    "Reserved", "Chassis component", "Interface alias", "Port component", "MAC address", "Network address",
    "Interface name", "Locally assigned",
)  # fmt: skip
PORT: Final = (
    "Reserved", "Interface alias", "Port component", "MAC address", "Network address", "Interface name",
    "Agent circuit ID", "Locally assigned",
)  # fmt: skip
FAMILIES: Final = {1: "IPv4", 2: "IPv6", 6: "MAC"}
"""IANA's address families."""
IEEE_802_1: Final = "00:80:c2"
IEEE_802_3: Final = "00:12:0f"

Element = Tree


def read(packets: Sequence[bytes]) -> Tree:
    """`lldp` of an interface where somebody listens; `packets` is what its neighbours say."""
    found = []
    for packet in packets:
        try:
            found.append(neighbour(lldp.parse(packet)))
        except MalformedMessage:  # whoever listens has seen to that
            continue
    return {"enabled": True, "neighbors": found} if found else {"enabled": True}


def neighbour(tlvs: Sequence[Tlv]) -> list[Element]:
    """What a frame says that nmstate has words for. An element that makes no sense is left out, the others stay."""
    read: list[Element] = []
    for tlv in tlvs:
        try:
            read += [{"type": tlv.type, **words} for words in _words(tlv)]
        except MalformedMessage:
            continue
    return _merged(read)


def _words(tlv: Tlv) -> Iterator[Element]:
    if tlv.type == lldp.CHASSIS:
        found = lldp.chassis(tlv.value)
        yield {
            "chassis-id": found.text,
            "chassis-id-type": found.subtype,
            "_description": _name(CHASSIS, found.subtype),
        }
    elif tlv.type == lldp.PORT:
        found = lldp.port(tlv.value)
        yield {"port-id": found.text, "port-id-type": found.subtype, "_description": _name(PORT, found.subtype)}
    elif tlv.type == lldp.SYSTEM_NAME:
        yield {"system-name": lldp.text(tlv.value)}
    elif tlv.type == lldp.SYSTEM_DESCRIPTION:
        yield {"system-description": lldp.text(tlv.value)}
    elif tlv.type == lldp.CAPABILITIES and len(tlv.value) >= 4:
        bits = int.from_bytes(tlv.value[:2], "big")  # what it can be, as nmstate shows; which of it is on comes after
        yield {"system-capabilities": [name for bit, name in enumerate(CAPABILITIES) if bits >> bit & 1]}
    elif tlv.type == lldp.MANAGEMENT:
        address = lldp.management(tlv.value)
        words = {"address": address.text, "address-subtype": FAMILIES.get(address.family, "Unknown")}
        numbers = {"interface-number": address.interface, "interface-number-subtype": address.interface_subtype}
        yield {"management-addresses": [{**words, **numbers}]}
    elif tlv.type == lldp.ORGANIZATION and len(tlv.value) >= 4:
        yield from _organizations(tlv.value[:3].hex(":"), tlv.value[3], tlv.value[4:])


def _organizations(oui: str, subtype: int, value: bytes) -> Iterator[Element]:
    """What IEEE 802.1 (annex D) and 802.3 (annex F) put into the elements of organizations."""
    reader = _ORGANIZATIONS.get((oui, subtype))
    if reader and (words := reader(value)):
        yield {**words, "oui": oui, "subtype": subtype}


def _port_and_protocol_vlan(value: bytes) -> Element:
    return {"ieee-802-1-ppvids": [int.from_bytes(value[1:3], "big")]} if len(value) >= 3 else {}


def _vlan(value: bytes) -> Element:
    if len(value) < 3 or len(value) < 3 + value[2]:
        return {}
    return {"ieee-802-1-vlans": [{"name": lldp.text(value[3 : 3 + value[2]]), "vid": int.from_bytes(value[:2], "big")}]}


def _mac_and_phy(value: bytes) -> Element:
    if len(value) < 5:
        return {}
    capabilities, mau = int.from_bytes(value[1:3], "big"), int.from_bytes(value[3:5], "big")
    words = {"autoneg": bool(value[0] & 2), "operational-mau-type": mau, "pmd-autoneg-cap": capabilities}
    return {"ieee-802-3-mac-phy-conf": words}


def _frame_size(value: bytes) -> Element:
    return {"ieee-802-3-max-frame-size": int.from_bytes(value[:2], "big")} if len(value) >= 2 else {}


_ORGANIZATIONS: Final[dict[tuple[str, int], Callable[[bytes], Element]]] = {
    (IEEE_802_1, 2): _port_and_protocol_vlan,
    (IEEE_802_1, 3): _vlan,
    (IEEE_802_3, 1): _mac_and_phy,
    (IEEE_802_3, 4): _frame_size,
}


def _merged(elements: Sequence[Element]) -> list[Element]:
    """Lists of one sort of element become one list, where the first of them stood."""
    out: dict[Any, Element] = {}
    for place, element in enumerate(elements):
        key, value = next((key, value) for key, value in element.items() if key not in ("type", "oui", "subtype"))
        if not isinstance(value, list):
            out[place] = element
        elif key in out:
            out[key] = {**out[key], key: [*out[key][key], *value]}
        else:
            out[key] = element
    return list(out.values())


def _name(names: Sequence[str], number: int) -> str:
    return names[number] if number < len(names) else names[0]
