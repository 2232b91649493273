"""Rules of nftables as they are read back, as far as somebody has to find, count or delete them.

A rule is a list of expressions; those that load, compare, count and decide are understood, the others passed over
(linux/netfilter/nf_tables.h).
"""

from __future__ import annotations

from struct import Struct

from netkernel import tlv
from netkernel.frozen import Frozen, replace
from netkernel.typed import Final

INPUT_NAME, OUTPUT_NAME = 6, 7
"""NFT_META_IIFNAME, NFT_META_OIFNAME."""
DROP, JUMP, GOTO = 0, -3, -4
"""NF_DROP, NFT_JUMP, NFT_GOTO."""
_CHAIN, _HANDLE, _EXPRESSIONS, _USERDATA = 2, 3, 4, 7
_WORD: Final = Struct(">I")
_SIGNED: Final = Struct(">i")
_LONG: Final = Struct(">Q")
_EQUAL: Final = _WORD.pack(0)


class Rule(Frozen):
    """A rule that is there. `packets` is its counter's, None if it has none; `input` and `output` are the interfaces
    of an `iifname` and an `oifname`; `drops` says what it does, or `jumps_to` the chain where that is decided.
    """

    chain: str
    handle: int
    comment: str
    packets: int | None = None
    input: str = ""
    output: str = ""
    drops: bool = False
    jumps_to: str = ""


def read(data: bytes, start: int, end: int) -> Rule:
    """The rule in a message's attributes. Raises MalformedMessage."""
    found = Rule("", 0, "")
    for number, first, last in tlv.walk(data, start, end):
        if number == _CHAIN:
            found = replace(found, chain=tlv.read_text(data, first, last))
        elif number == _HANDLE and last - first == _LONG.size:
            found = replace(found, handle=_LONG.unpack_from(data, first)[0])
        elif number == _EXPRESSIONS:
            found = _with_expressions(found, data, first, last)
        elif number == _USERDATA:
            found = replace(found, comment=comment_of(data[first:last]))
    return found


def comment_of(userdata: bytes) -> str:
    """NFTNL_UDATA_*_COMMENT of libnftnl: type 0, length, text with its NUL; "" where there is none."""
    at = 0
    while at + 2 <= len(userdata):
        kind, length = userdata[at], userdata[at + 1]
        if kind == 0:
            return userdata[at + 2 : at + 2 + length].rstrip(b"\0").decode("utf-8", "replace")
        at += 2 + length
    return ""


def _with_expressions(rule: Rule, data: bytes, start: int, end: int) -> Rule:
    loaded = b""
    for _, first, last in tlv.walk(data, start, end):
        name, attributes = _expressed(data, first, last)
        if name == "counter" and len(raw := attributes.get(2, b"")) == _LONG.size:
            rule = replace(rule, packets=_LONG.unpack(raw)[0])
        elif name == "cmp" and loaded == _WORD.pack(INPUT_NAME) and attributes.get(2, _EQUAL) == _EQUAL:
            rule = replace(rule, input=_name(attributes))
        elif name == "cmp" and loaded == _WORD.pack(OUTPUT_NAME) and attributes.get(2, _EQUAL) == _EQUAL:
            rule = replace(rule, output=_name(attributes))
        elif name == "immediate":
            rule = _with_verdict(rule, attributes.get(2, b""))
        loaded = attributes.get(2, b"") if name == "meta" else b""
    return rule


def _with_verdict(rule: Rule, data: bytes) -> Rule:
    """Of NFTA_DATA_VERDICT; other immediate values are no verdicts."""
    for number, first, last in tlv.walk(data, 0, len(data)):
        if number != 2:
            continue
        parts = {each: data[low:high] for each, low, high in tlv.walk(data, first, last)}
        code = _SIGNED.unpack(parts[1])[0] if len(parts.get(1, b"")) == _SIGNED.size else None
        if code == DROP:
            rule = replace(rule, drops=True)
        elif code in (JUMP, GOTO):
            rule = replace(rule, jumps_to=tlv.text_of(parts.get(2, b"")))
    return rule


def _name(attributes: dict[int, bytes]) -> str:
    return attributes.get(3, b"")[4:].rstrip(b"\0").decode("utf-8", "surrogateescape")


def _expressed(data: bytes, start: int, end: int) -> tuple[str, dict[int, bytes]]:
    name, attributes = "", {}
    for number, first, last in tlv.walk(data, start, end):
        if number == 1:
            name = tlv.read_text(data, first, last)
        elif number == 2:
            attributes = {each: data[low:high] for each, low, high in tlv.walk(data, first, last)}
    return name, attributes
