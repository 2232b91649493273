"""An nftables table as a value: it prints as the script nft(8) would read, and is sent in one transaction.

The words are those of nft(8); each carries the expressions the kernel is sent for it (linux/netfilter/nf_tables.h), so
that what is shown is what is done and a node needs no nft.
"""

from __future__ import annotations

from _socket import AF_INET, AF_INET6, inet_pton
from collections.abc import Iterable, Iterator, Sequence

from netkernel import nftables as nft
from netkernel.frozen import Frozen, fact
from netkernel.netlink import Message
from netkernel.typed import Final

FAMILIES: Final = {"inet": nft.INET, "bridge": nft.BRIDGE}
TCP, UDP = 6, 17
_PROTOCOLS: Final = {"TCP": TCP, "UDP": UDP}
_ETHER_TYPES: Final = {"arp": 0x0806, "ip": 0x0800, "ip6": 0x86DD, "rarp": 0x8035}
_HOOKS: Final = {"prerouting": 0, "input": 1, "forward": 2, "output": 3, "postrouting": 4}
DSTNAT, SRCNAT, MANGLE, FILTER = -100, 100, -150, 0
"""Priorities of linux/netfilter_ipv4.h."""


class Word(Frozen):
    """A match or a statement; `data` is what the kernel is sent for it."""

    text: str
    data: bytes = fact(default=b"")

    def __str__(self) -> str:
        return self.text


class Rule(Frozen):
    words: tuple[Word, ...]
    comment: str = ""

    def __str__(self) -> str:
        said = " ".join(map(str, self.words))
        return f'{said} comment "{self.comment}"' if self.comment else said


class Chain(Frozen):
    """With a `hook`, packets come through it; without one, rules jump to it. `kind` is `filter` or `nat`."""

    name: str
    rules: tuple[Rule, ...] = ()
    hook: str = ""
    kind: str = ""
    priority: int = 0

    def __str__(self) -> str:
        head = [f"type {self.kind} hook {self.hook} priority {self.priority};"] if self.hook else []
        return "\n".join(
            [f"\tchain {self.name} {{", *(f"\t\t{line}" for line in [*head, *map(str, self.rules)]), "\t}"]
        )


class Table(Frozen):
    """`family` is a key of FAMILIES. A chain stands behind those it jumps to.

    The kernel keeps `comment` (since 5.10): whoever wrote it finds there what it has written.
    """

    family: str
    name: str
    chains: tuple[Chain, ...]
    comment: str = ""

    def __str__(self) -> str:
        """The script: it takes the place of a table of this name, in one transaction."""
        head = f"table {self.family} {self.name}"
        said = [f'\tcomment "{self.comment}"'] if self.comment else []
        return "\n".join([head, f"delete {head}", f"{head} {{", *said, *map(str, self.chains), "}"])

    def messages(self) -> Iterator[Message]:
        """As `str`, for `Nftables.commit`."""
        of = FAMILIES[self.family], self.name
        yield nft.table(*of)
        yield nft.delete_table(*of)
        yield nft.table(*of, self.comment)
        for chain in self.chains:
            if chain.hook:
                hook = _HOOKS[chain.hook]
                yield nft.base_chain(*of, chain.name, kind=chain.kind, hook=hook, priority=chain.priority)
            else:
                yield nft.chain(*of, chain.name)
            for rule in chain.rules:
                yield nft.rule(*of, chain.name, [word.data for word in rule.words], rule.comment)


def rule(*words: Word, comment: str = "") -> Rule:
    return Rule(words, comment)


def iif(name: str) -> Word:
    return Word(f'iifname "{name}"', nft.input_name(name))


def oif(name: str) -> Word:
    return Word(f'oifname "{name}"', nft.output_name(name))


def not_iif(name: str) -> Word:
    return Word(f'iifname != "{name}"', nft.input_name(name, nft.UNEQUAL))


def not_oif(name: str) -> Word:
    return Word(f'oifname != "{name}"', nft.output_name(name, nft.UNEQUAL))


def source(ip: str) -> Word:
    return _address("saddr", ip)


def destination(ip: str) -> Word:
    return _address("daddr", ip)


def ether_source_not(mac: str) -> Word:
    return Word(f"ether saddr != {mac}", nft.ether_source(mac, nft.UNEQUAL))


def arp_mac_not(mac: str) -> Word:
    raw = bytes.fromhex(mac.replace(":", ""))
    return Word(f"arp saddr ether != {mac}", nft.arp_sender(8, raw, nft.UNEQUAL))


def arp_ip(ip: str) -> Word:
    return Word(f"arp saddr ip {ip}", nft.arp_sender(14, inet_pton(AF_INET, ip)))


def ether_type(word: str) -> Word:
    """`arp`, `ip`, `ip6` or `rarp`; in a table of frames, as all up to `over`."""
    number = _ETHER_TYPES[word]
    return Word(f"ether type {'0x8035' if word == 'rarp' else word}", nft.link_type(number))


def frame_source(network: str) -> Word:
    """An address, or a network with its prefix length."""
    ip, _, prefix = network.partition("/")
    width = 128 if ":" in ip else 32
    return Word(f"{_word_of(ip)} saddr {network}", nft.frame_source(ip, int(prefix or width)))


def udp_frames_to(port: int) -> Word:
    return Word(f"ether type ip udp dport {port}", nft.link_type(_ETHER_TYPES["ip"]) + nft.to_ports(UDP, port, port))


def router_advertisements() -> Word:
    return Word("icmpv6 type nd-router-advert", nft.icmp6_type(134))


def over(bytes_per_second: int, burst: int) -> Word:
    """What comes faster than that, beyond a burst of so many bytes."""
    return Word(
        f"limit rate over {bytes_per_second} bytes/second burst {burst} bytes", nft.over(bytes_per_second, burst)
    )


def ports(protocol: str, first: int, last: int | None = None) -> Word:
    """`protocol` is TCP or UDP; to one port, or to those from `first` to `last`."""
    text = str(first) if last in (None, first) else f"{first}-{last}"
    data = nft.to_ports(_PROTOCOLS[protocol], first, first if last is None else last)
    return Word(f"{protocol.lower()} dport {text}", data)


def family(number: int) -> Word:
    """Packets of IPv4 or IPv6 only."""
    return Word(f"meta nfproto ipv{number}", nft.of_family("." if number == 4 else ":"))


def new_connections() -> Word:
    """The packets that say how large segments may be (RFC 9293 section 3.7.1)."""
    return Word("tcp flags syn / syn,rst", nft.of_protocol(TCP) + nft.tcp_flags(0x02, 0x06))


def clamp_to_route() -> Word:
    """No larger segments than the way out passes."""
    return Word("tcp option maxseg size set rt mtu", nft.clamp())


def counter() -> Word:
    return Word("counter", nft.counter())


def dnat(ip: str) -> Word:
    return Word(f"dnat {_word_of(ip)} to {ip}", nft.translate(ip, to_source=False))


def snat(ip: str) -> Word:
    return Word(f"snat {_word_of(ip)} to {ip}", nft.translate(ip, to_source=True))


def masquerade() -> Word:
    return Word("masquerade", nft.masquerade())


def drop() -> Word:
    return Word("drop", nft.drop())


def leave() -> Word:
    return Word("return", nft.leave())


def jump(chain: str) -> Word:
    return Word(f"jump {chain}", nft.jump(chain))


def script(tables: Iterable[Table]) -> str:
    return "".join(f"{table}\n" for table in tables)


def messages(tables: Sequence[Table]) -> list[Message]:
    """All tables in one transaction."""
    return [message for table in tables for message in table.messages()]


def _word_of(ip: str) -> str:
    return "ip6" if ":" in ip else "ip"


def _address(which: str, ip: str) -> Word:
    width = len(inet_pton(AF_INET6 if ":" in ip else AF_INET, ip)) * 8
    return Word(f"{_word_of(ip)} {which} {ip}", nft.of_family(ip) + nft.address(which, ip, width))
