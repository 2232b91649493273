"""Which neighbours are known: as long as their word holds, and never more than there is room for."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from netkernel.packets import lldp
from netkernel.packets.lldp import Tlv
from nncp_agent.lldp.neighbours import MOST, NONE, Neighbours, aged, due_s, heard


def packet(chassis: int = 1, port: int = 1, ttl_s: int = 120, name: str = "") -> bytes:
    return lldp.pack(
        (
            Tlv(lldp.CHASSIS, b"\x07" + chassis.to_bytes(4, "big")),
            Tlv(lldp.PORT, b"\x07" + port.to_bytes(4, "big")),
            Tlv(lldp.TTL, struct.pack("!H", ttl_s)),
            Tlv(lldp.SYSTEM_NAME, name.encode()),
        )
    )


def packets(known: Neighbours) -> list[bytes]:
    return [each.packet for each in known.values()]


def test_what_a_neighbour_said_last_is_what_is_known_of_it() -> None:
    known = heard(heard(NONE, packet(name="old"), 0.0), packet(name="new"), 30.0)
    assert packets(known) == [packet(name="new")]
    assert due_s(known) == 150.0


def test_two_ports_of_one_switch_are_two_neighbours() -> None:
    assert len(heard(heard(NONE, packet(port=1), 0.0), packet(port=2), 0.0)) == 2


def test_a_neighbour_is_forgotten_when_its_word_has_expired_and_not_before() -> None:
    known = heard(heard(NONE, packet(1, ttl_s=10), 0.0), packet(2, ttl_s=20), 0.0)
    assert aged(known, 9.9) is known
    assert packets(aged(known, 10.0)) == [packet(2, ttl_s=20)]
    assert aged(known, 20.0) == {}


def test_a_neighbour_that_takes_its_leave_is_forgotten_at_once() -> None:
    known = heard(heard(NONE, packet(1), 0.0), packet(2), 0.0)
    assert packets(heard(known, packet(1, ttl_s=0), 1.0)) == [packet(2)]
    assert heard(NONE, packet(3, ttl_s=0), 1.0) == NONE


def test_neighbours_that_somebody_makes_up_do_not_drive_away_those_that_are_known() -> None:
    known = heard(NONE, packet(0, name="switch"), 0.0)
    for made_up in range(1, 3 * MOST):
        known = heard(known, packet(made_up), 1.0)
    assert len(known) == MOST
    known = heard(known, packet(0, name="renamed"), 2.0)
    assert packet(0, name="renamed") in packets(known)


def test_there_is_room_again_once_a_neighbour_is_forgotten() -> None:
    known = NONE
    for made_up in range(MOST):
        known = heard(known, packet(made_up, ttl_s=5), 0.0)
    assert packets(heard(known, packet(MOST), 5.0)) == [packet(MOST)]


FRAMES = st.binary(max_size=64) | st.builds(packet, st.integers(0, 200), st.just(1), st.integers(0, 9))


@given(st.lists(FRAMES, max_size=99))
def test_whatever_comes_nobody_is_known_for_longer_than_it_said(frames: list[bytes]) -> None:
    known = NONE
    for second, frame in enumerate(frames):
        known = heard(known, frame, float(second))
        assert len(known) <= MOST
        assert all(second < each.until_s <= second + 65535 for each in aged(known, second).values())
    assert aged(known, len(frames) + 65536.0) == {}
