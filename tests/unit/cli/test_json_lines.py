"""The log as JSON: one object a line, whatever is said."""

from __future__ import annotations

import io
import json
import logging

from hypothesis import given
from hypothesis import strategies as st

from nncp_agent.cli.json_lines import JsonLines
from nncp_agent.cli.log import shown


def lines(stream: io.StringIO) -> list[dict[str, str]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_what_people_would_read_has_its_level_from_its_first_word() -> None:
    stream = io.StringIO()
    log = JsonLines(stream, lambda: 0.5)
    log.write("serving\nwarning: odd\nerror: eth0: gone\n")
    when = "1970-01-01T00:00:00.500Z"
    assert lines(stream) == [
        {"time": when, "level": "info", "logger": "nncp", "message": "serving"},
        {"time": when, "level": "warning", "logger": "nncp", "message": "odd"},
        {"time": when, "level": "error", "logger": "nncp", "message": "eth0: gone"},
    ]


def test_what_is_logged_says_who_logged_it() -> None:
    stream = io.StringIO()
    with shown(JsonLines(stream), 2):  # type: ignore[arg-type]  # as much of a stream as a log needs
        logging.getLogger("nncp_agent.node.engine").warning("two\nlines of %s", "a message")
    [said] = lines(stream)
    assert (said["level"], said["logger"]) == ("warning", "nncp_agent.node.engine")
    assert said["message"] == "two\nlines of a message"


WORDS = st.sampled_from(["error: ", "warning: ", "", "{", '"'])


@given(st.lists(st.tuples(WORDS, st.text())))
def test_any_text_is_lines_of_json(said: list[tuple[str, str]]) -> None:
    text = "\n".join(word + rest for word, rest in said)
    stream = io.StringIO()
    JsonLines(stream).write(text)
    found = lines(stream)
    assert len(found) == len([line for line in text.splitlines() if line])
    assert all(
        line.endswith(each["message"]) for line, each in zip(filter(None, text.splitlines()), found, strict=True)
    )
