"""Plain values as JSON, piece by piece: a megabyte of text at once costs more fresh memory than work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from netkernel.typed import Any, NoReturn

_AT_ONCE = 10
"""Items of a list: some ten kilobytes, whose memory is used again for the next."""
_OFTEN = {"ethtool": "", "bridge": "options"}
"""What links of one kind have in common: keys, and those within."""
_NO_NUMBER = float("nan")
_MARK = '":NaN'  # behind its key


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
    """Writes lists of mappings that have the same object in one of the places _OFTEN: its text, half of all, is made
    once.

    Meanwhile a number that is none stands for it, which is in no plain value.
    """

    def __init__(self, encode: Callable[[Any], str]) -> None:
        self._encode = encode
        self._texts: dict[int, str] = {}
        self._values: list[object] = []  # keeps them alive, and their ids theirs

    def encode(self, items: list[Any]) -> str:
        found: list[str] = []
        first, *rest = self._encode([self._marked(item, found) for item in items]).split(_MARK)
        if len(rest) != len(found):  # somebody has this very text in a string
            return self._encode(items)
        return "".join([first, *[part for text, after in zip(found, rest, strict=True) for part in (text, after)]])

    def _marked(self, item: Any, found: list[str]) -> Any:
        """A copy of `item` with these places marked; what belongs there is put into `found`, in their order."""
        if type(item) is not dict:
            return item
        marked = item.copy()
        for key in [key for key in item if key in _OFTEN]:
            value, inner = item[key], _OFTEN[key]
            if type(value) is not dict:
                continue
            if not inner:
                found.append(self._text(value))
                marked[key] = _NO_NUMBER
            elif type(value.get(inner)) is dict:
                found.append(self._text(value[inner]))
                marked[key] = {**value, inner: _NO_NUMBER}
        return marked

    def _text(self, value: object) -> str:
        text = self._texts.get(id(value))
        if text is None:
            text = self._texts[id(value)] = f'":{self._encode(value)}'
            self._values.append(value)
        return text


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
