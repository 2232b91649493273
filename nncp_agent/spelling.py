"""Text that has one canonical form: link names, MAC and IP addresses. Each raises ValueError with what was wanted."""

from __future__ import annotations

import _socket as socket  # its wrapper takes 1.5 ms and gives nothing we use
import re
from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct

from netkernel.codec.forms import token_text


class Canonical(Struct, frozen=True):
    """In a type: text is read through `form`, which raises ValueError saying what was wanted.

    What is `secret` is in no message; with `numbers` a whole number is its text.
    """

    form: Callable[[str], str]
    secret: bool = False
    numbers: bool = False


class Words(Struct, frozen=True):
    """In a type: text that is one of these."""

    words: tuple[str, ...]


class Numbered(Struct, frozen=True):
    """In a type with words: the kernel's numbers 0, 1, 2 … stand for them as well; `flag`: so do false and true."""

    flag: bool = False


NAME_BYTES: Final = 15
ALT_NAME_BYTES: Final = 127
"""IFNAMSIZ and ALTIFNAMSIZ of linux/if.h, without the closing NUL."""
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,15}").fullmatch
_FUNCTION: Final = re.compile(r"sriov:(.+):(\d{1,5})").fullmatch
FUNCTION: Final = "sriov:"
"""How `sriov:eth1:0`, virtual function 0 of eth1, begins: no link is called so."""
_FORBIDDEN: Final = frozenset("/:%")
_RESERVED: Final = frozenset({".", "..", "all", "default"})  # directories below /proc/sys/net/ipv?/conf
_MAC: Final = re.compile(r"(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}|(?:[0-9A-Fa-f]{2}-){5}[0-9A-Fa-f]{2}").fullmatch
_PCI: Final = re.compile(r"(?:([0-9A-Fa-f]{4,8}):)?([0-9A-Fa-f]{2}:[01][0-9A-Fa-f]\.[0-7])").fullmatch
ZERO_MAC: Final = "00:00:00:00:00:00"


def link_name(text: str) -> str:
    """A name the kernel takes for a link, and takes as it stands (dev_valid_name, `%d` is a pattern to it)."""
    return text if _PLAIN_NAME(text) and text not in _RESERVED else _named(text, NAME_BYTES)


def _named(text: str, longest: int) -> str:
    if not text:
        raise ValueError("a link's name")
    if text in _RESERVED:
        raise ValueError("a link's name; this word means something else to the kernel")
    bad = next((char for char in text if char in _FORBIDDEN or char.isspace() or not char.isprintable()), None)
    if bad is not None:
        raise ValueError("a link's name: none of / : %, no blanks, no control characters")
    if (size := len(text.encode(errors="replace"))) > longest:
        raise ValueError(f"a link's name of at most {longest} bytes, this has {size}")
    return text


def link_reference(text: str) -> str:
    """What a policy may call a link that is there: the kernel keeps longer names beside the one it has for it."""
    if _PLAIN_NAME(text) and text not in _RESERVED:
        return text
    if text.startswith(FUNCTION):
        nic, id = virtual_function(text)
        return f"{FUNCTION}{_named(nic, ALT_NAME_BYTES)}:{id}"
    return _named(text, ALT_NAME_BYTES)


def virtual_function(text: str) -> tuple[str, int]:
    """`sriov:eth1:0` -> the NIC and the number of its virtual function (nmstate.md 3.3)."""
    if (found := _FUNCTION(text)) is None:
        raise ValueError("the virtual function of a NIC like sriov:eth1:0")
    return found[1], int(found[2])


def namespace_name(text: str) -> str:
    """A network namespace, as ip-netns(8) calls it."""
    if not text or text in (".", "..") or "/" in text or not text.isprintable() or text.isspace():
        raise ValueError("the name of a network namespace, as `ip netns` shows it")
    return text


def alt_name(text: str) -> str:
    """A name that a link can have beside its own."""
    return _named(text, ALT_NAME_BYTES)


def link_reference_or_none(text: str) -> str:
    """As `link_reference`; "" means none."""
    return link_reference(text) if text else ""


def mac_address(text: str) -> str:
    """`02-aB-00-00-00-01` -> `02:AB:00:00:00:01`. Multicast addresses name no link."""
    if not _MAC(text):
        raise ValueError("a MAC address like 02:00:00:00:00:01")
    if int(text[1], 16) & 1:
        raise ValueError("the MAC address of one link; this is a multicast address")
    return text.upper().replace("-", ":")


def pci_address(text: str) -> str:
    """`07:00.0` -> `0000:07:00.0`: domain (0 where it is not said), bus, device, function (lspci(8))."""
    if (found := _PCI(text)) is None:
        raise ValueError("a PCI address like 0000:07:00.0")
    return f"{found[1] or '0000'}:{found[2]}".lower()


FEATURE_WORDS: Final[Mapping[str, str]] = {
    "rx": "rx-checksum",
    "rx-checksumming": "rx-checksum",
    "ufo": "tx-udp-fragmentation",
    "gso": "tx-generic-segmentation",
    "generic-segmentation-offload": "tx-generic-segmentation",
    "gro": "rx-gro",
    "generic-receive-offload": "rx-gro",
    "lro": "rx-lro",
    "large-receive-offload": "rx-lro",
    "rxvlan": "rx-vlan-hw-parse",
    "rx-vlan-offload": "rx-vlan-hw-parse",
    "txvlan": "tx-vlan-hw-insert",
    "tx-vlan-offload": "tx-vlan-hw-insert",
    "ntuple": "rx-ntuple-filter",
    "ntuple-filters": "rx-ntuple-filter",
    "rxhash": "rx-hashing",
    "receive-hashing": "rx-hashing",
}
"""What ethtool(8) calls features that have another name in the kernel (nmstate.md 4.5)."""


def feature(text: str) -> str:
    """The kernel's name of a feature; which there are is the kernel's business."""
    return FEATURE_WORDS.get(text, text)


def ipv4_list(text: str) -> str:
    """`10.0.0.1, 10.0.0.2` -> `10.0.0.1,10.0.0.2`; what bonding takes as ARP targets (at most 16, no two equal)."""
    wanted = "at most 16 different IPv4 addresses with commas between, like 10.0.0.1,10.0.0.2"
    addresses = [each.strip() for each in text.split(",")] if text.strip() else []
    if len(addresses) > 16 or len(set(addresses)) < len(addresses):
        raise ValueError(wanted)
    if any(ip_or_none(each) is None or ":" in each or each in ("0.0.0.0", "255.255.255.255") for each in addresses):
        raise ValueError(wanted)
    return ",".join(addresses)


def ip_or_none(text: str) -> str | None:
    """The canonical text of an IPv4 or IPv6 address (RFC 5952), None when it is neither."""
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    try:
        return socket.inet_ntop(family, socket.inet_pton(family, text))
    except (OSError, ValueError):
        return None


def ip_address(text: str) -> str:
    """One IPv4 or IPv6 address without prefix length, canonical."""
    found = ip_or_none(text)
    if found is None:
        if "/" in text and ip_or_none(text.partition("/")[0]):
            raise ValueError("an address without prefix length, which goes into 'prefix-length'")
        raise ValueError("an IP address like 192.0.2.1 or 2001:db8::1")
    return found


def ip_token(text: str) -> str:
    """The lower half of an IPv6 address, as `::5`; "" for none, which `::` means as well."""
    found = ip_or_none(text) if text else "::"
    if found is None or ":" not in found or socket.inet_pton(socket.AF_INET6, found)[:8] != bytes(8):
        raise ValueError("the lower half of an IPv6 address like ::5, or '' for none")
    return token_text(socket.inet_pton(socket.AF_INET6, found))


def ip_network(text: str) -> str:
    """A network or host, or "" for none; host bits and a missing prefix length are the routes section's business."""
    address, slash, prefix = text.partition("/")
    if text and ip_or_none(address) is None:
        raise ValueError("a network like 192.0.2.0/24 or 2001:db8::/32")
    longest = 128 if ":" in address else 32
    if slash and not (prefix.isascii() and prefix.isdigit() and len(prefix) < 4 and int(prefix) <= longest):
        raise ValueError(f"a prefix length of 0 to {longest} after the /")
    return text


def lifetime(text: str) -> str:
    """`30`, `030sec` -> `30sec`; `forever`, as which -1 and 2**32 - 1 count (nmstate.md 4.1)."""
    digits = text.removesuffix("sec")
    if text in ("forever", "-1") or digits == str(2**32 - 1):
        return "forever"
    if not (digits.isascii() and digits.isdigit() and int(digits) < 2**32):
        raise ValueError("seconds like 3600sec, or forever")
    return f"{int(digits)}sec"


def name_server(text: str) -> str:
    """`2001:DB8::0` -> `2001:db8::`, with its zone; what is no address stays: a host may have it already."""
    address, percent, zone = text.partition("%")
    return (ip_or_none(address) or address) + percent + zone


def ip_or_empty(text: str) -> str:
    """As `ip_address`; "" means none."""
    return ip_address(text) if text else ""
