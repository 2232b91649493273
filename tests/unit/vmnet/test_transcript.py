"""What the process that serves remembers: of each tap the last lines, and the leases that are the guest's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from vmnet import transcript
from vmnet.transcript import REMEMBERED, Lease, Line, OfTap, Transcript

PIECES = some.lists(
    some.tuples(
        some.floats(0, 2**40),
        some.sampled_from(["tap0", "tap1"]),
        some.text(),
        some.sampled_from(["", "10.0.2.2", "2001:db8::2"]),
        some.sampled_from([0, 60]),
    ),
    max_size=200,
)


@given(PIECES)
def test_who_goes_on_knows_what_was_known(pieces: list[tuple[float, str, str, str, int]]) -> None:
    first = Transcript(["tap0", "tap1"])
    for at, tap, said, ip, lasts_s in pieces:
        first.note(at, tap, said, ip, lasts_s)
    assert Transcript(["tap0", "tap1"], first.text()).text() == first.text()
    known = transcript.read(first.text())
    assert all(len(each.lines) <= REMEMBERED for each in known.values())


def test_a_talkative_guest_hides_no_other() -> None:
    book = Transcript(["tap0", "tap1"])
    book.note(1, "tap1", "REQUEST: ACK", "10.0.2.2", 60)
    for at in range(1000):
        book.note(at, "tap0", "nonsense")
    known = transcript.read(book.text())
    assert known["tap1"] == OfTap((Line(1, "REQUEST: ACK"),), (Lease("10.0.2.2", 1, 61),))
    assert [line.at for line in known["tap0"].lines] == list(range(1000 - REMEMBERED, 1000))


def test_a_lease_of_each_family_is_the_last_one_and_goes_when_it_is_given_back() -> None:
    book = Transcript(["tap0"])
    for ip, lasts_s in (("10.0.2.2", 60), ("10.0.2.3", 60), ("fd10:0:2::2", 60), ("10.0.2.3", 0)):
        book.note(1, "tap0", "", ip, lasts_s)
    assert transcript.read(book.text())["tap0"].leases == (Lease("fd10:0:2::2", 1, 61),)


@pytest.mark.parametrize("text", ["", "[", "[]", "7", '{"tap0": 7}', '{"tap0": {"lines": [[1]], "leases": []}}'])
def test_a_file_that_makes_no_sense_says_nothing(text: str) -> None:
    assert transcript.read(text) == {}
    assert Transcript(["tap0"], text).text() == Transcript(["tap0"]).text()
