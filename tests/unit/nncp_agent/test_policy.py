"""The policy language against whatever anyone may write: it answers or says where it is wrong, and soon."""

from __future__ import annotations

import copy
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netkernel.documents import Document, read
from nncp_agent.policy import evaluator, may_ask, parser
from nncp_agent.policy.lexer import LONGEST, Faulty, tokens
from nncp_agent.policy.node import Node
from nncp_agent.policy.resolver import Resolution, resolve

STATE: dict[str, Any] = {
    "interfaces": [
        {"name": f"eth{number}", "state": "up" if number % 2 else "down", "mtu": 1500, "ipv4": {"enabled": True}}
        for number in range(6)
    ],
    "routes": {"running": [{"destination": "0.0.0.0/0", "next-hop-interface": "eth1"}], "config": []},
}
WORDS = st.sampled_from(
    [
        "interfaces", "interfaces.name", "routes.running.destination", "capture.a", "capture.b.interfaces.0.name", "|",
        "==", ":=", '"eth1"', "null", "node.labels.x", "'", '"', "\\", "{{", "}}", "=", ":", ".", "default", "\n", "x",
    ]
)  # fmt: skip
EXPRESSIONS = st.one_of(st.text(max_size=40), st.lists(WORDS, max_size=8).map(" ".join))
SOON_S = 5.0


def asked(document: Any) -> Resolution:
    return resolve([Document(document)], lambda: STATE, lambda: Node("n"))


def problem_of(expression: str) -> str:
    (problem,) = asked({"capture": {"a": expression}, "desiredState": {}}).problems
    return problem.message


@settings(max_examples=100)
@given(EXPRESSIONS)
def test_every_expression_is_understood_or_faulty_within_its_text(text: str) -> None:
    for understand in (tokens, parser.expression, parser.reference):
        try:
            understand(text)
        except Faulty as error:
            assert 0 <= error.at <= len(text)


@settings(max_examples=100)
@given(st.dictionaries(st.sampled_from("abcd"), EXPRESSIONS, max_size=4), EXPRESSIONS)
def test_a_policy_resolves_or_has_problems_and_leaves_the_state_and_itself_alone(
    captures: dict[str, str], template: str
) -> None:
    document = {"capture": captures, "desiredState": {"interfaces": [{"name": f"{{{{{template}}}}}"}]}}
    kept, state = copy.deepcopy(document), copy.deepcopy(STATE)
    found = asked(document)
    assert (document, STATE) == (kept, state)
    assert "capture" not in found.documents[0].value  # type: ignore[operator]
    if not found.problems:
        assert {each.name for each in found.captures} == captures.keys()


@settings(max_examples=30)
@given(st.sampled_from([each["name"] for each in STATE["interfaces"]]), st.sampled_from(["up", "down", "7"]))
def test_what_a_replacement_wrote_a_filter_finds(name: str, state: str) -> None:
    found = asked(
        {
            "capture": {
                "one": f'interfaces.name == "{name}"',
                "changed": f"capture.one | interfaces.deep.er.state := {state}",
                "again": f"capture.changed | interfaces.deep.er.state == {state}",
            },
            "desiredState": "{{ capture.again }}",
        }
    )
    assert found.problems == ()
    (interface,) = found.documents[0].value["desiredState"]["interfaces"]  # type: ignore[index]
    assert (interface["name"], interface["deep"]) == (name, {"er": {"state": state}})


def test_what_has_no_template_in_it_is_the_same_object() -> None:
    document = Document({"interfaces": [{"name": "eth1"}]})
    assert resolve([document], None, lambda: Node("n")).documents[0] is document
    assert not may_ask(read("interfaces: []"))


def test_nobody_is_asked_for_what_no_document_speaks_of() -> None:
    def never() -> Any:
        raise AssertionError("asked")

    text = "interfaces:\n- {name: eth1, description: '{{ of another tool }}'}\n"
    assert resolve(read(text), never, never).problems == ()


def test_captures_without_a_host_are_checked_and_the_rest_waits_for_one() -> None:
    text = 'capture: {a: interfaces.name == "eth1", b: x =}\ndesiredState: {interfaces: "{{ capture.a.interfaces }}"}\n'
    found = resolve(read(text), None, lambda: Node("n"))
    assert found.needs_host
    assert [problem.path for problem in found.problems] == ["capture.b"]


def test_what_was_captured_earlier_is_not_captured_again() -> None:
    document = {"capture": {"a": "never understood ="}, "desiredState": "{{ capture.a.interfaces.0.name }}"}
    found = resolve([Document(document)], None, lambda: Node("n"), {"a": STATE})
    assert (found.problems, found.documents[0].value) == ((), {"desiredState": "eth0"})


def test_a_long_expression_is_refused_as_such() -> None:
    assert problem_of("interfaces.name == " + "x" * LONGEST).startswith(f"{LONGEST + 19} characters")
    assert "keys, wanted at most" in problem_of("interfaces" + ".a" * 500 + " := 1")


def within_a_moment(document: Any) -> Resolution:
    began = time.process_time()
    found = asked(document)
    assert time.process_time() - began < SOON_S
    return found


@pytest.mark.parametrize(
    "text", ["{" * 10_000_000, "{{" * 100_000 + "}}", "{{ }}" * 100_000, "{{ node.name }}" * 100_000]
)
def test_megabytes_of_braces_take_a_moment(text: str) -> None:
    found = within_a_moment({"desiredState": {"interfaces": [{"name": text}]}})
    assert len(found.problems) <= 1


def test_a_document_of_ten_megabytes_is_refused_by_its_size_and_a_mapping_of_captures_by_its_number() -> None:
    many = {f"c{number}": "interfaces.name == eth1" for number in range(200_000)}
    (problem,) = within_a_moment({"capture": many, "desiredState": {}}).problems
    assert problem.message == "wanted at most 1000 captures"


def test_a_chain_of_a_thousand_captures_named_backwards_is_followed() -> None:
    captures = {f"c{number}": f"capture.c{number - 1} | interfaces.state := down" for number in range(999, 0, -1)}
    captures["c0"] = "interfaces.name == eth1"
    found = within_a_moment({"capture": captures, "desiredState": "{{ capture.c999.interfaces.0.state }}"})
    assert (found.problems, found.documents[0].value) == ((), {"desiredState": "down"})


def test_a_circle_of_a_thousand_captures_is_said_in_a_few_words() -> None:
    captures = {f"c{number}": f"capture.c{(number + 1) % 1000}" for number in range(1000)}
    found = within_a_moment({"capture": captures, "desiredState": {}})
    assert all(len(problem.message) < 200 for problem in found.problems)
    assert found.problems[0].message.startswith("needs itself: c0 needs c1 ")


def test_captures_that_double_what_they_hold_end_at_a_limit() -> None:
    captures = {
        f"c{number}": f"capture.c{number - 1}.interfaces.x := capture.c{number - 1}.interfaces"
        for number in range(1, 40)
    }
    captures["c0"] = "everything"
    found = within_a_moment({"capture": captures, "desiredState": {}})
    assert [problem.message for problem in found.problems] == [f"this makes more than {evaluator.MOST_VALUES} values"]


def test_templates_that_repeat_a_large_state_end_at_a_limit() -> None:
    items = ["{{ capture.all }}"] * 100_000
    found = within_a_moment({"capture": {"all": "everything"}, "desiredState": {"interfaces": items}})
    assert found.problems[0].message == f"with this the templates make more than {evaluator.MOST_VALUES} values"


def test_plain_values_nested_without_end_are_refused() -> None:
    tree: Any = "{{ node.name }}"
    for _ in range(5000):
        tree = [tree]
    (problem,) = within_a_moment({"desiredState": tree}).problems
    assert problem.message == "nested deeper than 128 levels"
