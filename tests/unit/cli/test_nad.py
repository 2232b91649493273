"""`nncp nad lint`: what it prints, and what it exits with."""

from __future__ import annotations

import json
from pathlib import Path

from tests.unit.cli.command import NODE, Still, nncp

MANIFESTS = Path(__file__).parents[2] / "manifests" / "definitions"
PRINTED = MANIFESTS / "refused-nad-vlan-93.yaml"


def test_findings_are_printed_with_their_lines_and_counted() -> None:
    result = nncp("nad", "lint", "--no-node", str(PRINTED), str(MANIFESTS / "nad-br1-public.yaml"))
    assert result.code == 3
    assert result.out.splitlines()[3:] == [
        f"{PRINTED}:11:24: error: not JSON: a ',' is missing here",
        '          "name": "vlan-93"',
        "                           ^",
    ]
    assert result.err == "2 definitions, 0 references: 2 errors, 0 warnings\n"


def test_what_has_nothing_wrong_is_silent_on_stdout() -> None:
    result = nncp("nad", "lint", "--no-node", stdin=(MANIFESTS / "nad-br1-public.yaml").read_bytes())
    assert (result.code, result.out) == (0, "")


def test_findings_are_told_to_programs() -> None:
    result = nncp("nad", "lint", "--no-node", "-o", "json", str(PRINTED))
    assert json.loads(result.out)[1] == {
        "source": str(PRINTED),
        "line": 11,
        "column": 24,
        "message": "not JSON: a ',' is missing here",
        "level": "error",
    }


def test_this_node_is_asked_for_its_bridges() -> None:
    result = nncp("nad", "lint", str(MANIFESTS / "nad-br1-public.yaml"), kernel=Still(NODE))
    assert result.code == 3
    assert "error: no bridge br1 on this node" in result.out


def test_there_is_no_other_action() -> None:
    assert nncp("nad", "lnt", str(PRINTED)).code == 2
