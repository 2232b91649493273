"""What a host holds, as light frozen values: links, addresses, routes, rules, neighbours, bridge VLANs, files.

Equality means "configured the same": facts that come and go by themselves (carrier, DAD, liveness) do not take part.
Links are referred to by name; ifindexes are facts of one boot.
"""

from __future__ import annotations

from collections.abc import Mapping

from netkernel.frozen import Frozen, fact
from netkernel.typed import Final

Value = int | bool | str | tuple[str, ...]
"""One attribute: numbers, flags, kernel words and lower-case MACs; tuples are lists of IP addresses."""
Attrs = Mapping[str, Value]

FOREVER: Final = 0xFFFFFFFF
"""Lifetime of an address that does not expire (IFA_CACHEINFO, linux/if_addr.h)."""
MAIN_TABLE: Final = 254
"""RT_TABLE_MAIN (linux/rtnetlink.h)."""

NO_ATTRS: Final[Attrs] = {}


class Link(Frozen):
    """One network device.

    `kind` is IFLA_INFO_KIND, or "" for a device without one (a NIC, lo). `attrs` holds what can be set: the keys of
    `link_kinds.COMMON` and those of its kind's table. `port` holds the options its controller keeps for it
    (IFLA_INFO_SLAVE_DATA, keys of the controller kind's `ports` table). `conf4` and `conf6` are the s32 arrays of
    IFLA_INET_CONF and IFLA_INET6_CONF (see `devconf`). Everything after them is a fact, never compared; `facts` has the
    read-only attributes of its kind (timers, the active port).
    """

    name: str
    kind: str = ""
    attrs: Attrs = NO_ATTRS
    port: Attrs = NO_ATTRS
    conf6: bytes = b""
    conf4: bytes = fact(default=b"")
    index: int = fact(default=0)
    carrier: bool = fact(default=False)
    operstate: str = fact(default="unknown")
    type: int = fact(default=1)  # ARPHRD_* of linux/if_arp.h
    min_mtu: int = fact(default=0)
    max_mtu: int = fact(default=0)
    perm_address: str = fact(default="")
    own_address: str = fact(default="")  # a bond's port: the MAC it came with and gets back
    address_assigned: int | None = fact(default=None)  # NET_ADDR_* (sysfs addr_assign_type): 3 is pinned
    netnsid: int | None = fact(default=None)  # IFLA_LINK_NETNSID: its base or peer lives elsewhere
    parent: str = fact(default="")  # IFLA_PARENT_DEV_BUS_NAME/IFLA_PARENT_DEV_NAME, as "pci/0000:00:03.0"
    pci: str = fact(default="")  # where its device is plugged in, "0000:00:03.0", also behind a virtio bus
    driver: str = fact(default="")  # of its device
    facts: Attrs = fact(default={})

    @property
    def up(self) -> bool:
        return bool(self.attrs.get("up"))

    @property
    def mtu(self) -> int:
        return int(self.attrs.get("mtu") or 0)  # type: ignore[arg-type]  # the table says it is a number

    @property
    def address(self) -> str:
        return str(self.attrs.get("address") or "")

    @property
    def master(self) -> str:
        return str(self.attrs.get("master") or "")

    @property
    def link(self) -> str:
        """The link this one sits on (IFLA_LINK) in this namespace, or ""."""
        return str(self.attrs.get("link") or "")

    @property
    def peer(self) -> str:
        """The other end of a veth, or "" where that is in another namespace."""
        return "" if self.attrs.get("peer_netns") else str(self.attrs.get("peer") or "")

    @property
    def below(self) -> tuple[str, ...]:
        """The links this one is gone without: its base, or both ports of an hsr."""
        if self.kind == "hsr":
            return tuple(str(self.attrs[key]) for key in ("slave1", "slave2") if self.attrs.get(key))
        return (self.link,) if self.link else ()

    @property
    def altnames(self) -> tuple[str, ...]:
        """Its alternative names, sorted."""
        return self.attrs.get("altnames") or ()  # type: ignore[return-value]  # the table says it is a list

    @property
    def alias(self) -> str:
        return str(self.attrs.get("alias") or "")


class Hardware(Frozen):
    """What the driver of one link is set to, by section (see `ethtool`); what is not there its driver does not have.

    `settings["feature"]` has the features that can be changed, as they are wanted, which is what is written. `facts`
    has what nobody can write: `active` and `fixed` features, largest values and what was negotiated under the names of
    their sections, the `devices` of virtual functions.
    """

    settings: Mapping[str, Attrs] = {}
    facts: Mapping[str, Attrs] = fact(default={})


class Address(Frozen):
    """One IP address of a link. `flags` has the bits a user can ask for (IFA_F_NOPREFIXROUTE, IFA_F_NODAD, …)."""

    link: str
    ip: str
    prefix: int
    peer: str = ""
    broadcast: str = ""
    label: str = ""
    scope: int = 0
    flags: int = 0
    metric: int = 0  # IFA_RT_PRIORITY of its prefix route
    protocol: int = 0  # IFA_PROTO
    valid_s: int = fact(default=FOREVER)
    preferred_s: int = fact(default=FOREVER)
    state: int = fact(default=0)  # IFA_F_TENTATIVE, _DADFAILED, _SECONDARY, _TEMPORARY, _PERMANENT
    age_s: int = fact(default=0)  # since its lifetimes, of which valid_s and preferred_s are left, were last said

    @property
    def family(self) -> int:
        """4 or 6."""
        return 6 if ":" in self.ip else 4

    @property
    def key(self) -> tuple[str, str, int]:
        """What the kernel holds at most once."""
        return self.link, self.ip, self.prefix


class Hop(Frozen):
    """One leg of a route. `link` may be "" (typed routes), `gateway` may be of the other family (RTA_VIA)."""

    link: str = ""
    gateway: str = ""
    weight: int = 1
    flags: int = 0  # RTNH_F_ONLINK only
    extra: bytes = b""  # attributes we do not read (RTA_ENCAP …), sent back as they came


class Route(Frozen):
    """One route with its whole key and all legs. `kind` is the rtm_type word: unicast, blackhole, unreachable, …"""

    destination: str  # always with a prefix length: "0.0.0.0/0", "2001:db8::/32"
    hops: tuple[Hop, ...] = ()
    table: int = MAIN_TABLE
    metric: int = 0  # RTA_PRIORITY
    kind: str = "unicast"
    protocol: int = 4  # RTPROT_STATIC
    scope: int = 0
    tos: int = 0
    source: str = ""  # RTA_PREFSRC
    source_prefix: str = ""  # IPv6 source routing (RTA_SRC)
    nexthop: int = 0  # RTA_NH_ID: then `hops` is what the kernel resolved and is not sent
    metrics: tuple[tuple[int, int], ...] = ()  # RTA_METRICS, RTAX_* number and value
    preference: int = 0  # RTA_PREF
    extra: bytes = b""
    dynamic: bool = fact(default=False)  # expires or was learned from a router advertisement
    state: int = fact(default=0)  # RTNH_F_DEAD, RTNH_F_LINKDOWN

    @property
    def family(self) -> int:
        """4 or 6."""
        return 6 if ":" in self.destination else 4

    @property
    def links(self) -> tuple[str, ...]:
        return tuple(hop.link for hop in self.hops if hop.link)


class Rule(Frozen):
    """One policy-routing rule; `extra` keeps the attributes we do not read, sent back as they came."""

    family: int
    priority: int
    table: int = 0
    action: int = 1  # FR_ACT_TO_TBL
    source: str = ""
    destination: str = ""
    iif: str = ""
    oif: str = ""
    fwmark: int = 0
    fwmask: int = 0
    tos: int = 0
    suppress_prefix_length: int | None = None
    protocol: int = 0
    invert: bool = False
    extra: bytes = b""


VRF_RULES: Final = tuple(Rule(family, 1000, protocol=2, extra=b"\x05\x00\x13\x00\x01\x00\x00\x00") for family in (6, 4))
"""Those without which VRFs do not work: the table is that of the packet's VRF (FRA_L3MDEV, linux/fib_rules.h).

The kernel makes them with the first VRF of a namespace unless they are there, and never again (vrf_newlink). So whoever
makes a VRF says them first, and can take them back: the next who does so says them again.
"""


class Neighbour(Frozen):
    """A permanent neighbour (or proxy) entry: what somebody configured. Learned ones are not ours to keep."""

    link: str
    ip: str
    address: str = ""
    state: int = 0x80  # NUD_PERMANENT
    flags: int = 0


class Nexthop(Frozen):
    """A nexthop object (linux/nexthop.h)."""

    id: int
    family: int = 4
    link: str = ""
    gateway: str = ""
    group: tuple[tuple[int, int], ...] = ()  # id, weight
    blackhole: bool = False
    protocol: int = 0
    scope: int = 0
    flags: int = 0
    extra: bytes = b""


LLDP: Final = 0
"""`Client.family` of who listens to a link's neighbours: it has none."""


ROUTERS: Final = 1
"""That of who listens to router advertisements: DHCPv6 has 6."""


ENDPOINTS: Final = 2
"""That of who makes MPTCP's endpoints of the addresses that come to a link after an apply."""


class Client(Frozen):
    """What a process of ours does for a link: what it was told to do, in the words of who told it.

    A client of an address server puts what it is lent on the link itself, with a lifetime.
    """

    link: str
    family: int  # 4: DHCPv4, 6: DHCPv6, ROUTERS, ENDPOINTS or LLDP
    attrs: Attrs = NO_ATTRS

    @property
    def key(self) -> tuple[str, int]:
        """Of these there is at most one."""
        return self.link, self.family


class Endpoint(Frozen):
    """An address that MPTCP may use for more paths of a connection (ip-mptcp(8)).

    `flags` are MPTCP_PM_ADDR_FLAG_ bits (linux/mptcp.h); `link` is "" for none.
    """

    ip: str
    flags: int
    link: str = ""
    port: int = 0
    id: int = fact(default=0)  # as peers know it; 0: the kernel chooses

    @property
    def key(self) -> tuple[str, int]:
        """What the kernel holds at most once."""
        return self.ip, self.port


ENDPOINT_FLAGS: Final[Mapping[str, int]] = {"signal": 1, "subflow": 2, "backup": 4, "fullmesh": 8}
"""The words of ip-mptcp(8) and nmstate."""


class LinkDns(Frozen):
    """Name servers and domains that systemd-resolved keeps for a link; `~` before a domain that only leads there.

    The `lent` ones of both were not configured: a network gave them, and they go with its lease.
    """

    servers: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    lent_servers: tuple[str, ...] = ()
    lent_domains: tuple[str, ...] = ()
    is_networkds: bool = fact(default=False)  # systemd-networkd configures the link, and nobody else may


class File(Frozen):
    """A file of configuration or the symlink in its place; neither `content` nor `link` where nothing is there.

    `attributes` are the extended ones; `obstacle` says why it cannot be read or replaced.
    """

    content: bytes | None = None
    link: str = ""
    mode: int = 0o644
    owner: int = 0
    group: int = 0
    attributes: tuple[tuple[str, bytes], ...] = ()
    obstacle: str = fact(default="")

    @property
    def exists(self) -> bool:
        return self.content is not None or bool(self.link)

    @property
    def lines(self) -> tuple[str, ...]:
        """Of its text; what is no UTF-8 comes back as it was when it is encoded again."""
        return tuple((self.content or b"").decode("utf-8", "surrogateescape").splitlines())


class Hold(Frozen):
    """A link that another manager configures: by which profile or file, and what it keeps about it for its restart.

    `servers` are name servers that go with it. `lease` is there where its DHCPv4 client has one: the identifier by
    which servers know that, bytes in hex with colons, "" where nobody says.
    """

    profile: str = ""
    kept: str = fact(default="")
    servers: tuple[str, ...] = fact(default=())
    lease: str | None = fact(default=None)


class Manager(Frozen):
    """Another manager of links (NetworkManager, systemd-networkd): whether it runs, and what it holds, by link.

    `obstacle` says why it can be neither stopped nor started.
    """

    running: bool = False
    holds: Mapping[str, Hold] = {}
    obstacle: str = fact(default="")


class VlanRange(Frozen):
    """VLANs `first` to `last` of a bridge port (or of the bridge itself), all with the same flags."""

    first: int
    last: int
    pvid: bool = False
    untagged: bool = False

    def __lt__(self, other: VlanRange) -> bool:
        return bool(self._compared(self) < other._compared(other))

    def __str__(self) -> str:
        ids = str(self.first) if self.first == self.last else f"{self.first}-{self.last}"
        return ids + " pvid" * self.pvid + " untagged" * self.untagged
