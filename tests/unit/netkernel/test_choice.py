"""A closed set of names behaves as the Enum it is to the type checker."""

from __future__ import annotations

import pytest

from netkernel.choice import Choice, auto


class Colour(Choice):
    """What light looks like."""

    RED = auto()
    GREEN = auto()  # of leaves

    @property
    def is_warm(self) -> bool:
        return self is Colour.RED


def test_members_have_names_and_an_order() -> None:
    assert [each.name for each in Colour] == ["RED", "GREEN"]
    assert len(Colour) == 2
    assert f"{Colour.GREEN!r}" == "Colour.GREEN"


def test_a_member_equals_itself_alone() -> None:
    red: object = Colour.RED
    assert red == Colour.RED and red != Colour.GREEN
    assert {Colour.RED: 1, Colour.GREEN: 2}[Colour.RED] == 1


def test_members_are_matched_and_have_methods() -> None:
    def word(colour: Colour) -> str:
        match colour:
            case Colour.RED:
                return "red"
            case Colour.GREEN:
                return "green"

    assert [word(each) for each in Colour] == ["red", "green"]
    assert Colour.RED.is_warm and not Colour.GREEN.is_warm


def test_nobody_adds_a_member_or_changes_one() -> None:
    with pytest.raises(TypeError, match="Colour has its members, and no more"):
        Colour("BLUE")
    with pytest.raises(AttributeError):
        Colour.RED.name = "GREEN"  # type: ignore[misc]
