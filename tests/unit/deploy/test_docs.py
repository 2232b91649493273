"""docs/ says what is so: each field of a policy is in its table, each verb, folder, file and option there is one."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Final

import pytest

from nncp_agent.cli import words
from nncp_agent.cli.parser import verb_parser
from nncp_agent.wire.spec import FIELDS

TREE: Final = Path(__file__).parents[3]
PAGES: Final = sorted((TREE / "docs").glob("*.md"))
HEAD: Final = """\
# Fields of a policy

`spec` of a NodeNetworkConfigurationPolicy. The first four are kubernetes-nmstate's; without the others a policy means
what it means there. The table is made from the code.

| field | not stated | |
|---|---|---|
"""


def table() -> str:
    rows = []
    for field in FIELDS:
        default = "50%" if field.key == "maxUnavailable" else json.dumps(field.default)
        about = field.about.replace("|", "\\|")
        rows.append(f"| `{field.key}` | `{default}` | {about} |\n")
    return HEAD + "".join(rows)


def test_the_table_of_fields_is_that_of_the_code() -> None:
    page = TREE / "docs" / "fields.md"
    if os.environ.get("NNCP_UPDATE_CASES"):
        page.write_text(table())
    assert page.read_text() == table()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_on_a_page_are_verbs_and_options_that_there_are(page: Path) -> None:
    text = page.read_text()
    found = re.findall(r"(?:^|`)nncp ([a-z-]+)((?: [^\s`#]+)*)", text, re.MULTILINE)
    assert len(found) > 3 or page.stem not in ("kubernetes", "operations")
    for verb, rest in found:
        assert verb in words.VERBS, verb
        known = {flag for action in verb_parser(verb)._actions for flag in action.option_strings}
        assert {word for word in rest.split() if word.startswith("--")} <= known, (verb, rest)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_paths_and_links_on_a_page_lead_somewhere(page: Path) -> None:
    text = page.read_text()
    for path in re.findall(r"`?(?<![a-z/])(deploy/[a-z/]+[a-zA-Z.]*)", text):
        assert (TREE / path.rstrip(".")).exists(), path
    for link in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (page.parent / link).exists(), link
