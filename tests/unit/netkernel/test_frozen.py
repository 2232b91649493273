"""Frozen values behave as frozen dataclasses do."""

from __future__ import annotations

import operator
from functools import cached_property

import pytest

from netkernel.frozen import Frozen, fact, make, replace


class Point(Frozen):
    """Somewhere."""

    x: int
    y: int = 0
    seen: int = fact(default=0)

    @cached_property
    def words(self) -> str:
        return f"{self.x}/{self.y}"


class Twin(Frozen):
    x: int
    y: int = 0
    seen: int = fact(default=0)


class Named(Frozen, kw_only=True):
    first: int = 1
    second: int


def test_fields_are_taken_by_position_and_by_name_and_have_defaults() -> None:
    assert [Point(1), Point(1, 0), Point(x=1), Point(1, y=0), Point(1, 0, seen=0), Point(1, 0, 0)] == [Point(1)] * 6
    point = Point(1, seen=3)
    assert (point.x, point.y, point.seen) == (1, 0, 3)
    assert repr(point) == "Point(x=1, y=0, seen=3)"


def test_a_reader_makes_one_of_all_fields_in_their_order() -> None:
    point = make(Point, [1, 2, 3])
    assert (type(point), point.x, point.y, point.seen, point.words) == (Point, 1, 2, 3, "1/2")


def test_values_by_position_are_completed_by_the_defaults_of_the_last_fields_only() -> None:
    assert Point(5).seen == 0
    with pytest.raises(TypeError, match="without x"):
        Point()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="without second"):
        Named()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="by position"):
        Named(1)  # type: ignore[misc, call-arg]


def test_facts_take_no_part_in_comparison_and_classes_do() -> None:
    assert Point(1, 2, seen=1) == Point(1, 2, seen=2)
    assert hash(Point(1, 2, seen=1)) == hash(Point(1, 2, seen=2))
    assert Point(1, 2) != Point(1, 3)
    assert Point(1, 2) != Twin(1, 2)
    assert Point(1, 2) != (1, 2, 0)
    assert not operator.ne(Point(1, 2, seen=1), Point(1, 2, seen=2))
    assert len({Point(1, 2), Point(1, 2, seen=1), Twin(1, 2), (1, 2, 0)}) == 3


def test_facts_stand_last() -> None:
    with pytest.raises(TypeError, match="a fact stands before a field that is none"):

        class Mixed(Frozen):
            seen: int = fact(default=0)
            x: int = 0


@pytest.mark.parametrize(
    ("values", "named", "message"),
    [
        ((), {}, "Point: without x"),
        ((1, 2, 3, 4), {}, "Point: 4 values by position, wanted at most 3"),
        ((1,), {"x": 1}, "Point: x said twice"),
        ((1, 2, 3), {"y": 1}, "Point: y said twice"),
        ((1,), {"z": 1}, "Point: no field z"),
        ((), {"z": 1}, "Point: without x"),
        ((1,), {"words": ""}, "Point: no field words"),
    ],
)
def test_what_does_not_make_a_value_is_refused(values: tuple[int, ...], named: dict[str, object], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        Point(*values, **named)  # type: ignore[arg-type]


def test_fields_of_a_class_with_names_only_have_no_position() -> None:
    assert Named(second=2) == Named(first=1, second=2)
    with pytest.raises(TypeError, match="wanted at most 0"):
        Named(1, second=2)  # type: ignore[misc]


def test_a_value_never_changes() -> None:
    point = Point(1)
    for change in (lambda: setattr(point, "x", 2), lambda: setattr(point, "z", 2), lambda: delattr(point, "x")):
        with pytest.raises(AttributeError, match="frozen"):
            change()
    assert point == Point(1)


def test_a_copy_has_the_changes_and_all_else_but_what_was_found_out() -> None:
    point = Point(1, 2, seen=3)
    assert point.words == "1/2"
    copy = replace(point, x=5)
    assert (copy.x, copy.y, copy.seen, copy.words) == (5, 2, 3, "5/2")
    assert replace(Named(second=2), second=3) == Named(second=3)
    with pytest.raises(TypeError, match="Point: no field words, z"):
        replace(point, z=1, words="")  # type: ignore[call-arg]


def test_matching_by_position_takes_the_fields_in_their_order() -> None:
    match Point(1, 2, seen=3):
        case Point(x, y, seen):
            assert (x, y, seen) == (1, 2, 3)
