"""Settings of ethtool(8): what a dump answers, and the requests that change them (linux/ethtool_netlink.h)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from struct import Struct

from netkernel import tlv
from netkernel.errors import MalformedMessage
from netkernel.ethtool import ACTIVE, FEATURE, FIXED, SECTIONS, Section
from netkernel.frozen import Frozen
from netkernel.netlink import Span
from netkernel.records import Attrs, Value
from netkernel.typed import Final

STRINGS: Final = 1
"""ETHTOOL_MSG_STRSET_GET."""
_HEADER = 1
_NAMED: Final = Struct("=HHHHI")
"""The header, and the link's index as the first in it."""
_INDEX, _FLAGS = 1, 3
_COMPACT_BITSETS, _OMIT_REPLY = 0x1, 0x2
_FEATURE_NAMES: Final = 4  # ETH_SS_FEATURES of linux/ethtool.h
_SETS, _SET, _SET_ID, _SET_STRINGS, _STRING, _STRING_INDEX, _STRING_VALUE = 2, 1, 1, 3, 1, 1, 2
_BITS, _BITSET_VALUE, _BIT, _BIT_NAME, _BIT_VALUE = 3, 4, 1, 2, 3
_HARDWARE, _WANTED, _ACTIVE, _UNCHANGEABLE = 2, 3, 4, 5


class Reply(Frozen):
    """What one section says of a link; links that have the same share it."""

    settings: Attrs
    facts: Mapping[str, Attrs]


class Replies:
    """Reads the answers to the dump of one section; `features` are the names of the bits, by number."""

    def __init__(self, name: str, features: Sequence[str]) -> None:
        self._name = name
        self._section = SECTIONS[name]
        self._features = features
        self._known: dict[bytes, Reply] = {}

    def read(self, spans: Iterator[Span]) -> dict[int, Reply]:
        """By ifindex. Raises MalformedMessage."""
        found = {}
        for data, start, end in spans:
            index, body = _index(data, start, end)
            key = data[body:end]
            if key not in self._known:
                self._known[key] = self._reply(data, body, end)
            found[index] = self._known[key]
        return found

    def _reply(self, data: bytes, start: int, end: int) -> Reply:
        if self._section is FEATURE:
            return self._feature_reply(data, start, end)
        values = {number: (first, last) for number, first, last in tlv.walk(data, start, end)}
        section = self._section
        settings: dict[str, Value] = {}
        for key, number in section.flags.items():
            if number in values:
                settings[key] = bool(tlv.read_u8(data, *values[number]))
        largest = _numbers(data, values, section.largest)
        settings |= {
            key: value
            for key, value in _numbers(data, values, section.numbers).items()
            if key not in section.largest or largest.get(key)  # what may be 0 at most is not there
        }
        return Reply(settings, {self._name: {key: value for key, value in largest.items() if value}})

    def _feature_reply(self, data: bytes, start: int, end: int) -> Reply:
        sets = {number: _bits(data, first, last) for number, first, last in tlv.walk(data, start, end)}
        changeable = sets.get(_HARDWARE, 0) & ~sets.get(_UNCHANGEABLE, 0)
        wanted, active = sets.get(_WANTED, 0), sets.get(_ACTIVE, 0)
        names = [(1 << place, name) for place, name in enumerate(self._features) if name]
        return Reply(
            {name: bool(wanted & bit) for bit, name in names if changeable & bit},
            {
                ACTIVE: {name: bool(active & bit) for bit, name in names if changeable & bit},
                FIXED: {name: bool(active & bit) for bit, name in names if not changeable & bit},
            },
        )


def dump_request() -> bytes:
    return tlv.nest(_HEADER, tlv.u32(_FLAGS, _COMPACT_BITSETS))


def names_request() -> bytes:
    """For the names of the running kernel's features."""
    return tlv.nest(_HEADER) + tlv.nest(_SETS, tlv.nest(_SET, tlv.u32(_SET_ID, _FEATURE_NAMES)))


def read_names(data: bytes, start: int, end: int) -> list[str]:
    """By number. Raises MalformedMessage."""
    found: dict[int, str] = {}
    for string in _within((data, start, end), _SETS, _SET, _SET_STRINGS, _STRING):
        values = {number: (first, last) for number, first, last in tlv.walk(*string)}
        if _STRING_INDEX in values and _STRING_VALUE in values:
            found[tlv.read_u32(data, *values[_STRING_INDEX])] = tlv.read_text(data, *values[_STRING_VALUE])
    return [found.get(place, "") for place in range(max(found, default=-1) + 1)]


def change(section: str, new: Attrs, index: int) -> bytes:
    """The request that makes `new` true on the link `index`. Raises ValueError for a setting nobody knows."""
    header = tlv.nest(_HEADER, tlv.u32(_INDEX, index), tlv.u32(_FLAGS, _OMIT_REPLY))
    known = SECTIONS[section]
    if known is FEATURE:
        bits = [_bit(name, bool(value)) for name, value in new.items()]
        return header + tlv.nest(_WANTED, tlv.nest(_BITS, *bits))
    return header + b"".join(_one(known, key, value) for key, value in new.items())


def _one(section: Section, key: str, value: Value) -> bytes:
    if key in section.flags:
        return tlv.u8(section.flags[key], int(bool(value)))
    if key in section.numbers and isinstance(value, int):
        return tlv.u32(section.numbers[key], value)
    raise ValueError(f"ethtool knows no {key} {value!r}")


def _bit(name: str, value: bool) -> bytes:
    return tlv.nest(_BIT, tlv.text(_BIT_NAME, name), *([tlv.attribute(_BIT_VALUE, b"")] if value else []))


def _index(data: bytes, start: int, end: int) -> tuple[int, int]:
    """The ifindex, and where the header ends, which stands first."""
    if end - start >= _NAMED.size:
        length, number, size, inner, index = _NAMED.unpack_from(data, start)
        if (number & tlv.NUMBER, size, inner) == (
            _HEADER,
            8,
            _INDEX,
        ) and 12 <= length <= end - start:  # as kernels have it
            return index, start + ((length + 3) & ~3)
    for number, first, last in tlv.walk(data, start, end):
        if number == _HEADER:
            for inner, at, stop in tlv.walk(data, first, last):
                if inner == _INDEX:
                    return tlv.read_u32(data, at, stop), start + ((last - start + 3) & ~3)
        break
    raise MalformedMessage("an ethtool message that names no link")


def _numbers(data: bytes, values: Mapping[int, tuple[int, int]], numbers: Mapping[str, int]) -> dict[str, Value]:
    return {key: tlv.read_u32(data, *values[number]) for key, number in numbers.items() if number in values}


def _bits(data: bytes, start: int, end: int) -> int:
    """The bits of a compact bitset: 32-bit words in host order, the lowest first."""
    for number, first, last in tlv.walk(data, start, end):
        if number == _BITSET_VALUE:
            words = [tlv.read_u32(data, at, last) for at in range(first, last, 4)]
            return sum(word << (32 * place) for place, word in enumerate(words))
    return 0


def _within(span: Span, *numbers: int) -> Iterator[Span]:
    """The payloads of attributes of this nesting."""
    if not numbers:
        yield span
        return
    data = span[0]
    for number, first, last in tlv.walk(*span):
        if number == numbers[0]:
            yield from _within((data, first, last), *numbers[1:])
