"""How a link kind's attributes stand on the wire, and what the kernel allows to change when. Pure data."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping

from netkernel.choice import Choice, auto
from netkernel.frozen import Frozen
from netkernel.typed import Final

ETHERNET: Final = 1
"""ARPHRD_ETHER (linux/if_arp.h)."""


class Form(Choice):
    """How one attribute is packed."""

    U8 = auto()
    U16 = auto()
    U32 = auto()
    U64 = auto()
    S32 = auto()
    U16_BE = auto()  # protocol numbers
    U32_BE = auto()
    U32_LOW = auto()  # the low half of a u32: what is above is the kernel's own
    MARK = auto()  # nothing in it: it is there or not
    MAC = auto()
    LINK = auto()  # ifindex of a link given by name; "" is 0
    IPV4 = auto()  # in_addr; "" is 0.0.0.0
    IPV6 = auto()
    IPV4S = auto()  # nest of in_addr, in order
    IPV6S = auto()
    PRIORITIES = auto()  # nest of struct {u32 from; u32 to}; the value is a list of "from:to", in order
    ID = auto()  # u32 of a user or group; "" for nobody, which is not reported and cannot be said
    SCI = auto()  # a secure channel identifier: a MAC and a port, eight bytes as a MAC is written
    SCI_PORT = auto()  # the last two bytes of one, when read; written by itself, big endian
    MAC_END = auto()  # the last byte of a MAC, when read; written by itself
    BIT = auto()  # one bit of a struct {u32 flags; u32 mask}; several attributes share the number
    TEXT = auto()
    NAMES = auto()  # nest of alternative names, sorted; written by messages of their own
    PEER = auto()  # the nested link message of a veth peer; the value is its name
    FLAG = auto()  # a bit of ifinfomsg.ifi_flags
    BRIDGE_ID = auto()  # u16 priority big endian + MAC, as text; read only


class Attr(Frozen):
    """One attribute: its IFLA number, its form, and for enumerations the words in the kernel's order.

    `words` maps the number on the wire to the word in `Link.attrs`. `bit` is for BIT and FLAG; for
    PRIORITIES it is how many there can be, for SCI_PORT and MAC_END the number it is written with. `unsaid` is
    what it means that a kernel says nothing of it.
    """

    number: int
    form: Form
    words: Mapping[int, str] = {}
    bit: int = 0
    read_only: bool = False
    ticks: bool = False
    unsaid: str = ""

    def is_kept(self, written: object, found: object) -> bool:
        """Whether this is what a kernel tells of what was written, on the clock it has."""
        if found == written:
            return True
        return self.ticks and isinstance(written, int) and found == written - written % 2


Side = Callable[[object], Hashable]
"""Where a value of an attribute stands; what is on the other side of a barrier has another answer."""


def only(*values: object) -> Side:
    """These values by themselves, each on a side of its own, and all others together."""
    return lambda value: value if value in values else None


def enumerated(number: int, form: Form, *words: str) -> Attr:
    """An attribute whose values 0, 1, 2 … have names."""
    return Attr(number, form, dict(enumerate(words)))


class LinkKind(Frozen):
    """What the kernel's driver for one IFLA_INFO_KIND understands.

    `fixed`: taken only at creation; a change later is answered OK and ignored, or refused.
    `irrevocable`: what has a value loses it only when the link is made anew.
    `born`: read-only attributes that are said at creation, so that a link made again is as it was.
    `untold`: attributes that no kernel reports, so that a link made again has the usual value.
    `has_device`: it is made by opening a device file, not by netlink.
    `barriers`: attributes whose values only making the link anew takes from one side to another.
    `needs_down`: the link must be down to change it. `needs_no_ports`: it must have no ports.
    `defaults`: what a link created without stating them gets, as far as a plan needs to know.
    `mtus`: the smallest and the largest MTU in bytes that the driver takes; a largest of 0 is none.
    `type`: ARPHRD_* of linux/if_arp.h; what is no Ethernet has no MAC that anybody could give it.
    `whole`: whether a change has to say all attributes, because the driver takes silence for its defaults.
    `chooses_mtu`: whether the driver sets the MTU itself when a link is made, whatever is said then.
    `rebinds`: attributes whose change makes the driver look for an MTU anew, unless the change says one.
    `identity`: what only one link of the kind can have in a namespace, made of its attributes.
    `no_vlans`: no VLAN can sit on one (NETIF_F_VLAN_CHALLENGED). `keeps_frames`: nothing that takes all frames can
    (IFF_NO_RX_HANDLER, or a taker of its own). `passes_over`: made on one of these, it sits on what that sits on.
    `numbered`: what it makes of its MAC for IPv6 has a number in it that nobody tells, another one each time (dev_id).
    `not_with`: kinds that can be no port of one, beside those that carry no frames.
    `queue`: packets of the transmit queue that it is born with.
    """

    name: str
    attrs: Mapping[str, Attr] = {}
    ports: Mapping[str, Attr] = {}
    fixed: frozenset[str] = frozenset()
    irrevocable: frozenset[str] = frozenset()
    born: frozenset[str] = frozenset()
    untold: frozenset[str] = frozenset()
    has_device: bool = False
    barriers: Mapping[str, Side] = {}
    needs_down: frozenset[str] = frozenset()
    needs_no_ports: frozenset[str] = frozenset()
    defaults: Mapping[str, int | bool | str | tuple[str, ...]] = {}
    port_defaults: Mapping[str, int | bool | str | tuple[str, ...]] = {}
    mtus: tuple[int, int] = (0, 0)
    type: int = ETHERNET
    whole: bool = False
    chooses_mtu: bool = False
    rebinds: frozenset[str] = frozenset()
    identity: Callable[[Mapping[str, object]], Hashable] | None = None
    no_vlans: bool = False
    keeps_frames: bool = False
    passes_over: frozenset[str] = frozenset()
    not_with: frozenset[str] = frozenset()
    numbered: bool = False
    queue: int = 1000
