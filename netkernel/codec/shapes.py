"""Reading link messages by their shape.

The kernel writes the attributes of like links in the same order with the same lengths. So the layout of a message is
learnt once, by walking it; every other message is unpacked by one compiled struct, which also gives all its attribute
headers. Where these are not the learnt ones, the shape does not fit and another is tried or learnt. A shape is
therefore never applied to a message whose structure was not checked byte by byte.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import itemgetter
from struct import Struct
from typing import Any, Final

from netkernel import devconf, tlv
from netkernel.codec import forms
from netkernel.codec.forms import Convert, Field, Fields, Names
from netkernel.errors import MalformedMessage
from netkernel.link_kinds import COMMON, KINDS
from netkernel.records import Link

HEADER: Final = Struct("=BxHiII")
"""struct ifinfomsg: family, device type, ifindex, flags, change mask."""
NAME, LINK_INFO, AF_SPEC, NETNSID, ALT_NAMES = 3, 18, 26, 37, 52
_ALT_NAME: Final = 53
_INDEX: Final = Struct("=i")
KIND, KIND_DATA, PORT_KIND, PORT_DATA = 1, 2, 4, 5
INET, INET6, INET_CONF, INET6_CONF, ADDR_GEN_MODE = 2, 10, 1, 2, 8

_UP, _PROMISC = COMMON["up"].bit, COMMON["promisc"].bit
_OPERSTATES: Final = ("unknown", "notpresent", "down", "lowerlayerdown", "testing", "dormant", "up")
_MOST_SHAPES: Final = 2048

_COMMON: Final = forms.fields({key: attr for key, attr in COMMON.items() if key != "addr_gen_mode"})
_KIND_FIELDS: Final = {name: forms.fields(kind.attrs) for name, kind in KINDS.items()}
_PORT_FIELDS: Final = {name: forms.fields(kind.ports) for name, kind in KINDS.items()}
_READ_ONLY: Final = {
    name: tuple(key for key, attr in kind.attrs.items() if attr.read_only) for name, kind in KINDS.items()
}
_SILENT: Final = {name: forms.unsaid(kind.attrs) for name, kind in KINDS.items()}
_PORT_SILENT: Final = {name: forms.unsaid(kind.ports) for name, kind in KINDS.items()}
_GEN_MODE: Final = forms.field(COMMON["addr_gen_mode"])
_MISSING: Final[Mapping[str, Any]] = {
    "up": False, "promisc": False, "address": "", "mtu": 0, "link": "", "master": "", "txqlen": 0, "alias": "",
    "group": 0,
}  # fmt: skip
_ADDRESS: Final = Field("s", 0, forms.mac)
_FACTS: Final[Mapping[int, tuple[str, Field]]] = {
    16: ("operstate", Field("B", 1, lambda number, _: _OPERSTATES[number] if number < 7 else str(number))),
    33: ("carrier", Field("B", 1, lambda number, _: bool(number))),
    NETNSID: ("netnsid", Field("i", 4)),
    50: ("min_mtu", Field("I", 4)),
    51: ("max_mtu", Field("I", 4)),
    ALT_NAMES: ("altnames", Field("s", 0, lambda raw, _: _altnames(raw))),
    54: ("perm_address", _ADDRESS),
    56: ("parent", Field("s", 0, forms.text)),
    57: ("bus", Field("s", 0, forms.text)),
}
_OWN_ADDRESS: Final = 4  # IFLA_BOND_SLAVE_PERM_HWADDR
_HEADER_FIELD: Final = Field("I", 4)
_CONF4: Final = Field("s", 0)
_CONF6: Final = Field("s", 0, lambda raw, _: devconf.comparable(raw))


class Links:
    """A reader of link messages; it gets faster with each shape it has seen."""

    def __init__(self) -> None:
        self._shapes: dict[tuple[int, int], list[_Shape]] = {}
        self._known = 0

    def read(self, data: bytes, start: int, end: int, names: Names) -> Link:
        """The link in a message; `names` has all links of the dump, this one too. Raises MalformedMessage."""
        size = end - start
        if size <= HEADER.size:
            raise MalformedMessage(f"a link message of {size} bytes")
        key = size, data[start + HEADER.size]  # the second is the length of the name
        for shape in self._shapes.get(key, ()):
            unpacked = shape.unpack(data, start)
            if shape.pick_checks(unpacked) == shape.expected:
                return shape.link(unpacked, names)
        shape = _Shape(data, start, end)
        link = shape.link(shape.unpack(data, start), names)
        if self._known >= _MOST_SHAPES:
            self._shapes.clear()
            self._known = 0
        self._shapes.setdefault(key, []).append(shape)
        self._known += 1
        return link


def read_name(data: bytes, start: int, end: int) -> tuple[int, str]:
    """A link's ifindex and name; the name comes first, so that this is cheap. Raises MalformedMessage."""
    if end - start < HEADER.size:
        raise MalformedMessage(f"a link message of {end - start} bytes")
    (index,) = _INDEX.unpack_from(data, start + 4)
    for number, first, last in tlv.walk(data, start + HEADER.size, end):
        if number == NAME:
            return int(index), tlv.read_text(data, first, last)
    raise MalformedMessage(f"link {index} has no name")


class _Group:
    """The unpacked values that make one dictionary of a link."""

    def __init__(self, members: Mapping[str, tuple[int, Convert | None]]) -> None:
        self._keys = tuple(members)
        self._pick = _picker([position for position, _ in members.values()])
        self._conversions = [(key, convert) for key, (_, convert) in members.items() if convert]

    def values(self, unpacked: tuple[Any, ...], names: Names) -> dict[str, Any]:
        found = dict(zip(self._keys, self._pick(unpacked), strict=True))
        for key, convert in self._conversions:
            found[key] = convert(found[key], names)
        return found


class _Shape:
    """Where everything stands in one kind of message. Raises MalformedMessage when the message contradicts itself."""

    def __init__(self, data: bytes, start: int, end: int) -> None:
        walk = _Walk(data, start)
        walk.top(end)
        if walk.kind == "veth":  # what it "sits on" is its peer
            walk.attrs["peer"] = walk.attrs.pop("link", (2, _nowhere))
        self._kind = walk.kind
        silent = {**_MISSING, **_SILENT.get(walk.kind, {})}
        if walk.kind == "veth":
            del silent["link"]
        self._missing = {key: value for key, value in silent.items() if key not in walk.attrs}
        silent = _PORT_SILENT.get(walk.port_kind, {})
        self._port_missing = {key: value for key, value in silent.items() if key not in walk.port}
        read_only = {key: walk.attrs.pop(key) for key in _READ_ONLY.get(walk.kind, ()) if key in walk.attrs}
        self._attrs, self._port, self._facts = _Group(walk.attrs), _Group(walk.port), _Group(walk.facts)
        self._read_only = _Group(read_only) if read_only else None
        self.unpack = walk.compiled(end).unpack_from
        self.pick_checks = _picker(walk.checks)
        self.expected = self.pick_checks(self.unpack(data, start))

    def link(self, unpacked: tuple[Any, ...], names: Names) -> Link:
        device_type, index, flags = unpacked[:3]
        attrs = self._attrs.values(unpacked, names)
        attrs.update(self._missing)
        attrs["up"] = flags & _UP != 0
        attrs["promisc"] = flags & _PROMISC != 0
        facts = self._facts.values(unpacked, names)
        if "bus" in facts:
            facts["parent"] = f"{facts.pop('bus')}/{facts.get('parent', '')}"
        if self._read_only:
            facts["facts"] = self._read_only.values(unpacked, names)
        port = self._port.values(unpacked, names)
        port.update(self._port_missing)
        return Link(names[index], self._kind, attrs, port, index=index, type=device_type, **facts)


class _Walk:
    """Learns a shape: the parts of a message by offset, and which of them are headers, attributes and facts."""

    def __init__(self, data: bytes, start: int) -> None:
        self._data, self._start = data, start
        self._parts: list[tuple[int, str, int]] = [(2, "H", 2), (4, "i", 4), (8, "I", 4)]
        self.kind = self.port_kind = ""
        self.checks: list[int] = []
        self.attrs: dict[str, tuple[int, Convert | None]] = {}
        self.port: dict[str, tuple[int, Convert | None]] = {}
        self.facts: dict[str, tuple[int, Convert | None]] = {}

    def compiled(self, end: int) -> Struct:
        code, at = "=", 0
        for offset, part, size in self._parts:
            code += "x" * (offset - at) + part
            at = offset + size
        return Struct(code + "x" * (end - self._start - at))

    def top(self, end: int) -> None:
        named = elsewhere = False
        for number, first, last in self._attributes(self._start + HEADER.size, end):
            if number == LINK_INFO:
                self._link_info(first, last)
            elif number == AF_SPEC:
                self._af_spec(first, last)
            elif number in _FACTS:
                key, field = _FACTS[number]
                self.facts[key] = self._part(field, first, last), field.convert
                elsewhere = elsewhere or number == NETNSID
            else:
                self._members(self.attrs, _COMMON, number, first, last)
                named = named or number == NAME
        if not named:
            raise MalformedMessage("a link without a name")
        if elsewhere and "link" in self.attrs:  # an index of another namespace: here it would name a stranger
            self.attrs["link"] = self.attrs["link"][0], _nowhere

    def _link_info(self, start: int, end: int) -> None:
        for number, first, last in self._attributes(start, end):
            if number == KIND:
                self.kind = self._constant(first, last)
            elif number == PORT_KIND:
                self.port_kind = self._constant(first, last)
            elif number == KIND_DATA and self.kind in _KIND_FIELDS:
                for inner, low, high in self._attributes(first, last):
                    self._members(self.attrs, _KIND_FIELDS[self.kind], inner, low, high)
            elif number == PORT_DATA and self.port_kind in _PORT_FIELDS:
                for inner, low, high in self._attributes(first, last):
                    self._members(self.port, _PORT_FIELDS[self.port_kind], inner, low, high)
                    if (self.port_kind, inner) == ("bond", _OWN_ADDRESS):
                        self.facts["own_address"] = self._part(_ADDRESS, low, high), _ADDRESS.convert

    def _af_spec(self, start: int, end: int) -> None:
        for family, first, last in self._attributes(start, end):
            for number, low, high in self._attributes(first, last) if family in (INET, INET6) else ():
                if (family, number) == (INET, INET_CONF):
                    self.facts["conf4"] = self._part(_CONF4, low, high), None
                elif (family, number) == (INET6, INET6_CONF):
                    self.facts["conf6"] = self._part(_CONF6, low, high), _CONF6.convert
                elif (family, number) == (INET6, ADDR_GEN_MODE):
                    self.attrs["addr_gen_mode"] = self._part(_GEN_MODE, low, high), _GEN_MODE.convert

    def _attributes(self, start: int, end: int) -> Iterator[tuple[int, int, int]]:
        for number, first, last in tlv.walk(self._data, start, end):
            self.checks.append(self._part(_HEADER_FIELD, first - 4, first))
            yield number, first, last

    def _members(self, into: dict[str, tuple[int, Convert | None]], table: Fields, number: int, a: int, b: int) -> None:
        position = -1
        for key, field in table.get(number, ()):
            position = position if position >= 0 else self._part(field, a, b)
            into[key] = position, field.convert

    def _constant(self, first: int, last: int) -> str:
        """A text that decides what the rest means, and so belongs to the shape."""
        self.checks.append(self._part(Field("s", 0), first, last))
        return tlv.read_text(self._data, first, last)

    def _part(self, field: Field, first: int, last: int) -> int:
        """Note a payload; gives its position among the unpacked values."""
        size = field.size or last - first
        if last - first < size:
            raise MalformedMessage(f"an attribute of {size} bytes has {last - first}")
        self._parts.append((first - self._start, field.code if field.size else f"{size}s", size))
        return len(self._parts) - 1


def _picker(positions: Sequence[int]) -> Callable[[tuple[Any, ...]], tuple[Any, ...]]:
    """Like itemgetter, but a tuple whatever the number of positions."""
    if len(positions) > 1:
        return itemgetter(*positions)
    return lambda values: tuple(values[position] for position in positions)


def _nowhere(_: int, __: Names) -> str:
    return ""


def _altnames(raw: bytes) -> tuple[str, ...]:
    walked = tlv.walk(raw, 0, len(raw))
    return tuple(tlv.read_text(raw, first, last) for number, first, last in walked if number == _ALT_NAME)
