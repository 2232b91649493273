"""The forms of link-kind attributes (`link_kinds.base.Form`) on the wire, driven by each kind's table."""

from __future__ import annotations

import struct
from _socket import AF_INET, AF_INET6, inet_ntop, inet_pton
from collections.abc import Callable, Iterable, Mapping

from netkernel import tlv
from netkernel.errors import MalformedMessage
from netkernel.frozen import Frozen
from netkernel.link_kinds.base import Attr, Form
from netkernel.records import Attrs, Value
from netkernel.typed import Any, Final

Names = Mapping[int, str]
"""Names of links by ifindex."""
IndexOf = Callable[[str], int]
"""The ifindex of a link; raises KernelRefused when there is none."""
Convert = Callable[[Any, Names], Any]
"""From what `struct` unpacked (a number, or bytes for code "s") to the value in a record."""


class Field(Frozen):
    """How one payload is unpacked: a struct code, its size (0 for the whole payload), and what is made of it."""

    code: str
    size: int
    convert: Convert | None = None


_NUMBERS: Final[Mapping[Form, tuple[str, int]]] = {
    Form.U8: ("B", 1),
    Form.U16: ("H", 2),
    Form.U32: ("I", 4),
    Form.U64: ("Q", 8),
    Form.S32: ("i", 4),
    Form.ID: ("I", 4),
}
_PACKERS: Final[Mapping[Form, Callable[[int, int], bytes]]] = {
    Form.U8: tlv.u8,
    Form.U16: tlv.u16,
    Form.U32: tlv.u32,
    Form.U64: tlv.u64,
    Form.S32: tlv.s32,
    Form.ID: tlv.u32,
    Form.U16_BE: lambda number, value: tlv.attribute(number, value.to_bytes(2, "big")),
    Form.U32_BE: lambda number, value: tlv.attribute(number, value.to_bytes(4, "big")),
    Form.U32_LOW: tlv.u32,
}
_BITS: Final = struct.Struct("=II")
_NO_TOKEN: Final = bytes(16)
_MAPPING: Final = 1
"""IFLA_VLAN_QOS_MAPPING (linux/if_link.h)."""
ELSEWHERE: Final = frozenset({Form.FLAG, Form.PEER})
"""No attributes of their own: bits of the link header, and the nested message of a veth's peer."""
_ALT_NAME: Final = 53
"""IFLA_ALT_IFNAME (linux/if_link.h)."""

Fields = Mapping[int, tuple[tuple[str, Field], ...]]
"""By attribute number: the keys it carries (several, where one number holds bits)."""


def fields(table: Mapping[str, Attr]) -> Fields:
    """A kind's table, the way a reader asks it."""
    found: dict[int, tuple[tuple[str, Field], ...]] = {}
    for key, attr in table.items():
        if attr.form not in ELSEWHERE:
            found[attr.number] = (*found.get(attr.number, ()), (key, field(attr)))
    return found


def field(attr: Attr) -> Field:
    """How `attr` is read. Raises ValueError for a form that is no attribute."""
    words, bit = attr.words, attr.bit
    match attr.form:
        case Form.MAC:
            return Field("s", 0, mac)
        case Form.LINK:
            return Field("I", 4, name_of)
        case Form.TEXT:
            return Field("s", 0, text)
        case Form.IPV4:
            return Field("4s", 4, lambda raw, _: inet_ntop(AF_INET, raw) if any(raw) else "")
        case Form.IPV6:
            return Field("16s", 16, lambda raw, _: inet_ntop(AF_INET6, raw) if any(raw) else "")
        case Form.IPV4S:
            return Field("s", 0, lambda raw, _: _addresses(AF_INET, 4, raw))
        case Form.IPV6S:
            return Field("s", 0, lambda raw, _: _addresses(AF_INET6, 16, raw))
        case Form.PRIORITIES:
            return Field("s", 0, lambda raw, _: _mappings(raw))
        case Form.NAMES:
            return Field("s", 0, lambda raw, _: _names(raw))
        case Form.BIT:
            return Field("I", 4, lambda word, _: bool(word & bit))
        case Form.BRIDGE_ID:
            return Field("8s", 8, lambda raw, _: f"{raw[:2].hex()}.{raw[2:].hex(':')}")
        case Form.SCI:
            return Field("8s", 8, mac)
        case Form.SCI_PORT:
            return Field("8s", 8, lambda raw, _: int.from_bytes(raw[6:], "big"))
        case Form.MAC_END:
            return Field("6s", 6, lambda raw, _: raw[5])
        case Form.U16_BE:
            return Field("2s", 2, lambda raw, _: words.get(number := int.from_bytes(raw, "big"), number))
        case Form.U32_BE:
            return Field("4s", 4, lambda raw, _: int.from_bytes(raw, "big"))
        case Form.U32_LOW:
            return Field("I", 4, lambda number, _: number & 0xFFFF)
        case Form.MARK:
            return Field("s", 0, lambda _, __: True)
        case Form.FLAG | Form.PEER:
            raise ValueError(f"{attr.form} is no attribute of its own")
    code, size = _NUMBERS[attr.form]
    return Field(code, size, (lambda number, _: words.get(number, number)) if words else None)


def unsaid(table: Mapping[str, Attr]) -> dict[str, Value]:
    """What it means that the kernel does not report an attribute: no bit set, no mark, an empty list, no link."""
    nothing: dict[Form, Value] = {
        Form.BIT: False,
        Form.MARK: False,
        Form.IPV4S: (),
        Form.IPV6S: (),
        Form.PRIORITIES: (),
        Form.NAMES: (),
        Form.LINK: "",
        Form.ID: "",
        Form.IPV4: "",
        Form.IPV6: "",
    }
    said = {key: nothing[attr.form] for key, attr in table.items() if attr.form in nothing and not attr.read_only}
    return {**said, **{key: attr.unsaid for key, attr in table.items() if attr.unsaid}}


def name_of(index: int, names: Names) -> str:
    """What a link is called; "" for none."""
    return names.get(index, "")


def token_text(raw: bytes) -> str:
    """Half an IPv6 address, as `::a:5` (RFC 5952 and no IPv4 address in it); "" for none."""
    if raw == _NO_TOKEN:
        return ""
    groups = [f"{raw[at]:02x}{raw[at + 1]:02x}".lstrip("0") or "0" for at in range(8, 16, 2)]
    first = next((at for at, group in enumerate(groups) if group != "0"), 4)
    return "::" + ":".join(groups[first:]) if first < 4 else ""


def mac(raw: bytes, _: Names | None = None) -> str:
    """A hardware address as text: lower case, whatever its length ("" for none)."""
    return raw.hex(":") if raw else ""


def text(raw: bytes, _: Names | None = None) -> str:
    """Up to the first NUL; bytes that are no UTF-8 are carried through."""
    zero = raw.find(b"\0")
    return (raw if zero < 0 else raw[:zero]).decode("utf-8", "surrogateescape")


def _addresses(family: int, size: int, raw: bytes) -> tuple[str, ...]:
    found = []
    for _, first, last in tlv.walk(raw, 0, len(raw)):
        if last - first != size:
            raise MalformedMessage(f"an address of {last - first} bytes, wanted {size}")
        found.append(inet_ntop(family, raw[first:last]))
    return tuple(found)


def _names(raw: bytes) -> tuple[str, ...]:
    walked = tlv.walk(raw, 0, len(raw))
    return tuple(sorted([tlv.read_text(raw, first, last) for number, first, last in walked if number == _ALT_NAME]))


def _mappings(raw: bytes) -> tuple[str, ...]:
    found = []
    for _, first, last in tlv.walk(raw, 0, len(raw)):
        if last - first != _BITS.size:
            raise MalformedMessage(f"a mapping of {last - first} bytes, wanted {_BITS.size}")
        found.append(_BITS.unpack_from(raw, first))
    return tuple(f"{source}:{target}" for source, target in sorted(found) if target)


def pack(table: Mapping[str, Attr], attrs: Attrs, index_of: IndexOf) -> list[bytes]:
    """The attributes of `attrs` that stand in `table`, in the table's order; bits of one number become one attribute.

    Flags, the veth peer and what is read only are left out. Raises ValueError for a value that does not fit.
    """
    packed: list[bytes] = []
    bits: dict[int, tuple[int, int]] = {}
    for key, attr in table.items():
        if key not in attrs or attr.read_only or attr.form in ELSEWHERE:
            continue
        value = attrs[key]
        if attr.form is Form.MARK and not value:
            continue
        if attr.form is Form.BIT:
            on, mask = bits.get(attr.number, (0, 0))
            bits[attr.number] = on | (attr.bit if value else 0), mask | attr.bit
            continue
        try:
            packed.append(_packed(attr, value, index_of))
        except (struct.error, OSError, OverflowError, ValueError, TypeError) as error:
            raise ValueError(f"{key} {value!r} does not fit: {error}") from error
    packed.extend(tlv.attribute(number, _BITS.pack(on, mask)) for number, (on, mask) in bits.items())
    return packed


def _packed(attr: Attr, value: Value, index_of: IndexOf) -> bytes:
    match attr.form:
        case Form.MAC | Form.SCI:
            return tlv.attribute(attr.number, bytes.fromhex(str(value).replace(":", "")))
        case Form.LINK:
            return tlv.u32(attr.number, index_of(str(value)) if value else 0)
        case Form.MARK:
            return tlv.attribute(attr.number, b"")
        case Form.TEXT:
            return tlv.attribute(attr.number, str(value).encode("utf-8", "surrogateescape"))
        case Form.IPV4:
            return tlv.attribute(attr.number, inet_pton(AF_INET, str(value) or "0.0.0.0"))
        case Form.IPV6:
            return tlv.attribute(attr.number, inet_pton(AF_INET6, str(value) or "::"))
        case Form.IPV4S:
            return tlv.nest(attr.number, *_listed(AF_INET, value))
        case Form.IPV6S:
            return tlv.nest(attr.number, *_listed(AF_INET6, value))
        case Form.PRIORITIES:
            return tlv.nest(attr.number, *_mapped(attr, value))
        case Form.NAMES:
            return tlv.nest(attr.number, *(tlv.text(_ALT_NAME, each) for each in _texts(value)))
        case Form.SCI_PORT:
            return tlv.attribute(attr.bit, _number(attr, value).to_bytes(2, "big"))
        case Form.MAC_END:
            return tlv.u8(attr.bit, _number(attr, value))
        case _:
            return _PACKERS[attr.form](attr.number, _number(attr, value))


def _number(attr: Attr, value: Value) -> int:
    if isinstance(value, str):
        for number, word in attr.words.items():
            if word == value:
                return number
        raise ValueError(f"wanted one of {', '.join(attr.words.values())}")
    return int(value)  # type: ignore[arg-type]  # a tuple here is a bug and raises TypeError


def _listed(family: int, value: Value) -> Iterable[bytes]:
    if not isinstance(value, tuple):
        raise TypeError("wanted a list of addresses")
    return [tlv.attribute(position, inet_pton(family, ip)) for position, ip in enumerate(value)]


def _texts(value: Value) -> Iterable[str]:
    if not isinstance(value, tuple):
        raise TypeError("wanted a list of names")
    return value


def _mapped(attr: Attr, value: Value) -> Iterable[bytes]:
    """All mappings there can be: those that are not in the list go to 0, which takes them away."""
    if not isinstance(value, tuple):
        raise TypeError("wanted a list of mappings")
    wanted = dict.fromkeys(range(attr.bit), 0)
    wanted |= {int(source): int(target) for source, _, target in (each.partition(":") for each in value)}
    return [tlv.attribute(_MAPPING, _BITS.pack(source, target)) for source, target in wanted.items()]
