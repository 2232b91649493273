"""Plain values as JSON, piece by piece: a megabyte of text at once costs more fresh memory than work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from netkernel.typed import Any, NoReturn

_AT_ONCE = 50
"""Items of a list: some hundred kilobytes, which are used again for the next."""


def pieces(value: object) -> Iterator[str]:
    """The text on one line, without a newline. The outermost mapping may hold iterators in the place of lists."""
    encode = _encoder()
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
    import json  # late: see below

    return json.dumps(value, ensure_ascii=False, indent=2, default=list)


def _encoder() -> Callable[[Any], str]:
    """What `json` encodes with. Its own import brings a decoder along, and `re` for that, which takes 2 ms."""
    try:
        from _json import encode_basestring, make_encoder
    except ImportError:  # an interpreter without that library in C
        import json

        return json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode
    encode = make_encoder(None, _refuse, encode_basestring, None, ":", ",", False, False, True)
    return lambda value: "".join(encode(value, 0))


def _refuse(value: object) -> NoReturn:
    raise TypeError(f"{type(value).__name__} is no plain value")
