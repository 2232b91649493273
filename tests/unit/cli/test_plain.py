"""Plain command lines mean what argparse makes of them, and all others are left to it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nncp_agent.cli import parser, plain
from nncp_agent.cli.words import VERBS, HelpWanted, Usage

WORDS = (
    "-o", "json", "yaml", "table", "--output", "-v", "-q", "--verbose", "--quiet", "-vq", "--state-dir", "dir", "a",
    "b", "-", "--", "-h", "--find", "--find=x", "7", "x", "--to", "--exit-code", "--dry-run", "--no-check", "--timeout",
    "60", "--check", "--ports", "eth1,eth2", "--mtu", "bash", "-1", "",
)  # fmt: skip
lines = st.tuples(
    st.lists(st.sampled_from(WORDS), max_size=2),
    st.sampled_from([*VERBS, "nonsense"]),
    st.lists(st.sampled_from(WORDS), max_size=5),
).map(lambda parts: [*parts[0], parts[1], *parts[2]])


@settings(max_examples=400, deadline=None)
@given(lines)
def test_what_is_understood_without_argparse_is_what_argparse_understands(argv: list[str]) -> None:
    options = plain.parse(argv)
    if options is not None:
        assert vars(options) == vars(parser.parse(argv))


@pytest.mark.parametrize(
    "line",
    [
        "show", "show -o json", "show eth1 -v eth2 --find 52:54", "-q --state-dir dir plan - a.yaml", "version",
        "plan --exit-code a", "apply --no-commit --check tcp://h:1 --check tcp://h:2 a", "history 7 -o yaml",
        "rollback --to 3 --dry-run", "diff a b", "commit", "completion bash", "--state-dir show validate a",
    ],
)  # fmt: skip
def test_the_usual_lines_are_plain(line: str) -> None:
    options = plain.parse(line.split())
    assert options is not None
    assert vars(options) == vars(parser.parse(line.split()))


@pytest.mark.parametrize("line", ["", "--help", "show --help", "show -x", "shw", "show -o xml", "diff a", "history x"])
def test_help_and_mistakes_are_not(line: str) -> None:
    assert plain.parse(line.split()) is None
    with pytest.raises((HelpWanted, Usage)):
        parser.parse(line.split())
