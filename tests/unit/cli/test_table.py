"""Tables, as text."""

from nncp_agent.cli.table import packed, render
from nncp_agent.cli.terminal import Style

HEADERS = ("NAME", "STATE", "PORTS", "MAC")


def test_columns_line_up_and_cells_have_several_lines() -> None:
    groups = {
        "bond": [("bond0", "up", ["eth0,", "eth1"], "")],
        "ethernet": [("eth0", "up", "", "52:54:00:00:00:01"), ("enp3s0f1", "down", (), "")],
    }
    assert render(HEADERS, groups) == (
        "  NAME      STATE  PORTS  MAC\n"
        "bond\n"
        "  bond0     up     eth0,\n"
        "                   eth1\n"
        "ethernet\n"
        "  eth0      up            52:54:00:00:00:01\n"
        "  enp3s0f1  down\n"
    )


def test_a_column_nobody_fills_is_left_out_and_one_group_needs_no_heading() -> None:
    assert render(HEADERS, {"": [("a", "", "", "m")]}) == "NAME  MAC\na     m\n"


def test_a_narrow_terminal_gets_the_columns_that_fit_and_a_file_gets_all() -> None:
    rows = {"": [("eth0", "up", ["eth1"], "52:54:00:00:00:01")]}
    whole = "NAME  STATE  PORTS  MAC\neth0  up     eth1   52:54:00:00:00:01\n"
    for columns in (0, 37):
        assert render(HEADERS, rows, Style(columns=columns), expendable=("MAC", "PORTS")) == whole
    for columns in (36, 18):
        narrow = render(HEADERS, rows, Style(columns=columns), expendable=("MAC", "PORTS"))
        assert narrow == "NAME  STATE  PORTS\neth0  up     eth1\n"
    assert render(HEADERS, rows, Style(columns=5), expendable=("MAC", "PORTS")) == "NAME  STATE\neth0  up\n"


def test_nothing_is_nothing() -> None:
    assert render(HEADERS, {}) == ""


def test_a_name_cannot_talk_to_the_terminal() -> None:
    assert render(("NAME",), {"": [("a\x1b[2Jb",)]}) == "NAME\na\\x1b[2Jb\n"


def test_wide_characters_take_two_columns() -> None:
    assert render(("A", "B"), {"": [("網", "x"), ("abc", "y")]}) == "A    B\n網   x\nabc  y\n"


def test_colour_does_not_move_a_column() -> None:
    style = Style(color=True)
    painted = render(("A", "B"), {"": [("1", "2"), ("333", "4")]}, style, lambda header, text: style.dim(text))
    assert painted.replace("\x1b[1m", "").replace("\x1b[2m", "").replace("\x1b[0m", "") == "A    B\n1    2\n333  4\n"


def test_words_are_packed_into_lines() -> None:
    assert packed(["eth0", "eth1", "eth2", "eth3"], 12) == ["eth0, eth1,", "eth2, eth3"]
    assert packed([], 12) == []
