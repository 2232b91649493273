"""Plain values as JSON, piece by piece: a megabyte of text at once costs more fresh memory than work."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice

_AT_ONCE = 50
"""Items of a list: some hundred kilobytes, which are used again for the next."""


def pieces(value: object) -> Iterator[str]:
    """The text on one line, without a newline. The outermost mapping may hold iterators in the place of lists."""
    encode = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode
    if not isinstance(value, dict):
        yield encode(value)
        return
    before = "{"
    for key, each in value.items():
        yield f"{before}{encode(key)}:"
        before = ","
        if not isinstance(each, list | Iterator):
            yield encode(each)
            continue
        items, separator = iter(each), "["
        while some := list(islice(items, _AT_ONCE)):
            yield separator + encode(some)[1:-1]
            separator = ","
        yield "]" if separator == "," else "[]"
    yield "}" if value else "{}"


def indented(value: object) -> str:
    """The text for people, of the same values."""
    return json.dumps(value, ensure_ascii=False, indent=2, default=list)
