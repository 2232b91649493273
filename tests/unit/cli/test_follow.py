"""`nncp show -w`: again whenever something changes, and only then."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from pathlib import Path

from netkernel import documents
from netkernel.frozen import replace
from netkernel.host import Host
from tests.unit.cli.command import NODE, link, nncp


class Moving:
    """A kernel that is another host each time something changes; after the last one somebody presses Ctrl-C."""

    def __init__(self, hosts: Sequence[Host]) -> None:
        self._hosts = list(hosts)

    def overview(self, protocols: Collection[int], also: Collection[str] = ()) -> Host:
        return self._hosts[0]

    def wait(self, timeout_s: float) -> bool:
        """A change is what is waited long for; none follows it at once."""
        if timeout_s < 1:
            return False
        if len(self._hosts) == 1:
            raise KeyboardInterrupt
        del self._hosts[0]
        return True


OTHER = replace(NODE, links={**NODE.links, "eth9": link("eth9", 30)})


def names(document: object) -> set[str]:
    assert isinstance(document, dict)
    return {each["name"] for each in document["interfaces"]}


def test_each_change_is_a_document_more_and_ctrl_c_is_no_error(tmp_path: Path) -> None:
    result = nncp("show", "-w", kernel=Moving([NODE, OTHER, NODE]), state_dir=tmp_path)
    seen = [names(each.value) for each in documents.read(result.out.encode())]
    assert (result.code, result.err) == (0, "")
    assert seen == [set(NODE.links), set(OTHER.links), set(NODE.links)]


def test_each_change_is_a_line_of_json(tmp_path: Path) -> None:
    result = nncp("show", "-w", "-o", "json", kernel=Moving([NODE, OTHER]), state_dir=tmp_path)
    assert [names(json.loads(line)) for line in result.out.splitlines()] == [set(NODE.links), set(OTHER.links)]


def test_an_event_that_changes_nothing_one_can_see_shows_nothing(tmp_path: Path) -> None:
    result = nncp("show", "-w", "-o", "json", kernel=Moving([NODE, NODE, NODE]), state_dir=tmp_path)
    assert len(result.out.splitlines()) == 1


def test_only_what_was_asked_for_is_followed_also_when_it_is_not_there_yet(tmp_path: Path) -> None:
    result = nncp("show", "eth9", "-w", "-o", "json", kernel=Moving([NODE, OTHER]), state_dir=tmp_path)
    assert [names(json.loads(line)) for line in result.out.splitlines()] == [set(), {"eth9"}]
    assert (result.code, result.err) == (0, "")


def test_a_terminal_is_redrawn_in_place_with_what_is_new_in_bold(tmp_path: Path) -> None:
    result = nncp("show", "-w", "-o", "tree", kernel=Moving([NODE, OTHER]), state_dir=tmp_path, terminal=True)
    first, second = result.out.split("\x1b[H")[1:]
    assert "eth9" not in first
    (line,) = [line for line in second.splitlines() if "eth9" in line]
    assert line.startswith("\x1b[1m")
    assert second.endswith("\x1b[J")


def test_a_picture_cannot_be_followed(tmp_path: Path) -> None:
    result = nncp("show", "-w", "-o", "svg", kernel=Moving([NODE]), state_dir=tmp_path)
    assert result.code == 2
    assert "-w redraws text" in result.err
