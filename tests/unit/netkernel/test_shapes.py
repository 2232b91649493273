"""Links that are alike are read by what the first of them taught, and have nothing of each other's."""

from __future__ import annotations

from typing import Any

from netkernel import tlv
from netkernel.codec import shapes
from netkernel.records import Link

BASE, PORT = 5, 10
"""IFLA_LINK and IFLA_MASTER of linux/if_link.h."""
UP = 1


def vlan(index: int, name: str, mac: str, id: int, base: int, flags: int = UP, mtu: int = 1500) -> bytes:
    data = tlv.nest(shapes.KIND_DATA, tlv.u16(1, id))
    info = tlv.nest(shapes.LINK_INFO, tlv.attribute(shapes.KIND, b"vlan\0"), data)
    common = tlv.text(shapes.NAME, name) + tlv.u32(4, mtu) + tlv.u32(BASE, base)
    return shapes.HEADER.pack(0, 1, index, flags, 0) + common + tlv.attribute(1, bytes.fromhex(mac)) + info


def port(index: int, name: str, hairpin: int) -> bytes:
    data = tlv.nest(shapes.PORT_DATA, tlv.u8(4, hairpin))
    info = tlv.nest(shapes.LINK_INFO, tlv.attribute(shapes.PORT_KIND, b"bridge\0"), data)
    return shapes.HEADER.pack(0, 1, index, UP, 0) + tlv.text(shapes.NAME, name) + tlv.u32(PORT, 9) + info


def read(reader: shapes.Links, message: bytes, names: dict[int, str]) -> Link:
    return reader.read(message, 0, len(message), names)


def test_links_of_one_shape_keep_what_is_their_own() -> None:
    reader, names = shapes.Links(), {1: "eth1", 2: "eth2", 7: "v7", 8: "v8"}
    first = read(reader, vlan(7, "v7", "020000000007", 70, base=1), names)
    second = read(reader, vlan(8, "v8", "020000000008", 80, base=2, flags=0, mtu=1400), names)
    assert told(first) == {"up": True, "mtu": 1500, "id": 70, "link": "eth1", "address": "02:00:00:00:00:07"}
    assert told(second) == {"up": False, "mtu": 1400, "id": 80, "link": "eth2", "address": "02:00:00:00:00:08"}


def told(link: Link) -> dict[str, Any]:
    return {key: link.attrs[key] for key in ("up", "mtu", "id", "link", "address")}


def test_a_base_that_was_renamed_between_two_looks_is_called_by_its_new_name() -> None:
    reader, message = shapes.Links(), vlan(7, "v7", "020000000007", 70, base=1)
    assert read(reader, message, {1: "eth1", 7: "v7"}).link == "eth1"
    assert read(reader, message, {1: "wan0", 7: "v7"}).link == "wan0"


def test_more_settings_than_are_remembered_are_all_read_right() -> None:
    reader = shapes.Links()
    for mtu in (*range(1000, 1600), *range(1000, 1600)):
        assert read(reader, vlan(7, "v7", "020000000007", 70, 1, mtu=mtu), {1: "eth1", 7: "v7"}).mtu == mtu


def test_ports_with_other_options_are_told_apart() -> None:
    reader, names = shapes.Links(), {9: "br0", 1: "p1", 2: "p2", 3: "p3"}
    found = [read(reader, port(index, names[index], hairpin), names) for index, hairpin in ((1, 0), (2, 1), (3, 0))]
    assert [link.port["hairpin"] for link in found] == [0, 1, 0]
    assert {link.master for link in found} == {"br0"}
