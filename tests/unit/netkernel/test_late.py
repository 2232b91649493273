"""What stands in a late catalogue is known at once and loaded when it is asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

from netkernel.late import Late
from netkernel.link_kinds import KINDS

WORDS: Late[object] = Late("encodings", {"hex": "hex_codec.getregentry", "broken": "hex_codec.nothing"})


def test_a_word_gives_what_stands_at_its_place() -> None:
    from encodings import hex_codec

    assert WORDS["hex"] is hex_codec.getregentry
    assert WORDS.get("hex") is WORDS["hex"]


def test_a_word_that_is_not_there_is_missing_as_in_any_mapping() -> None:
    assert list(WORDS) == ["hex", "broken"] and len(WORDS) == 2
    assert "broken" in WORDS and "hex_codec" not in WORDS
    assert WORDS.get("hex_codec") is None
    with pytest.raises(KeyError):
        WORDS["hex_codec"]


def test_a_place_where_nothing_is_says_so() -> None:
    with pytest.raises(AttributeError, match="nothing"):
        WORDS["broken"]


def test_every_link_kind_stands_where_the_catalogue_says() -> None:
    assert {word: kind.name for word, kind in KINDS.items()} == {word: word for word in KINDS}


def test_asking_for_one_link_kind_loads_no_other() -> None:
    script = (
        "import sys; from netkernel.link_kinds import KINDS; assert 'hsr' in KINDS; KINDS['vlan'];"
        "print(*[name for name in ('vlan', 'hsr', 'bond') if f'netkernel.link_kinds.{name}' in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, check=True).stdout == b"vlan\n"
