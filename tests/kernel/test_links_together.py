"""Many links deleted at once: all of those that were meant, and none that was not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netkernel import together
from netkernel.ops import CreateLink, SetLink
from netkernel.place import Place
from netkernel.records import Link
from netkernel.watch import Watch

pytestmark = pytest.mark.needs_kernel("bridge", "vlan", "dummy", "veth")


@pytest.fixture
def place(netns: str) -> Iterator[Place]:
    """Ten pairs `p0` to `p9`, and a dummy beside them."""
    with Place() as place:
        for each in range(10):
            place.execute([CreateLink(f"p{each}", "veth", {"peer": f"q{each}"}), _alias(f"p{each}", f"mine {each}")])
        place.execute([CreateLink("stranger", "dummy")])
        yield place


def _alias(name: str, alias: str) -> SetLink:
    return SetLink(name, "veth", {"alias": alias}, {"alias": ""})


def pairs(place: Place) -> list[Link]:
    return [link for name, link in place.links().items() if name[0] == "p"]


def groups(place: Place) -> set[object]:
    return {link.attrs["group"] for link in place.links().values()}


def test_all_of_them_go_and_nothing_else(place: Place) -> None:
    assert together.delete(place, pairs(place)) == {}
    assert place.links().keys() == {"lo", "stranger"}
    assert groups(place) == {0}


def test_of_several_nothing_is_deleted_by_itself(place: Place) -> None:
    told: list[int] = []

    class Counting(Place):
        def tell(self, messages):  # type: ignore[no-untyped-def]
            told.extend(message.type for message in messages)
            return super().tell(messages)

    with Counting() as counting:
        assert together.delete(counting, pairs(counting)) == {}
    assert told.count(17) == 1  # RTM_DELLINK


def test_one_that_carries_a_strangers_link_goes_by_itself(place: Place) -> None:
    place.execute([CreateLink("theirs", "vlan", {"link": "p3", "id": 5})])
    with Watch() as watch:
        assert together.delete(place, pairs(place)) == {}
        assert watch.changed()
    assert place.links().keys() == {"lo", "stranger"}


def test_one_that_the_kernel_does_not_delete_stays_as_it_was_and_the_others_go(place: Place) -> None:
    wanted = [*pairs(place), place.links()["lo"]]
    assert together.delete(place, wanted).keys() == {"lo"}
    assert place.links().keys() == {"lo", "stranger"}
    assert groups(place) == {0}


def test_one_that_has_become_another_since_stays(place: Place) -> None:
    seen = pairs(place)
    place.execute([_alias("p1", "somebody's"), SetLink("p2", "veth", {"group": 7}, {"group": 0})])
    assert together.delete(place, seen) == {}
    assert place.links().keys() == {"lo", "stranger", "p1", "q1"}
    assert groups(place) == {0}


def test_a_single_one_and_none_at_all(place: Place) -> None:
    assert together.delete(place, []) == {}
    assert together.delete(place, pairs(place)[:1]) == {}
    assert len(pairs(place)) == 9
