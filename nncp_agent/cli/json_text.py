"""Plain values as JSON, piece by piece: a megabyte of text at once costs more fresh memory than work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from netkernel.typed import Any, NoReturn

_AT_ONCE = 50
"""Items of a list: some hundred kilobytes, which are used again for the next."""
_OFTEN = "ethtool"
"""What links of one kind have in common."""
_FIRST = 10**18  # so many digits that no number is the beginning of another


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
        items, separator, often = iter(each), "[", _Often(encode)
        while some := list(islice(items, _AT_ONCE)):
            yield separator + often.encode(some)[1:-1]
            separator = ","
        yield "]" if separator == "," else "[]"
    yield "}" if value else "{}"


def indented(value: object) -> str:
    """The text for people, of the same values."""
    import json  # late: see below

    return json.dumps(value, ensure_ascii=False, indent=2, default=list)


class _Often:
    """Writes lists of mappings that have the same object under the key _OFTEN: its text, half of all, is made once.

    Meanwhile a number stands for it. That key and such a number are together in no other place: not in a string, where
    quotes have a backslash, and not further down, where nothing is called so.
    """

    def __init__(self, encode: Callable[[Any], str]) -> None:
        self._encode = encode
        self._numbers: dict[int, int] = {}
        self._values: list[object] = []  # which also keeps them alive, and their ids theirs
        self._texts: list[str] = []

    def encode(self, items: list[Any]) -> str:
        here: set[int] = set()
        text = self._encode([self._marked(item, here) for item in items])
        for number in here:
            text = text.replace(f'"{_OFTEN}":{number}', self._texts[number - _FIRST])
        return text

    def _marked(self, item: Any, here: set[int]) -> Any:
        if type(item) is not dict or _OFTEN not in item:
            return item
        value = item[_OFTEN]
        number = self._numbers.get(id(value))
        if number is None:
            number = self._numbers[id(value)] = _FIRST + len(self._values)
            self._values.append(value)
            self._texts.append(f'"{_OFTEN}":{self._encode(value)}')
        here.add(number)
        return {**item, _OFTEN: number}


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
