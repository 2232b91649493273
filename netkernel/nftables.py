"""The door to nftables: tables, chains and rules of a few forms, in one transaction (linux/netfilter/nf_tables.h).

We write netlink instead of calling libnftables, because that reads the whole ruleset before it adds a rule, which is
what makes nodes with many rules slow, and because a node need not have it. All that stands here is printed by nft(8) as
if it had been written there.
"""

from __future__ import annotations

import errno
from _socket import AF_BRIDGE, AF_INET, AF_INET6, inet_pton
from collections.abc import Callable, Sequence
from struct import Struct

from netkernel import netfilter, nft_rules, tlv
from netkernel.errors import KernelRefused, MalformedMessage
from netkernel.frozen import replace
from netkernel.netlink import APPEND, CREATE, Message, Span, Wire, opened
from netkernel.nft_rules import Rule, comment_of
from netkernel.typed import Final, Self

BRIDGE: Final = AF_BRIDGE
INET: Final = 1
"""NFPROTO_INET."""
_SUBSYSTEM: Final = 10
_HEADER: Final = Struct(">BBH")  # struct nfgenmsg: family, version, resource (big-endian)
_BEGIN: Final = Message(0x10, 0, _HEADER.pack(0, 0, _SUBSYSTEM))
_END: Final = Message(0x11, 0, _HEADER.pack(0, 0, _SUBSYSTEM))
_NEW_TABLE, _GET_TABLE, _DELETE_TABLE, _NEW_CHAIN, _GET_CHAIN, _DELETE_CHAIN, _NEW_RULE, _GET_RULE, _DELETE_RULE = (
    _SUBSYSTEM << 8 | number for number in range(9)
)
_GET_GENERATION: Final = _SUBSYSTEM << 8 | 16
_WORD: Final = Struct(">I")
_LONG: Final = Struct(">Q")
_REGISTER: Final = 1
_ACCEPT, _RETURN = 1, -5
_PROTOCOL, _NFPROTO, _L4PROTO = 1, 15, 16
_BYTES, _INVERTED = 1, 1
"""NFT_LIMIT_PKT_BYTES, NFT_LIMIT_F_INV."""
_LINK_LAYER, _NETWORK, _TRANSPORT = 0, 1, 2
_TCPMSS, _HTON, _MAXSEG, _TCP_OPTION = 3, 1, 2, 1
"""NFT_RT_TCPMSS, NFT_BYTEORDER_HTON, TCPOPT_MAXSEG, NFT_EXTHDR_OP_TCPOPT."""
_ETHER_SOURCE: Final = (_LINK_LAYER, 6, 6)
EQUAL, UNEQUAL, AT_MOST, AT_LEAST = 0, 1, 3, 5
_NOT_THERE: Final = (errno.ENOENT, netfilter.NO_SUBSYSTEM)


def table(family: int, name: str, comment: str = "") -> Message:
    """Make a table; one that is there stays as it is."""
    marked = tlv.attribute(6, _userdata(comment)) if comment else b""
    return _message(_NEW_TABLE, CREATE, family, tlv.text(1, name) + marked)


def delete_table(family: int, name: str) -> Message:
    """With all that is in it."""
    return _message(_DELETE_TABLE, 0, family, tlv.text(1, name))


def chain(family: int, of: str, name: str) -> Message:
    """Make a chain that rules jump to; one that is there stays as it is."""
    return _message(_NEW_CHAIN, CREATE, family, tlv.text(1, of) + tlv.text(3, name))


def base_chain(family: int, of: str, name: str, *, kind: str, hook: int, priority: int) -> Message:
    """Make a chain that packets come through, policy accept. `kind`: `filter` or `nat`; `hook`: an NF_INET_* number."""
    at = tlv.nest(4, _word(1, hook), _word(2, priority & 0xFFFFFFFF))
    parts = tlv.text(1, of) + tlv.text(3, name) + at + _word(5, _ACCEPT) + tlv.text(7, kind)
    return _message(_NEW_CHAIN, CREATE, family, parts)


def delete_chain(family: int, of: str, name: str) -> Message:
    """An empty one that no rule jumps to: the kernel refuses others (EBUSY)."""
    return _message(_DELETE_CHAIN, 0, family, tlv.text(1, of) + tlv.text(3, name))


def flush(family: int, of: str, name: str) -> Message:
    """Delete the rules of a chain."""
    return _message(_DELETE_RULE, 0, family, tlv.text(1, of) + tlv.text(2, name))


def rule(family: int, of: str, chain: str, expressions: Sequence[bytes], comment: str = "") -> Message:
    """Append a rule."""
    listed = tlv.nest(4, *expressions)
    said = tlv.attribute(7, _userdata(comment)) if comment else b""
    return _message(_NEW_RULE, CREATE | APPEND, family, tlv.text(1, of) + tlv.text(2, chain) + listed + said)


def delete_rule(family: int, of: str, which: Rule) -> Message:
    named = tlv.text(1, of) + tlv.text(2, which.chain)
    return _message(_DELETE_RULE, 0, family, named + tlv.attribute(3, _LONG.pack(which.handle)))


def input_name(link: str, operator: int = EQUAL) -> bytes:
    """`iifname "<link>"`."""
    return _meta(nft_rules.INPUT_NAME) + _compare(operator, _name(link))


def output_name(link: str, operator: int = EQUAL) -> bytes:
    """`oifname "<link>"`."""
    return _meta(nft_rules.OUTPUT_NAME) + _compare(operator, _name(link))


def ether_source(mac: str, operator: int = EQUAL) -> bytes:
    """`ether saddr <mac>`."""
    return _payload(*_ETHER_SOURCE) + _compare(operator, bytes.fromhex(mac.replace(":", "")))


def ether_type(number: int) -> bytes:
    """`meta protocol`, by an EtherType: what stands before a match of that protocol in a table of frames."""
    return _meta(_PROTOCOL) + _compare(EQUAL, number.to_bytes(2))


def link_type(number: int) -> bytes:
    """`ether type`, by its number: what is written in the frame itself."""
    return _payload(_LINK_LAYER, 12, 2) + _compare(EQUAL, number.to_bytes(2))


def arp_sender(offset: int, value: bytes, operator: int = EQUAL) -> bytes:
    """`arp saddr ether` (offset 8) or `arp saddr ip` (14): what the sender says it is (RFC 826)."""
    return ether_type(0x0806) + _payload(_NETWORK, offset, len(value)) + _compare(operator, value)


def frame_source(ip: str, prefix: int) -> bytes:
    """`ip saddr` or `ip6 saddr` of an address or a network, in a table of frames."""
    return ether_type(0x0800 if "." in ip else 0x86DD) + address("saddr", ip, prefix)


def icmp6_type(number: int) -> bytes:
    """`icmpv6 type`, in a table of frames."""
    return ether_type(0x86DD) + of_protocol(58) + _payload(_TRANSPORT, 0, 1) + _compare(EQUAL, bytes([number]))


def over(bytes_per_second: int, burst: int) -> bytes:
    """`limit rate over <n> bytes/second burst <b> bytes`."""
    rate = tlv.attribute(1, _LONG.pack(bytes_per_second)) + tlv.attribute(2, _LONG.pack(1))
    return _expression("limit", rate, _word(3, burst), _word(4, _BYTES), _word(5, _INVERTED))


def address(which: str, ip: str, prefix: int, operator: int = EQUAL) -> bytes:
    """`ip saddr` or `ip6 daddr` and so on of an address or a network, in a table of both families."""
    raw = inet_pton(AF_INET if "." in ip else AF_INET6, ip)
    width = len(raw)
    offset = {4: {"saddr": 12, "daddr": 16}, 16: {"saddr": 8, "daddr": 24}}[width][which]
    loaded = _payload(_NETWORK, offset, width)
    if prefix < width * 8:
        mask = ((1 << prefix) - 1 << (width * 8 - prefix)).to_bytes(width)
        raw = bytes(one & other for one, other in zip(raw, mask, strict=True))
        loaded += _masked(mask)
    return loaded + _compare(operator, raw)


def of_family(ip: str) -> bytes:
    """What has to stand before `address` in a table of both families: `meta nfproto`, which nft(8) does not print."""
    return _meta(_NFPROTO) + _compare(EQUAL, bytes([AF_INET if "." in ip else AF_INET6]))


def of_protocol(number: int) -> bytes:
    """`meta l4proto`, by an IPPROTO_ number."""
    return _meta(_L4PROTO) + _compare(EQUAL, bytes([number]))


def to_ports(protocol: int, first: int, last: int) -> bytes:
    """`tcp dport` or `udp dport`, by an IPPROTO_ number."""
    loaded = of_protocol(protocol) + _payload(_TRANSPORT, 2, 2)
    if first == last:
        return loaded + _compare(EQUAL, first.to_bytes(2))
    return loaded + _compare(AT_LEAST, first.to_bytes(2)) + _compare(AT_MOST, last.to_bytes(2))


def tcp_flags(set: int, of: int) -> bytes:
    """`tcp flags <set> / <of>`; the protocol is to be looked at before."""
    return _payload(_TRANSPORT, 13, 1) + _masked(bytes([of])) + _compare(EQUAL, bytes([set]))


def clamp() -> bytes:
    """`tcp option maxseg size set rt mtu`."""
    loaded = _expression("rt", _word(1, _REGISTER), _word(2, _TCPMSS))
    swapped = _expression(
        "byteorder", _word(1, _REGISTER), _word(2, _REGISTER), _word(3, _HTON), _word(4, 2), _word(5, 2)
    )
    kind = tlv.attribute(2, bytes([_MAXSEG]))
    written = _expression("exthdr", kind, _word(3, 2), _word(4, 2), _word(6, _TCP_OPTION), _word(7, _REGISTER))
    return loaded + swapped + written


def translate(ip: str, *, to_source: bool) -> bytes:
    """`snat to <ip>` or `dnat to <ip>`, in a table of both families."""
    family = AF_INET if "." in ip else AF_INET6
    loaded = _expression("immediate", _word(1, _REGISTER), tlv.nest(2, tlv.attribute(1, inet_pton(family, ip))))
    how = 0 if to_source else 1
    return loaded + _expression("nat", _word(1, how), _word(2, family), _word(3, _REGISTER))


def counter() -> bytes:
    return _expression("counter", tlv.attribute(1, bytes(8)), tlv.attribute(2, bytes(8)))


def drop() -> bytes:
    return _verdict(nft_rules.DROP)


def leave() -> bytes:
    """`return`."""
    return _verdict(_RETURN)


def jump(to: str) -> bytes:
    return _verdict(nft_rules.JUMP, tlv.text(2, to))


def masquerade() -> bytes:
    return _expression("masq")


class Nftables:
    """A conversation with nftables in the namespace of the calling thread.

    A kernel that has none has no table either: it is asked in vain, and refuses what is to be made.
    """

    def __init__(self, wire: Callable[[int], Wire] = opened) -> None:
        """`wire` opens a socket of a netlink protocol."""
        self._socket = netfilter.conversation(wire)

    def commit(self, messages: Sequence[Message], generation: int | None = None) -> None:
        """All of it or nothing; with a `generation` only if nobody has changed anything since then.

        Raises KernelRefused, with the errno of the first message that was refused.
        """
        since = b"" if generation is None else _word(1, generation)
        begin = replace(_BEGIN, payload=_BEGIN.payload + since)
        refused = self._socket.write([begin, *messages], closing=_END)
        if refused:
            said = refused[min(refused)]
            is_none = 0 in refused and said.errno == netfilter.NO_SUBSYSTEM
            reason = "this kernel has no nf_tables" if is_none else said.reason
            raise KernelRefused("nftables", said.errno, reason)

    def generation(self) -> int:
        """A number that each transaction of anybody changes. Raises KernelRefused."""
        data, start, end = self._socket.ask(_GET_GENERATION, _HEADER.pack(0, 0, 0))
        for number, first, last in tlv.walk(data, start + _HEADER.size, end):
            if number == 1 and last - first == _WORD.size:
                return int(_WORD.unpack_from(data, first)[0])
        raise MalformedMessage("a generation of nftables without a number")

    def table_comment(self, family: int, name: str) -> str | None:
        """What its maker said of it; None where there is no such table. Linux before 5.10 keeps no comment."""
        answer = self._asked(_GET_TABLE, family, tlv.text(1, name))
        if answer is None:
            return None
        data, start, end = answer
        walked = tlv.walk(data, start + _HEADER.size, end)
        return next((comment_of(data[first:last]) for number, first, last in walked if number == 6), "")

    def tables(self) -> list[tuple[int, str]]:
        """Family and name of every table. Raises KernelRefused."""
        found = []
        for data, start, end in self._socket.dump(_GET_TABLE, _HEADER.pack(0, 0, 0)):
            family = _HEADER.unpack_from(data, start)[0]
            for number, first, last in tlv.walk(data, start + _HEADER.size, end):
                if number == 1:
                    found.append((family, tlv.read_text(data, first, last)))
        return found

    def chains(self, family: int, of: str) -> list[str]:
        """The names of a table's chains. Raises KernelRefused."""
        found = []
        for data, start, end in self._dumped(_GET_CHAIN, _HEADER.pack(family, 0, 0)):
            names = {
                number: tlv.read_text(data, first, last)
                for number, first, last in tlv.walk(data, start + _HEADER.size, end)
                if number in (1, 3)
            }
            if names.get(1) == of:
                found.append(names[3])
        return found

    def has_table(self, family: int, name: str) -> bool:
        return self._is_there(_GET_TABLE, family, tlv.text(1, name))

    def has_chain(self, family: int, of: str, name: str) -> bool:
        return self._is_there(_GET_CHAIN, family, tlv.text(1, of) + tlv.text(3, name))

    def rules(self, family: int, of: str, chain: str = "", containing: str = "") -> list[Rule]:
        """The rules of a chain or of a whole table, those of them whose bytes contain a text; none where there is no
        such table or chain."""
        wanted = containing.encode()
        request = _HEADER.pack(family, 0, 0) + tlv.text(1, of) + (tlv.text(2, chain) if chain else b"")
        spans = self._dumped(_GET_RULE, request)
        return [
            nft_rules.read(data, start + _HEADER.size, end)
            for data, start, end in spans
            if data.find(wanted, start, end) >= 0
        ]

    def _dumped(self, kind: int, request: bytes) -> list[Span]:
        try:
            return self._socket.dump(kind, request)
        except KernelRefused as refused:
            if refused.errno in _NOT_THERE:
                return []
            raise

    def _is_there(self, kind: int, family: int, named: bytes) -> bool:
        return self._asked(kind, family, named) is not None

    def _asked(self, kind: int, family: int, named: bytes) -> Span | None:
        try:
            return self._socket.ask(kind, _HEADER.pack(family, 0, 0) + named)
        except KernelRefused as refused:
            if refused.errno in _NOT_THERE:
                return None
            raise

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _message(kind: int, flags: int, family: int, payload: bytes) -> Message:
    return Message(kind, flags, _HEADER.pack(family, 0, 0) + payload)


def _word(number: int, value: int) -> bytes:
    return tlv.attribute(number, _WORD.pack(value))


def _userdata(comment: str) -> bytes:
    """NFTNL_UDATA_*_COMMENT of libnftnl: type 0, length, text with its NUL."""
    raw = comment.encode() + b"\0"
    if len(raw) > 128:
        raise ValueError(f"a comment of {len(raw) - 1} bytes: nft(8) takes 127")
    return bytes([0, len(raw)]) + raw


def _expression(name: str, *attributes: bytes) -> bytes:
    return tlv.nest(1, tlv.text(1, name), tlv.nest(2, *attributes))


def _meta(key: int) -> bytes:
    return _expression("meta", _word(2, key), _word(1, _REGISTER))


def _payload(base: int, offset: int, length: int) -> bytes:
    return _expression("payload", _word(1, _REGISTER), _word(2, base), _word(3, offset), _word(4, length))


def _masked(mask: bytes) -> bytes:
    registers = _word(1, _REGISTER) + _word(2, _REGISTER) + _word(3, len(mask))
    nothing = tlv.nest(5, tlv.attribute(1, bytes(len(mask))))
    return _expression("bitwise", registers, tlv.nest(4, tlv.attribute(1, mask)), nothing)


def _name(link: str) -> bytes:
    return link.encode("utf-8", "surrogateescape").ljust(16, b"\0")


def _compare(operator: int, value: bytes) -> bytes:
    return _expression("cmp", _word(1, _REGISTER), _word(2, operator), tlv.nest(3, tlv.attribute(1, value)))


def _verdict(code: int, chain: bytes = b"") -> bytes:
    said = tlv.nest(2, _word(1, code & 0xFFFFFFFF) + chain)
    return _expression("immediate", _word(1, 0), tlv.nest(2, said))
