"""Reading link messages by their shape.

The kernel writes the attributes of like links in the same order with the same lengths. So the layout of a message is
learnt once, by walking it; every other message is unpacked by one compiled struct. But first all its attribute headers
are compared with the learnt ones, as one long number under a mask. Where they differ, the shape does not fit and
another is tried or learnt: no shape is laid over a message whose structure was not checked byte by byte.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from operator import itemgetter
from struct import Struct

from netkernel import devconf, tlv
from netkernel.codec import forms
from netkernel.codec.forms import Convert, Field, Fields, Names
from netkernel.errors import MalformedMessage
from netkernel.frozen import Frozen, make
from netkernel.link_kinds import COMMON, KINDS, LinkKind
from netkernel.records import Link
from netkernel.typed import Any, Final

GET: Final = 18
"""RTM_GETLINK."""
HEADER: Final = Struct("=BxHiII")
"""struct ifinfomsg: family, device type, ifindex, flags, change mask."""
_EXT_MASK, _SKIP_STATISTICS = 29, 0x8  # RTEXT_FILTER_SKIP_STATS
NAME, LINK_INFO, AF_SPEC, NETNSID = 3, 18, 26, 37
_INDEX: Final = Struct("=i")
_FIRST: Final = Struct("=4xi8xHH")
"""The ifindex, and the header of the first attribute."""
KIND, KIND_DATA, PORT_KIND, PORT_DATA = 1, 2, 4, 5
INET, INET6, INET_CONF, INET6_CONF, TOKEN, ADDR_GEN_MODE = 2, 10, 1, 2, 7, 8

_OPERSTATES: Final = ("unknown", "notpresent", "down", "lowerlayerdown", "testing", "dormant", "up")
_MOST_SHAPES: Final = 2048
_MOST_ALIKE: Final = 256

_COMMON: Final = forms.fields({key: attr for key, attr in COMMON.items() if key not in ("addr_gen_mode", "token")})
_GEN_MODE, _TOKEN = forms.field(COMMON["addr_gen_mode"]), Field("16s", 16, lambda raw, _: forms.token_text(raw))
_MISSING: Final[Mapping[str, Any]] = {
    "up": False, "promisc": False, "allmulti": False, "address": "", "mtu": 0, "link": "", "master": "",
    "txqlen": 0, "alias": "", "group": 0, "altnames": (),
}  # fmt: skip
_ADDRESS: Final = Field("s", 0, forms.mac)
_FACTS: Final[Mapping[int, tuple[str, Field]]] = {
    16: ("operstate", Field("B", 1, lambda number, _: _OPERSTATES[number] if number < 7 else str(number))),
    33: ("carrier", Field("B", 1, lambda number, _: bool(number))),
    NETNSID: ("netnsid", Field("i", 4)),
    50: ("min_mtu", Field("I", 4)),
    51: ("max_mtu", Field("I", 4)),
    54: ("perm_address", _ADDRESS),
    56: ("parent", Field("s", 0, forms.text)),
    57: ("bus", Field("s", 0, forms.text)),
}
_OWN_ADDRESS: Final = 4  # IFLA_BOND_SLAVE_PERM_HWADDR
_CONF4: Final = Field("s", 0)
_CONF6: Final = Field("s", 0, lambda raw, _: devconf.comparable(raw))


_DEFAULTS: Final[Mapping[str, Any]] = {"name": "", **Link._defaults}
_AT: Final = {field: at for at, field in enumerate(Link.__match_args__)}
_NAME, _KIND, _ATTRS, _PORT, _INDEX_AT, _TYPE, _PARENT, _FACTS_AT = (
    _AT[field] for field in ("name", "kind", "attrs", "port", "index", "type", "parent", "facts")
)
"""Where the fields of a Link stand: giving all of them by position is what costs least."""
Part = tuple[int, Convert | None]
"""A position among the unpacked values, and what is made of the value there."""


_FLAGS_AT, _AFTER_HEADER = 2, 3
"""Among the unpacked values, behind the device type and the ifindex."""


def _flag(bit: int) -> Convert:
    return lambda flags, _: flags & bit != 0


_FLAGS: Final[Mapping[str, Part]] = {key: (_FLAGS_AT, _flag(COMMON[key].bit)) for key in ("up", "promisc", "allmulti")}
_OWN: Final = frozenset({"address", "alias", "id"})
"""What few links have in common with others; what is the name of a link may change, which is the same."""


def dump_request() -> bytes:
    """All links, without their counters."""
    return request(0)


def request(index: int) -> bytes:
    """One link, which needs no dump."""
    return HEADER.pack(0, 0, index, 0, 0) + tlv.u32(_EXT_MASK, _SKIP_STATISTICS)


class _Kind(Frozen):
    """The tables of a link kind the way a reader asks them; `silent` is what it means that the kernel says nothing."""

    attrs: Fields
    ports: Fields
    read_only: tuple[str, ...]
    silent: Mapping[str, Any]
    port_silent: Mapping[str, Any]


@cache
def _kind(name: str) -> _Kind:
    """Of a kind that is not in the catalogue nothing is read."""
    kind = KINDS.get(name) or LinkKind(name)
    return _Kind(
        forms.fields(kind.attrs),
        forms.fields(kind.ports),
        tuple([key for key, attr in kind.attrs.items() if attr.read_only]),
        forms.unsaid(kind.attrs),
        forms.unsaid(kind.ports),
    )


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
        message = int.from_bytes(data[start:end], "little")
        for shape in self._shapes.get(key, ()):
            if message & shape.mask == shape.expected:
                return shape.link(data, start, names)
        shape = _Shape(data, start, end)
        link = shape.link(data, start, names)
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
    if end - start >= _FIRST.size:
        index, length, number = _FIRST.unpack_from(data, start)
        stop = start + HEADER.size + length
        if number == NAME and length > 4 and stop <= end:  # the kernel's order; what follows is checked by `Links.read`
            return index, tlv.read_text(data, start + _FIRST.size, stop)
    (index,) = _INDEX.unpack_from(data, start + 4)
    for number, first, last in tlv.walk(data, start + HEADER.size, end):
        if number == NAME:
            return int(index), tlv.read_text(data, first, last)
    raise MalformedMessage(f"link {index} has no name")


class _Group:
    """The unpacked values that make one dictionary of a link; `silent` has what the kernel means by saying nothing.

    Most links of a host are set alike but for what is a link's own, so what was made of the rest once is given again:
    nobody may change it.
    """

    def __init__(self, members: Mapping[str, Part], silent: Mapping[str, Any]) -> None:
        parts = [(key, position, convert) for key, (position, convert) in members.items()]
        self._own = [part for part in parts if part[0] in _OWN or part[2] is forms.name_of]
        common = [part for part in parts if part not in self._own]
        self._keys = tuple([key for key, _, _ in common])
        self._pick = _picker([position for _, position, _ in common])
        self._conversions = [(key, convert) for key, _, convert in common if convert]
        self._whole = {**dict.fromkeys(members), **{key: silent[key] for key in silent if key not in members}}
        self._made: dict[tuple[Any, ...], dict[str, Any]] = {}

    def values(self, unpacked: tuple[Any, ...], names: Names) -> dict[str, Any]:
        picked = self._pick(unpacked)
        found = self._made.get(picked)
        if found is None:
            found = self._made_of(picked, names)
        if self._own:
            found = found.copy()
            for key, position, convert in self._own:
                found[key] = convert(unpacked[position], names) if convert else unpacked[position]
        return found

    def _made_of(self, picked: tuple[Any, ...], names: Names) -> dict[str, Any]:
        found: dict[str, Any] = {**self._whole, **dict(zip(self._keys, picked, strict=True))}
        for key, convert in self._conversions:
            found[key] = convert(found[key], names)
        if len(self._made) >= _MOST_ALIKE:
            self._made.clear()
        self._made[picked] = found
        return found


class _Shape:
    """Where everything stands in one kind of message: all with the same bytes under `mask` are laid out alike.

    Raises MalformedMessage when the message contradicts itself.
    """

    def __init__(self, data: bytes, start: int, end: int) -> None:
        walk = _Walk(data, start, end)
        walk.top(end)
        kind, silent = _kind(walk.kind), {**_MISSING, **_kind(walk.kind).silent}
        if walk.kind == "veth":  # what it "sits on" is its peer
            walk.attrs["peer"] = walk.attrs.pop("link", (1, _nowhere))
            del silent["link"]
        read_only = {key: walk.attrs.pop(key) for key in kind.read_only if key in walk.attrs}
        self._attrs = _Group({**walk.attrs, **_FLAGS}, silent)
        self._port = _Group(walk.port, _kind(walk.port_kind).port_silent) if walk.port_kind else None
        self._read_only = _Group(read_only, {}) if read_only else None
        self._bus = walk.facts.pop("bus", None)
        self._fields = [_DEFAULTS[field] for field in Link.__match_args__]
        self._fields[_KIND] = walk.kind
        self._facts = [(_AT[key], position, convert) for key, (position, convert) in walk.facts.items()]
        self.unpack = walk.compiled(end).unpack_from
        self.mask = int.from_bytes(walk.checked, "little")
        self.expected = int.from_bytes(data[start:end], "little") & self.mask

    def link(self, data: bytes, start: int, names: Names) -> Link:
        unpacked = self.unpack(data, start)
        device_type, index, _ = unpacked[:_AFTER_HEADER]
        fields = self._fields.copy()
        fields[_NAME] = names[index]
        fields[_ATTRS] = self._attrs.values(unpacked, names)
        fields[_INDEX_AT] = index
        fields[_TYPE] = device_type
        if self._port is not None:
            fields[_PORT] = self._port.values(unpacked, names)
        for at, position, convert in self._facts:
            fields[at] = convert(unpacked[position], names) if convert else unpacked[position]
        if self._bus is not None:
            fields[_PARENT] = f"{forms.text(unpacked[self._bus[0]])}/{fields[_PARENT]}"
        if self._read_only is not None:
            fields[_FACTS_AT] = self._read_only.values(unpacked, names)
        return make(Link, fields)


class _Walk:
    """Learns a shape: the parts of a message by offset, and which of them are headers, attributes and facts."""

    def __init__(self, data: bytes, start: int, end: int) -> None:
        self._data, self._start = data, start
        self._parts: list[tuple[int, str, int]] = [(2, "H", 2), (4, "i", 4), (8, "I", 4)]
        self.kind = self.port_kind = ""
        self.checked = bytearray(end - start)
        self.attrs: dict[str, Part] = {}
        self.port: dict[str, Part] = {}
        self.facts: dict[str, Part] = {}

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
            elif number == KIND_DATA and self.kind in KINDS:
                for inner, low, high in self._attributes(first, last):
                    self._members(self.attrs, _kind(self.kind).attrs, inner, low, high)
            elif number == PORT_DATA and self.port_kind in KINDS:
                for inner, low, high in self._attributes(first, last):
                    self._members(self.port, _kind(self.port_kind).ports, inner, low, high)
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
                elif (family, number) == (INET6, TOKEN):
                    self.attrs["token"] = self._part(_TOKEN, low, high), _TOKEN.convert

    def _attributes(self, start: int, end: int) -> Iterator[tuple[int, int, int]]:
        for number, first, last in tlv.walk(self._data, start, end):
            self._check(first - 4, first)
            yield number, first, last

    def _members(self, into: dict[str, Part], table: Fields, number: int, a: int, b: int) -> None:
        position = -1
        for key, field in table.get(number, ()):
            position = position if position >= 0 else self._part(field, a, b)
            into[key] = position, field.convert

    def _constant(self, first: int, last: int) -> str:
        """A text that decides what the rest means, and so belongs to the shape."""
        self._check(first, last)
        return tlv.read_text(self._data, first, last)

    def _check(self, first: int, last: int) -> None:
        self.checked[first - self._start : last - self._start] = b"\xff" * (last - first)

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
