"""Any records, for the codecs' tests: what the kernel can hold, in the form it reports."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Address, IPv6Network
from typing import Final

from hypothesis import strategies as st

from netkernel import tlv
from netkernel.codec.addresses import ASKED
from netkernel.link_kinds.base import Attr, Form
from netkernel.records import FOREVER, Address, Hop, Neighbour, Nexthop, Route, Rule, Value, VlanRange

INDEXES: Final = {"lo": 1, "eth0": 2, "br0.7": 3, "a-rather-long-1": 0xFFFFFF}
NAMES: Final = {index: name for name, index in INDEXES.items()}

links = st.sampled_from(sorted(INDEXES))
octets = st.integers(0, 255)
u32 = st.integers(0, 2**32 - 1)
ipv4 = st.ip_addresses(v=4).map(str)
ipv6 = st.ip_addresses(v=6).map(lambda ip: str(ip) if not _shown_as_ipv4(ip) else "2001:db8::1")
macs = st.binary(min_size=6, max_size=6).map(lambda raw: raw.hex(":"))
words = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=15)
networks4 = st.builds(
    lambda ip, bits: str(IPv4Network((ip, bits), strict=False)), st.ip_addresses(v=4), st.integers(0, 32)
)
networks6 = st.builds(
    lambda ip, bits: str(IPv6Network((int(ip) >> 80 << 80 | 1 << 70, bits), strict=False)),
    st.ip_addresses(v=6),
    st.integers(0, 64),
)


def _shown_as_ipv4(ip: object) -> bool:
    """`::ffff:1.2.3.4` and the like: inet_ntop writes them with dots, Python without."""
    return isinstance(ip, IPv6Address) and int(ip) >> 48 == 0


@st.composite
def addresses(draw: st.DrawFn) -> Address:
    own, link = draw(ipv4 | ipv6), draw(links)
    family = ipv6 if ":" in own else ipv4
    peer = draw(st.just("") | family)
    valid = draw(st.just(FOREVER) | st.integers(1, FOREVER))
    return Address(
        link=link,
        ip=own,
        prefix=draw(st.integers(0, 128 if ":" in own else 32)),
        peer=peer if peer != own else "",
        broadcast=draw(st.just("") | ipv4) if ":" not in own else "",
        label=draw(st.just("") | words.filter(lambda label: label != link)) if ":" not in own else "",
        scope=draw(octets),
        flags=draw(u32) & ASKED,
        metric=draw(u32),
        protocol=draw(octets),
        valid_s=valid,
        preferred_s=draw(st.integers(0, valid)) if valid != FOREVER else FOREVER,
    )


def raw_attributes(numbers: st.SearchStrategy[int]) -> st.SearchStrategy[bytes]:
    """Attributes that nobody reads and that go back as they came."""
    one = st.builds(tlv.attribute, numbers, st.binary(max_size=9))
    return st.lists(one, max_size=2).map(b"".join)


@st.composite
def routes(draw: st.DrawFn) -> Route:
    v6 = draw(st.booleans())
    gateways = ipv6 if v6 else ipv4 | ipv6
    kind = draw(st.sampled_from(["unicast", "unicast", "unicast", "blackhole", "unreachable", "prohibit", "throw"]))
    count = draw(st.integers(1, 3)) if kind == "unicast" else 0
    several = count > 1
    hops = tuple(
        Hop(
            link=draw(links),
            gateway=draw(st.just("") | gateways),
            weight=draw(st.integers(1, 256)) if several else 1,
            flags=draw(st.sampled_from([0, 4])),
            extra=draw(raw_attributes(st.just(22))) if several else b"",
        )
        for _ in range(count)
    )
    return Route(
        destination=draw(networks6 if v6 else networks4),
        hops=hops,
        table=draw(u32.filter(lambda table: table not in (0, 252, 255))),
        metric=draw(u32),
        kind=kind,
        protocol=draw(octets.filter(lambda protocol: protocol != 2)),
        scope=draw(octets),
        tos=draw(octets),
        source=draw(st.just("") | (ipv6 if v6 else ipv4)),
        source_prefix=draw(st.just("") | networks6.filter(lambda net: not net.endswith("/0"))) if v6 else "",
        nexthop=0,
        metrics=tuple(draw(st.lists(st.tuples(st.integers(1, 15), u32), max_size=3))),
        preference=draw(st.integers(0, 3)) if v6 else 0,
        extra=draw(raw_attributes(st.sampled_from([11, 21, 22, 26]))),
    )


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    family = draw(st.sampled_from([4, 6]))
    networks = st.just("") | (networks4 if family == 4 else networks6)
    fwmark = draw(u32)
    return Rule(
        family=family,
        priority=draw(u32),
        table=draw(u32.filter(lambda table: table != 252)),
        action=draw(octets),
        source=draw(networks),
        destination=draw(networks),
        iif=draw(st.just("") | words),
        oif=draw(st.just("") | words),
        fwmark=fwmark,
        fwmask=draw(u32),
        tos=draw(octets),
        suppress_prefix_length=draw(st.none() | st.integers(0, 128)),
        protocol=draw(octets),
        invert=draw(st.booleans()),
        extra=draw(raw_attributes(st.sampled_from([4, 11, 20, 22]))),
    )


neighbours = st.builds(
    Neighbour, links, ipv4 | ipv6, st.just("") | macs, st.just(0x80), st.sampled_from([0, 0x80, 0x10, 0x08])
)


@st.composite
def nexthops(draw: st.DrawFn) -> Nexthop:
    shape, id = draw(st.sampled_from(["one", "group", "blackhole"])), draw(st.integers(1, 2**32 - 1))
    protocol, extra = draw(octets), draw(raw_attributes(st.just(8)))
    if shape == "group":
        group = tuple(draw(st.lists(st.tuples(u32, st.integers(1, 65536)), min_size=1, max_size=4)))
        return Nexthop(id, 0, group=group, protocol=protocol, extra=extra)
    family = draw(st.sampled_from([4, 6]))
    if shape == "blackhole":
        return Nexthop(id, family, blackhole=True, protocol=protocol, extra=extra)
    gateway = draw(st.just("") | (ipv4 if family == 4 else ipv6))
    return Nexthop(
        id, family, draw(links), gateway, protocol=protocol, flags=draw(st.sampled_from([0, 4])), extra=extra
    )


@st.composite
def vlan_ranges(draw: st.DrawFn) -> VlanRange:
    first = draw(st.integers(1, 4094))
    pvid = draw(st.booleans())
    return VlanRange(first, first if pvid else draw(st.integers(first, 4094)), pvid, draw(st.booleans()))


def values_of(attr: Attr) -> st.SearchStrategy[Value]:
    """What an attribute of a kind's table can hold."""
    if attr.words:
        return st.sampled_from(sorted(attr.words.values()))
    limits = {Form.U8: 8, Form.U16: 16, Form.U32: 32, Form.U64: 64, Form.U16_BE: 16, Form.U32_BE: 32, Form.U32_LOW: 16}
    if attr.form in limits:
        return st.integers(0, 2 ** limits[attr.form] - 1)
    strategies: dict[Form, st.SearchStrategy[Value]] = {
        Form.S32: st.integers(-(2**31), 2**31 - 1),
        Form.MAC: macs,
        Form.ID: st.integers(0, 2**32 - 2),
        Form.SCI: st.binary(min_size=8, max_size=8).map(lambda raw: raw.hex(":")),
        Form.LINK: links,
        Form.IPV4: ipv4.filter(lambda ip: ip != "0.0.0.0"),
        Form.IPV6: ipv6.filter(lambda ip: ip != "::"),
        Form.IPV4S: st.lists(ipv4, min_size=1, max_size=4).map(tuple),
        Form.IPV6S: st.lists(ipv6, min_size=1, max_size=4).map(tuple),
        Form.PRIORITIES: st.dictionaries(st.integers(0, max(attr.bit - 1, 0)), st.integers(1, 7)).map(
            lambda found: tuple(f"{source}:{found[source]}" for source in sorted(found))
        ),
        Form.NAMES: st.lists(words.filter(bool), max_size=3, unique=True).map(lambda names: tuple(sorted(names))),
        Form.BIT: st.booleans(),
        Form.MARK: st.booleans(),
        Form.TEXT: words,
        Form.FLAG: st.booleans(),
    }
    return strategies[attr.form]
