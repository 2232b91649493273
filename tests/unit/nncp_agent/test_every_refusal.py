"""Every refusal of nmstate's, rule by rule: the smallest policy that breaks it, and our words with the place.

The rules stand in `refusals/`, a file for each part of the schema. `instead` is a policy on the other side of the rule,
which holds; `deviations.yaml` has what nmstate refuses and we do not, with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from netkernel.documents import Document, read
from nncp_agent import whole, wire
from nncp_agent.errors import InvalidPolicy
from nncp_agent.plan import decide
from tests.host_text import read_host

FOLDER: Final = Path(__file__).parents[2] / "refusals"
HOST: Final = read_host((FOLDER / "host.yaml").read_text())


def rules(file: Path) -> list[dict[str, Any]]:
    value = read(file.read_text(), file.name)[0].value
    assert isinstance(value, list)
    return value


FILES: Final = sorted(path for path in FOLDER.iterdir() if path.stem not in ("host", "deviations"))
REFUSED: Final = [pytest.param(rule, id=f"{file.stem}: {rule['rule']}") for file in FILES for rule in rules(file)]
TAKEN: Final = [pytest.param(rule, id=rule["rule"]) for rule in rules(FOLDER / "deviations.yaml")]


def refusal(policy: Mapping[str, Any]) -> list[str]:
    """What we say to it on the host of all rules."""
    try:
        decoded = wire.read([Document(policy)])
        whole.refuse(decoded, HOST)
        decide(decoded.desired, HOST)
    except InvalidPolicy as invalid:
        return [str(problem) for problem in invalid.problems]
    return []


@pytest.mark.parametrize("rule", REFUSED)
def test_what_nmstate_refuses_is_refused_in_our_words(rule: Mapping[str, Any]) -> None:
    assert refusal(rule["policy"]) == rule["words"] != []


@pytest.mark.parametrize("rule", [each for each in REFUSED if "instead" in each.values[0]])
def test_what_the_rule_asks_for_is_taken(rule: Mapping[str, Any]) -> None:
    assert refusal(rule["instead"]) == []


@pytest.mark.parametrize("rule", TAKEN)
def test_what_we_take_and_nmstate_does_not_has_its_reason(rule: Mapping[str, Any]) -> None:
    assert rule["why"]
    assert refusal(rule["policy"]) == []


def test_the_host_of_all_rules_is_as_it_is_asked_for() -> None:
    assert refusal({"interfaces": [{"name": name, "state": "up"} for name in HOST.links]}) == []


@pytest.mark.parametrize("rule", REFUSED)
def test_a_refusal_says_where(rule: Mapping[str, Any]) -> None:
    for words in rule["words"]:
        place, colon, message = words.partition(": ")
        assert colon and message and " " not in place, words
