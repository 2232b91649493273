"""Settings of ethtool(8): what a dump answers, and the requests that change them (linux/ethtool_netlink.h)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from struct import Struct

from netkernel import tlv
from netkernel.errors import MalformedMessage
from netkernel.ethtool import (
    ACTIVE,
    DUPLEX,
    EEE,
    FEATURE,
    FEC,
    FEC_WORDS,
    FIXED,
    LINK,
    SECTIONS,
    SUPPORTED,
    WAKE,
    WAKE_WORDS,
    Section,
)
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
_LINK_MODES: Final = 9  # ETH_SS_LINK_MODES of linux/ethtool.h
LISTS: Final[Mapping[str, int]] = {"feature": 4, "link": _LINK_MODES, "eee": _LINK_MODES}  # ETH_SS_FEATURES
"""The kernel's lists of names that sections have bits of."""
_SETS, _SET, _SET_ID, _SET_STRINGS, _STRING, _STRING_INDEX, _STRING_VALUE = 2, 1, 1, 3, 1, 1, 2
_BITS, _BITSET_VALUE, _BIT, _BIT_NAME, _BIT_VALUE = 3, 4, 1, 2, 3
_NO_MASK, _SIZE, _BITSET_MASK = 1, 2, 5
_FEC_MODES, _FEC_AUTO, _FEC_ACTIVE = 2, 3, 4
_AUTO_BIT: Final = 127  # ours, where no link mode is
_OURS, _DUPLEX = 3, 6
_AUTONEG: Final = "Autoneg"
_EEE_OURS, _EEE_ACTIVE = 2, 4
_WAKE_MODES: Final = 2
_UNKNOWN: Final = 0xFFFFFFFF  # SPEED_UNKNOWN
_WORD: Final = Struct("=I")
_Values = Mapping[int, tuple[int, int]]
"""Where the payloads of attributes begin and end, by number."""
_HARDWARE, _WANTED, _ACTIVE, _UNCHANGEABLE = 2, 3, 4, 5


class Reply(Frozen):
    """What one section says of a link; links that have the same share it."""

    settings: Attrs
    facts: Mapping[str, Attrs]


class Replies:
    """Reads the answers to the dump of one section; `bits` are the names of its bits, by number."""

    def __init__(self, name: str, bits: Sequence[str]) -> None:
        self._name = name
        self._section = SECTIONS[name]
        self._bits = bits
        self._known: dict[bytes, Reply] = {}

    def read(self, spans: Iterable[Span]) -> dict[int, Reply]:
        """By ifindex. Raises MalformedMessage."""
        found, known = {}, self._known
        for data, start, end in spans:
            index, body = _index(data, start, end)
            key = data[body:end]
            reply = known.get(key)
            if reply is None:
                reply = known[key] = self._reply(data, body, end)
            found[index] = reply
        return found

    def _reply(self, data: bytes, start: int, end: int) -> Reply:
        if self._section is FEATURE:
            return self._feature_reply(data, start, end)
        values = {number: (first, last) for number, first, last in tlv.walk(data, start, end)}
        if self._section is FEC:
            return _fec_reply(data, values)
        if self._section is LINK:
            return _link_reply(data, values, self._bits)
        if self._section is EEE:
            return _eee_reply(data, values, self._bits)
        if self._section is WAKE:
            return _wake_reply(data, values)
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
        names = [(1 << place, name) for place, name in enumerate(self._bits) if name]
        return Reply(
            {name: bool(wanted & bit) for bit, name in names if changeable & bit},
            {
                ACTIVE: {name: bool(active & bit) for bit, name in names if changeable & bit},
                FIXED: {name: bool(active & bit) for bit, name in names if not changeable & bit},
            },
        )


def _fec_reply(data: bytes, values: _Values) -> Reply:
    modes = _bits(data, *values[_FEC_MODES]) if _FEC_MODES in values else 0
    if _FEC_AUTO in values and tlv.read_u8(data, *values[_FEC_AUTO]):
        modes |= 1 << _AUTO_BIT
    active = tlv.read_u32(data, *values[_FEC_ACTIVE]) if _FEC_ACTIVE in values else 0
    bits = {word: _AUTO_BIT if bit < 0 else bit for word, bit in FEC_WORDS.items()}
    word = next((word for word, bit in FEC_WORDS.items() if bit == active), None)
    encoding = tuple(word for word, bit in bits.items() if modes >> bit & 1)
    return Reply({"encoding": encoding}, {"fec": {ACTIVE: word} if word else {}})


def _eee_reply(data: bytes, values: _Values, names: Sequence[str]) -> Reply:
    settings: dict[str, Value] = {
        key: bool(tlv.read_u8(data, *values[number])) for key, number in EEE.flags.items() if number in values
    }
    settings |= _numbers(data, values, EEE.numbers)
    facts: dict[str, Value] = {}
    if _EEE_OURS in values:
        settings["advertise"], facts[SUPPORTED] = _named(data, values[_EEE_OURS], names)
    if _EEE_ACTIVE in values:
        facts[ACTIVE] = bool(tlv.read_u8(data, *values[_EEE_ACTIVE]))
    return Reply(settings, {"eee": facts})


def _wake_reply(data: bytes, values: _Values) -> Reply:
    """A password that goes with a mode is not asked for."""
    if _WAKE_MODES not in values:
        return Reply({}, {})
    modes, supported = _named(data, values[_WAKE_MODES], WAKE_WORDS)
    return Reply({"modes": modes}, {"wake-on-lan": {SUPPORTED: supported}})


def _named(data: bytes, at: tuple[int, int], names: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of the bits that are set, and of those that can be."""
    value, mask = _bits(data, *at), _bits(data, *at, _BITSET_MASK)
    told = [(1 << place, name) for place, name in enumerate(names)]
    return tuple([name for bit, name in told if value & bit]), tuple([name for bit, name in told if mask & bit])


def _link_reply(data: bytes, values: _Values, names: Sequence[str]) -> Reply:
    """Without auto-negotiation speed and duplex are what somebody wants, with it what two ends came to."""
    settings: dict[str, Value] = {}
    facts: dict[str, Value] = {}
    if LINK.flags["autoneg"] in values:
        settings["autoneg"] = bool(tlv.read_u8(data, *values[LINK.flags["autoneg"]]))
    if _OURS in values:
        settings["advertise"], supported = _named(data, values[_OURS], names)
        facts |= {"can autoneg": _AUTONEG in supported, SUPPORTED: supported}
    if LINK.numbers["speed"] in values and (speed := tlv.read_u32(data, *values[LINK.numbers["speed"]])) != _UNKNOWN:
        facts["speed"] = speed
    if _DUPLEX in values and (duplex := tlv.read_u8(data, *values[_DUPLEX])) < len(DUPLEX):
        facts["duplex"] = DUPLEX[duplex]
    if not settings.get("autoneg"):
        settings |= {key: facts[key] for key in ("speed", "duplex") if key in facts}
    return Reply(settings, {"link": facts})


def request(index: int = 0) -> bytes:
    """For the link with this index; in a dump for all."""
    of = (tlv.u32(_INDEX, index),) if index else ()
    return tlv.nest(_HEADER, *of, tlv.u32(_FLAGS, _COMPACT_BITSETS))


def names_request(list_of: int) -> bytes:
    """For the names in one of the running kernel's lists."""
    return tlv.nest(_HEADER) + tlv.nest(_SETS, tlv.nest(_SET, tlv.u32(_SET_ID, list_of)))


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
    match key, value:
        case "encoding", tuple() if section is FEC:
            bits = sum(1 << FEC_WORDS[word] for word in value if FEC_WORDS[word] >= 0)
            return _exactly(_FEC_MODES, bits) + tlv.u8(_FEC_AUTO, int("auto" in value))
        case "duplex", str() if section is LINK:
            return tlv.u8(_DUPLEX, DUPLEX.index(value))
        case "advertise", tuple() if section in (LINK, EEE):
            return _just(_OURS if section is LINK else _EEE_OURS, value)
        case "modes", tuple() if section is WAKE:
            return _exactly(_WAKE_MODES, sum(1 << WAKE_WORDS.index(word) for word in value))
    if key in section.flags:
        return tlv.u8(section.flags[key], int(bool(value)))
    if key in section.numbers and isinstance(value, int):
        return tlv.u32(section.numbers[key], value)
    raise ValueError(f"ethtool knows no {key} {value!r}")


def _exactly(number: int, bits: int) -> bytes:
    """A compact bitset of these bits and no others."""
    words = max((bits.bit_length() + 31) // 32, 1)
    value = b"".join(_WORD.pack(bits >> 32 * place & 0xFFFFFFFF) for place in range(words))
    nomask, size = tlv.attribute(_NO_MASK, b""), tlv.u32(_SIZE, 32 * words)
    return tlv.nest(number, nomask, size, tlv.attribute(_BITSET_VALUE, value))


def _just(number: int, names: Sequence[str]) -> bytes:
    """A bitset of the bits with these names and no others."""
    return tlv.nest(number, tlv.attribute(_NO_MASK, b""), tlv.nest(_BITS, *[_bit(name, False) for name in names]))


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


def _numbers(data: bytes, values: _Values, numbers: Mapping[str, int]) -> dict[str, Value]:
    return {key: tlv.read_u32(data, *values[number]) for key, number in numbers.items() if number in values}


def _bits(data: bytes, start: int, end: int, part: int = _BITSET_VALUE) -> int:
    """The bits of a compact bitset: 32-bit words in host order, the lowest first."""
    for number, first, last in tlv.walk(data, start, end):
        if number == part:
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
