"""Settings of ethtool(8) on the wire, in ops, in plans and on the way back."""

from __future__ import annotations

from collections.abc import Sequence
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netkernel import tlv
from netkernel.codec import ethtool as codec
from netkernel.errors import MalformedMessage
from netkernel.ethtool import SECTIONS
from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.ops import DeleteLink, Op, SetHardware, SetLink
from netkernel.reconcile import reconcile
from netkernel.records import Hardware, Link
from netkernel.rewind import Remembered, remember, rewind
from netkernel.undo import leftovers, undo
from tests.fake_kernel import FakeKernel

LINKS = {"eth1": Link("eth1", attrs={"up": True, "mtu": 1500}, index=2), "v1": Link("v1", "veth", {"peer": "v2"})}
SETTINGS = Hardware({"ring": {"rx": 256, "tx": 256}, "feature": {"rx-gro": True}}, {"active": {"rx-gro": True}})
HOST = Host(links=LINKS, hardware={"eth1": SETTINGS}, also=frozenset(SECTIONS))
RING = SetHardware("eth1", "ring", {"rx": 512}, {"rx": 256})
GRO = SetHardware("eth1", "feature", {"rx-gro": False}, {"rx-gro": True})


def header(index: int) -> bytes:
    return tlv.nest(1, tlv.u32(1, index), tlv.text(2, f"eth{index}"))


def bitset(number: int, bits: int) -> bytes:
    return tlv.nest(number, tlv.u32(2, 64), tlv.attribute(4, pack("=Q", bits)))


def read(section: str, body: bytes, features: Sequence[str] = ()) -> dict[int, codec.Reply]:
    data = header(7) + body
    return codec.Replies(section, features).read(iter([(data, 0, len(data))]))


def test_features_are_told_apart_by_who_can_change_them_also_beyond_the_32nd_bit() -> None:
    names = [f"f{place}" for place in range(40)]
    high = 1 << 39
    body = bitset(2, 0b0111 | high) + bitset(3, 0b0010 | high) + bitset(4, 0b1001 | high) + bitset(5, 0b0100)
    reply = read("feature", body, names)[7]
    assert reply.settings == {"f0": False, "f1": True, "f39": True}
    assert reply.facts["active"] == {"f0": True, "f1": False, "f39": True}
    assert (reply.facts["fixed"]["f2"], reply.facts["fixed"]["f3"], len(reply.facts["fixed"])) == (False, True, 37)


def test_a_ring_that_may_hold_nothing_is_not_there() -> None:
    reply = read("ring", tlv.u32(2, 4096) + tlv.u32(3, 0) + tlv.u32(6, 512) + tlv.u32(7, 0))[7]
    assert reply == codec.Reply({"rx": 512}, {"ring": {"rx": 4096}})


def test_what_a_driver_does_not_tell_is_not_there() -> None:
    assert read("coalesce", tlv.u32(2, 30) + tlv.u8(11, 1))[7].settings == {"rx-usecs": 30, "adaptive-rx": True}


@given(st.binary(max_size=40))
def test_a_reply_of_any_bytes_is_read_or_malformed(body: bytes) -> None:
    for section in SECTIONS:
        try:
            read(section, body, ["f0"])
        except MalformedMessage:
            continue


def test_a_change_names_features_and_says_which_are_on() -> None:
    data = codec.change("feature", {"rx-gro": True, "rx-lro": False}, 7)
    assert data.count(b"rx-gro\0") == data.count(b"rx-lro\0") == 1
    assert tlv.attribute(3, b"") in data[data.index(b"rx-gro") : data.index(b"rx-lro")]
    assert tlv.attribute(3, b"") not in data[data.index(b"rx-lro") :]


def test_a_setting_that_nobody_knows_is_not_sent() -> None:
    with pytest.raises(ValueError, match="no rx-large"):
        codec.change("ring", {"rx-large": 7}, 7)


def test_an_op_and_its_inverse_read_as_what_they_do() -> None:
    assert str(RING) == "set eth1 ring rx 256 -> 512"
    assert str(RING.inverse()) == "set eth1 ring rx 512 -> 256"


@pytest.mark.parametrize("ops", [[RING], [GRO], [RING, GRO, SetLink("eth1", "", {"mtu": 1400}, {"mtu": 1500})]])
def test_a_change_of_settings_is_undone_and_nothing_is_left(ops: list[Op]) -> None:
    remembered = Remembered.from_json(remember(HOST, ops).to_json())
    kernel = FakeKernel(HOST)
    kernel.execute(ops)
    assert kernel.snapshot() != HOST
    assert leftovers(kernel.snapshot(), rewind(kernel.snapshot(), remembered)) != ()
    assert undo(kernel, remembered) == ()
    assert kernel.asked_also == HOST.also
    assert kernel.snapshot() == HOST


def test_settings_that_were_not_looked_at_are_not_touched_on_the_way_back() -> None:
    blind = replace(HOST, hardware={}, also=frozenset())
    op = SetLink("eth1", "", {"mtu": 1400}, {"mtu": 1500})
    now = replace(HOST, links={**LINKS, "eth1": replace(LINKS["eth1"], attrs={"up": True, "mtu": 1400})})
    assert [str(each) for each in reconcile(now, rewind(now, remember(blind, [op])))] == ["set eth1 mtu 1400 -> 1500"]


def test_what_a_link_shows_of_its_base_is_not_set_when_it_is_made_again() -> None:
    shown = Hardware({"link": {"autoneg": False, "speed": 10000, "duplex": "full"}, "channels": {"combined": 0}})
    base = Link("eth1", attrs={"up": True, "mtu": 1500}, index=2)
    above = Link("m1", "macvlan", {"link": "eth1", "mode": "bridge", "mtu": 1500}, index=3)
    host = Host(links={"eth1": base, "m1": above}, hardware={"m1": shown}, also=frozenset(SECTIONS))
    ops = reconcile(Host(links={"eth1": base}, also=frozenset(SECTIONS)), host)
    assert [str(op) for op in ops if isinstance(op, SetHardware)] == []


def test_a_link_that_goes_takes_its_settings_along() -> None:
    kernel = FakeKernel(replace(HOST, hardware={"v1": SETTINGS}))
    kernel.execute([DeleteLink("v1", "veth", {"peer": "v2"})])
    assert kernel.snapshot().hardware == {}


@pytest.mark.parametrize("encoding", [(), ("off",), ("auto", "rs"), ("rs", "baser", "llrs")])
def test_encodings_that_are_written_are_read_back(encoding: tuple[str, ...]) -> None:
    body = codec.change("fec", {"encoding": encoding}, 7)
    assert codec.Replies("fec", ()).read(iter([(body, 0, len(body))]))[7].settings == {"encoding": encoding}


MODES = ["10baseT/Half", "100baseT/Full", "Autoneg", "TP", *[f"mode{place}/Full" for place in range(4, 40)]]


def advertised(number: int, *names: str, could: int = 0) -> bytes:
    """As a kernel says it: a compact bitset with a mask."""
    bits = sum(1 << MODES.index(name) for name in names)
    return tlv.nest(number, tlv.u32(2, 64), tlv.attribute(4, pack("=Q", bits)), tlv.attribute(5, pack("=Q", could)))


def test_a_speed_is_a_setting_only_where_nothing_is_negotiated() -> None:
    for autoneg in (True, False):
        body = codec.change("link", {"autoneg": autoneg, "speed": 100, "duplex": "half"}, 7)
        body += advertised(3, "100baseT/Full", "TP", could=0b1010)
        reply = codec.Replies("link", MODES).read(iter([(body, 0, len(body))]))[7]
        expected = {"advertise": ("100baseT/Full", "TP")} | ({} if autoneg else {"speed": 100, "duplex": "half"})
        assert reply.settings == {"autoneg": autoneg, **expected}
        assert reply.facts["link"] == {
            "can autoneg": False, "supported": ("100baseT/Full", "TP"), "speed": 100, "duplex": "half",
        }  # fmt: skip


def test_link_modes_beyond_the_32nd_are_told_by_name() -> None:
    reply = read("link", tlv.u8(2, 1) + advertised(3, "mode39/Full", "Autoneg", could=1 << 39 | 1 << 2), MODES)[7]
    assert reply.settings["advertise"] == ("Autoneg", "mode39/Full")
    assert reply.facts["link"]["can autoneg"] is True


def test_energy_efficiency_is_told_with_what_there_could_be() -> None:
    body = advertised(2, "100baseT/Full", could=0b11) + tlv.u8(4, 1) + tlv.u8(5, 1) + tlv.u8(6, 0) + tlv.u32(7, 17)
    reply = read("eee", body, MODES)[7]
    told = {"enabled": True, "tx-lpi": False, "tx-lpi-timer": 17, "advertise": ("100baseT/Full",)}
    assert (reply.settings, reply.facts["eee"]) == (told, {
        "supported": ("10baseT/Half", "100baseT/Full"), "active": True,
    })  # fmt: skip


@pytest.mark.parametrize("modes", [(), ("magic",), ("phy", "unicast", "filter")])
def test_what_wakes_a_machine_is_read_as_it_is_written(modes: tuple[str, ...]) -> None:
    body = codec.change("wake-on-lan", {"modes": modes}, 7)
    assert codec.Replies("wake-on-lan", ()).read(iter([(body, 0, len(body))]))[7].settings == {"modes": modes}
    supported = tlv.nest(2, tlv.u32(2, 8), tlv.attribute(4, pack("=I", 0)), tlv.attribute(5, pack("=I", 0x22)))
    assert read("wake-on-lan", supported)[7].facts["wake-on-lan"] == {"supported": ("unicast", "magic")}
