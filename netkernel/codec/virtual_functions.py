"""Virtual functions of a NIC (SR-IOV): IFLA_VFINFO_LIST of linux/if_link.h, read and written."""

from __future__ import annotations

from struct import Struct

from netkernel import tlv
from netkernel.codec.shapes import GET, HEADER
from netkernel.netlink import Message, Span
from netkernel.records import Attrs, Value
from netkernel.typed import Final

__all__ = ["GET", "change", "parent", "read", "request"]

_SET: Final = 16  # RTM_NEWLINK
_EXT_MASK, _LIST, _INFO = 29, 22, 1
_FILTER_VF, _SKIP_STATISTICS = 0x1, 0x8  # RTEXT_FILTER_
_MAC, _VLAN, _SPOOF_CHECK, _RATE, _TRUST, _VLAN_LIST, _VLAN_INFO = 1, 2, 4, 6, 9, 12, 1
_PARENT_NAME, _PARENT_BUS = 56, 57
_NUMBER: Final = Struct("=I")
_SETTING: Final = Struct("=II")
_RATES: Final = Struct("=III")
_VLANS: Final = Struct("=III2sxx")
_PROTOCOLS: Final = {"802.1q": b"\x81\x00", "802.1ad": b"\x88\xa8"}
_ETHERNET: Final = 6
_MAC_ROOM: Final = 32  # of struct ifla_vf_mac
FLAGS: Final = {"spoof-check": _SPOOF_CHECK, "trust": _TRUST}
VLAN: Final = ("vlan-id", "qos", "vlan-proto")
RATES: Final = ("min-tx-rate", "max-tx-rate")
"""Settings that are written together, or the others would be lost."""


def request(index: int) -> bytes:
    """For one link with all its virtual functions."""
    return HEADER.pack(0, 0, index, 0, 0) + tlv.u32(_EXT_MASK, _FILTER_VF | _SKIP_STATISTICS)


def read(span: Span) -> dict[int, Attrs]:
    """The settings of each virtual function. Raises MalformedMessage."""
    data, start, end = span
    found: dict[int, Attrs] = {}
    for number, first, last in tlv.walk(data, start + HEADER.size, end):
        if number == _LIST:
            for inner, at, stop in tlv.walk(data, first, last):
                if inner == _INFO:
                    id, settings = _read_one(data, at, stop)
                    found[id] = settings
    return found


def _read_one(data: bytes, start: int, end: int) -> tuple[int, Attrs]:
    id, settings = 0, dict[str, Value]()
    for number, first, last in tlv.walk(data, start, end):
        id = tlv.read_u32(data, first, last) if number == _MAC else id
        value = data[first + 4 : last]
        if number == _MAC:
            settings["mac-address"] = value[:_ETHERNET].hex(":")
        elif number == _RATE and len(value) >= 8:
            settings |= zip(RATES, _SETTING.unpack_from(value), strict=True)
        elif number == _VLAN_LIST:
            settings |= _read_vlan(data, first, last)
        for key, flag in FLAGS.items():
            if number == flag and (said := tlv.read_u32(value, 0, len(value))) != 0xFFFFFFFF:  # a driver without it
                settings[key] = bool(said)
    return id, settings


def _read_vlan(data: bytes, start: int, end: int) -> dict[str, Value]:
    for number, first, last in tlv.walk(data, start, end):
        if number == _VLAN_INFO and last - first >= 14:
            _, vlan, qos = _RATES.unpack_from(data, first)
            raw = data[first + 12 : first + 14]
            protocol = next((word for word, on_wire in _PROTOCOLS.items() if on_wire == raw), "802.1q")
            return {"vlan-id": vlan, "qos": qos, "vlan-proto": protocol}
    return {}


def change(id: int, new: Attrs, index: int) -> Message:
    """The message that makes `new` true of virtual function `id` of the link `index`. Raises ValueError."""
    parts = [_flag(number, id, new[key]) for key, number in FLAGS.items() if key in new]
    if "mac-address" in new:
        mac = bytes.fromhex(str(new["mac-address"]).replace(":", ""))
        parts.append(tlv.attribute(_MAC, _NUMBER.pack(id) + mac.ljust(_MAC_ROOM, b"\0")))
    if not new.keys().isdisjoint(VLAN):
        vlan, qos = (int(new.get(key, 0)) for key in VLAN[:2])  # type: ignore[arg-type]  # a number each
        protocol = _PROTOCOLS[str(new.get("vlan-proto", "802.1q"))]
        parts.append(tlv.nest(_VLAN_LIST, tlv.attribute(_VLAN_INFO, _VLANS.pack(id, vlan, qos, protocol))))
    if not new.keys().isdisjoint(RATES):
        low, high = (int(new.get(key, 0)) for key in RATES)  # type: ignore[arg-type]  # a number each
        parts.append(tlv.attribute(_RATE, _RATES.pack(id, low, high)))
    header = HEADER.pack(0, 0, index, 0, 0)
    return Message(_SET, 0, header + tlv.nest(_LIST, tlv.nest(_INFO, *parts)))


def parent(span: Span) -> str:
    """The device behind a link, as `Link.parent` says it; "" for none."""
    data, start, end = span
    words = {number: (first, last) for number, first, last in tlv.walk(data, start + HEADER.size, end)}
    if _PARENT_NAME not in words or _PARENT_BUS not in words:
        return ""
    return f"{tlv.read_text(data, *words[_PARENT_BUS])}/{tlv.read_text(data, *words[_PARENT_NAME])}"


def _flag(number: int, id: int, value: Value) -> bytes:
    return tlv.attribute(number, _SETTING.pack(id, int(bool(value))))
