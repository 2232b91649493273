"""LLDP: what scapy builds, we read; what nobody should send does no harm."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.contrib import lldp as scapy
from scapy.layers.l2 import Ether

from netkernel.errors import MalformedMessage
from netkernel.packets import lldp
from netkernel.packets.lldp import Tlv
from nncp_agent.shown.lldp import neighbour

SWITCH = bytes(
    Ether(dst=lldp.GROUPS[0], type=lldp.ETHERTYPE)
    / scapy.LLDPDUChassisID(subtype=4, id="00:01:30:f9:ad:a0")
    / scapy.LLDPDUPortID(subtype=5, id=b"1/1")
    / scapy.LLDPDUTimeToLive(ttl=120)
    / scapy.LLDPDUPortDescription(description=b"uplink of rack 3")
    / scapy.LLDPDUSystemName(system_name=b"Summit300-48")
    / scapy.LLDPDUSystemDescription(description=b"Version 7.4e.1")
    / scapy.LLDPDUSystemCapabilities(mac_bridge_available=1, router_available=1, mac_bridge_enabled=1)
    / scapy.LLDPDUManagementAddress(
        management_address_subtype=6,
        management_address=bytes.fromhex("000130f9ada0"),
        interface_numbering_subtype=2,
        interface_number=1001,
    )
    / scapy.LLDPDUManagementAddress(
        management_address_subtype=1,
        management_address=bytes([192, 0, 2, 1]),
        interface_numbering_subtype=2,
        interface_number=7,
    )
    / scapy.LLDPDUEndOfLLDPDU()
)[14:]
ORGANIZATIONS = (
    Tlv(127, bytes.fromhex("0080c2 02 06 0000")),
    Tlv(127, bytes.fromhex("0080c2 03 01e8 04") + b"v488"),
    Tlv(127, bytes.fromhex("00120f 01 03 6c00 0010")),
    Tlv(127, bytes.fromhex("0080c2 03 01e9 04") + b"v489"),
    Tlv(127, bytes.fromhex("00120f 04 05f2")),
    Tlv(127, bytes.fromhex("0080c2 07 00")),
)


def test_a_switch_is_read_as_nmstate_words_it() -> None:
    assert neighbour(lldp.parse(SWITCH)) == [
        {"type": 1, "chassis-id": "00:01:30:F9:AD:A0", "chassis-id-type": 4, "_description": "MAC address"},
        {"type": 2, "port-id": "1/1", "port-id-type": 5, "_description": "Interface name"},
        {"type": 5, "system-name": "Summit300-48"},
        {"type": 6, "system-description": "Version 7.4e.1"},
        {"type": 7, "system-capabilities": ["MAC Bridge component", "Router"]},
        {
            "type": 8,
            "management-addresses": [
                {
                    "address": "00:01:30:F9:AD:A0",
                    "address-subtype": "MAC",
                    "interface-number": 1001,
                    "interface-number-subtype": 2,
                },
                {
                    "address": "192.0.2.1",
                    "address-subtype": "IPv4",
                    "interface-number": 7,
                    "interface-number-subtype": 2,
                },
            ],
        },
    ]


def test_what_ieee_adds_is_read_and_vlans_stand_together() -> None:
    assert neighbour(ORGANIZATIONS) == [
        {"type": 127, "ieee-802-1-ppvids": [0], "oui": "00:80:c2", "subtype": 2},
        {
            "type": 127,
            "ieee-802-1-vlans": [{"name": "v488", "vid": 488}, {"name": "v489", "vid": 489}],
            "oui": "00:80:c2",
            "subtype": 3,
        },
        {
            "type": 127,
            "ieee-802-3-mac-phy-conf": {"autoneg": True, "operational-mau-type": 16, "pmd-autoneg-cap": 27648},
            "oui": "00:12:0f",
            "subtype": 1,
        },
        {"type": 127, "ieee-802-3-max-frame-size": 1522, "oui": "00:12:0f", "subtype": 4},
    ]


def test_how_long_it_holds_is_said_in_the_third_element() -> None:
    assert lldp.ttl_s(lldp.parse(SWITCH)) == 120


def test_identifiers_that_are_addresses_are_written_as_such() -> None:
    assert lldp.chassis(bytes([5, 1, 192, 0, 2, 9])) == lldp.Identifier(5, "192.0.2.9")
    assert lldp.port(bytes.fromhex("03 020000000001")) == lldp.Identifier(3, "02:00:00:00:00:01")
    assert lldp.port(b"\x05\x1b[31meth\0") == lldp.Identifier(5, r"\x1b[31meth")


@pytest.mark.parametrize(
    ("packet", "words"),
    [
        (b"", "begins with"),
        (b"\x02\x07\x04\x00\x01", "the frame has 3 more"),
        (lldp.pack((Tlv(2, b"\x05x"), Tlv(1, b"\x07x"), Tlv(3, b"\0\x78"))), "wanted chassis, port, time to live"),
        (lldp.pack((Tlv(1, b"\x07x"), Tlv(2, b"\x05x"), Tlv(3, b"\x78"))), "time to live of 1 bytes"),
    ],
)
def test_what_is_no_lldp_is_said(packet: bytes, words: str) -> None:
    with pytest.raises(MalformedMessage, match=words):
        lldp.parse(packet)


tlvs = st.builds(Tlv, st.integers(1, 127), st.binary(max_size=511))


@given(st.lists(tlvs, max_size=12))
def test_any_elements_survive_the_wire_and_are_put_into_words(found: list[Tlv]) -> None:
    packet = (Tlv(1, b"\x07c"), Tlv(2, b"\x05p"), Tlv(3, b"\0\x78"), *found)
    assert lldp.parse(lldp.pack(packet)) == packet
    words = neighbour(packet)
    assert [each["type"] for each in words[:2]] == [1, 2]


@given(st.binary(max_size=600))
def test_any_bytes_are_elements_or_malformed(packet: bytes) -> None:
    try:
        found = lldp.parse(packet)
    except MalformedMessage:
        return
    assert lldp.pack(found)[:-2] == packet[: len(lldp.pack(found)) - 2]
