"""Trees of what sits on what, as text."""

from nncp_agent.cli.terminal import Style
from nncp_agent.cli.tree import render


def words(name: str) -> str:
    return {"bond1": "bond, up", "eth9": ""}.get(name, "up")


def test_everything_stands_on_what_is_under_it() -> None:
    below = {"br1": ["bond1", "tap0"], "bond1": ["eth2", "eth3"], "eth2": [], "eth3": [], "tap0": [], "lo": []}
    assert render(below, words) == (
        "br1  up\n├─ bond1  bond, up\n│  ├─ eth2  up\n│  └─ eth3  up\n└─ tap0  up\nlo  up\n"
    )


def test_a_base_is_drawn_once_and_then_only_named() -> None:
    below = {"v1": ["bond1"], "v2": ["bond1"], "bond1": ["eth2"], "br2": ["v2"]}
    assert render(below, words) == (
        "v1  up\n└─ bond1  bond, up\n   └─ eth2  up\nbr2  up\n└─ v2  up  (on bond1, above)\n"
    )


def test_a_loop_ends() -> None:
    assert render({"a": ["b"], "b": ["a"]}, words) == "a  up\n└─ b  up  (on a, above)\n"


def test_without_unicode_there_are_other_rails() -> None:
    assert render({"a": ["b", "eth9"]}, words, Style(unicode=False)) == "a  up\n|- b  up\n`- eth9\n"


def test_a_sister_that_another_sister_brought_is_not_drawn_twice() -> None:
    assert render({"top": ["a", "b"], "a": ["b"]}, words) == "top  up\n└─ a  up\n   └─ b  up\n"
