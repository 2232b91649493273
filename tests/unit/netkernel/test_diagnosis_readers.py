"""What a diagnosis reads of the kernel: whole messages as they were meant, damaged ones as they are or malformed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from struct import Struct

import pytest
from hypothesis import given
from hypothesis import strategies as some

from netkernel import close_look, conntrack, nft_rules, stations, tlv
from netkernel import nftables as nft
from netkernel.close_look import CloseLook
from netkernel.codec import shapes
from netkernel.conntrack import Flow
from netkernel.errors import MalformedMessage
from netkernel.nft_rules import Rule
from netkernel.stations import Station

_NEIGHBOUR, _NETFILTER = Struct("=BxxxiHBB"), Struct(">BBH")
_STATISTICS = Struct("=24Q")
STATION = _NEIGHBOUR.pack(7, 3, 0x02, 0x04, 0) + tlv.attribute(2, bytes.fromhex("020000000001")) + tlv.u16(5, 93)
AS_PORT = tlv.text(4, "bridge"), tlv.nest(5, tlv.u8(1, 3))
TAP = (
    shapes.HEADER.pack(0, 1, 3, 0, 0)
    + tlv.u32(5, 9)
    + tlv.attribute(23, _STATISTICS.pack(*range(1, 25)))
    + tlv.nest(18, tlv.text(1, "tun"), tlv.nest(2, tlv.u32(8, 4), tlv.u32(9, 1)), *AS_PORT)
)
FLOW = _NETFILTER.pack(2, 0, 0) + tlv.nest(
    1,
    tlv.nest(1, tlv.attribute(1, bytes([10, 0, 2, 2])), tlv.attribute(2, bytes([192, 0, 2, 9]))),
    tlv.nest(2, tlv.u8(1, 17), tlv.attribute(3, (53).to_bytes(2))),
) + tlv.attribute(3, (2).to_bytes(4))  # fmt: skip
RULE = nft.rule(
    nft.BRIDGE, "t", "c", [nft.input_name("tap0"), nft.output_name("x", nft.UNEQUAL), nft.counter(), nft.drop()], "why"
).payload
JUMP = nft.rule(nft.BRIDGE, "t", "c", [nft.output_name("tap0"), nft.jump("checks")]).payload
READERS: Mapping[str, tuple[bytes, Callable[[bytes], object]]] = {
    "station": (STATION, lambda data: stations.read(data, 0, len(data), {3: "tap0"})),
    "tap": (TAP, lambda data: close_look.read(data, 0, len(data))),
    "flow": (FLOW, lambda data: conntrack.read(data, 0, len(data))),
    "rule": (RULE, lambda data: nft_rules.read(data, min(4, len(data)), len(data))),
    "jump": (JUMP, lambda data: nft_rules.read(data, min(4, len(data)), len(data))),
}


@pytest.mark.parametrize(
    ("kind", "meant"),
    [
        ("station", Station("tap0", "02:00:00:00:00:01", 93)),
        (
            "tap",
            CloseLook(
                received=1, sent=2, received_bytes=3, sent_bytes=4, receive_errors=5, send_errors=6, receive_dropped=7,
                send_dropped=8, port_state="forwarding", queues=4, idle_queues=1, other_end=9,
            ),
        ),
        ("flow", Flow("10.0.2.2", "192.0.2.9", 17, 53, True)),
        ("rule", Rule("c", 0, "why", 0, "tap0", "", True)),
        ("jump", Rule("c", 0, "", None, "", "tap0", False, "checks")),
    ],
)  # fmt: skip
def test_a_message_is_read_as_it_was_meant(kind: str, meant: object) -> None:
    data, read = READERS[kind]
    assert read(data) == meant


@given(some.sampled_from(sorted(READERS)), some.data())
def test_a_damaged_message_is_read_or_called_malformed(kind: str, data: some.DataObject) -> None:
    whole, read = READERS[kind]
    damaged = bytearray(whole)
    for _ in range(data.draw(some.integers(1, 4))):
        damaged[data.draw(some.integers(0, len(damaged) - 1))] = data.draw(some.integers(0, 255))
    try:
        read(bytes(damaged[: data.draw(some.integers(0, len(damaged)))]))
    except MalformedMessage:
        return
