"""The contract of an interface kind: everything about it that is not how its attributes stand on the wire."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, Final

from msgspec import Struct

from netkernel.host import Host
from netkernel.records import Attrs, Link, VlanRange
from nncp_agent.errors import Problem
from nncp_agent.model import Interface, Model, NetworkState, merge, of_tree
from nncp_agent.shown import READERS

ETHERNET: Final = "Ethernet"
INFINIBAND: Final = "InfiniBand"
_FRAMES: Final = {1: ETHERNET, 32: INFINIBAND, 772: "loopback"}
"""By ARPHRD_* (linux/if_arp.h)."""


class Context(Struct, frozen=True):
    """What a kind may look at while it judges or translates one interface.

    `desired` is the policy as stated, `merged` the policy over the present state, `before` the kernel's own records.
    """

    desired: NetworkState
    merged: Mapping[str, Interface]
    before: Host


class Wanted(Struct, frozen=True):
    """What a kind wants of the kernel for one interface. Only what the policy states (or a new link needs) is in it."""

    attrs: Attrs = {}  # of the link itself, keys of its LinkKind
    ports: Mapping[str, Attrs] = {}  # port options, by port
    vlans: Mapping[str, tuple[VlanRange, ...]] = {}  # bridge VLANs, by port or bridge name
    forgotten: frozenset[str] = (
        frozenset()
    )  # attributes that do not stay as they are, and nobody knows how they will be


class Kind:
    """MUST set `name` (nmstate's `type` word) and `link_kinds` (IFLA_INFO_KIND words; it creates the first)."""

    name: str
    link_kinds: ClassVar[tuple[str, ...]]
    subtree: ClassVar[str | None] = None
    Config: ClassVar[type[Model] | None] = None
    managed: ClassVar[bool] = True  # a policy can say what it should be
    is_virtual: ClassVar[bool] = True  # a policy creates it; absent and down delete it
    down_deletes: ClassVar[bool] = True  # where it is virtual, `state: down` deletes it, too (nmstate.md 5.2)
    takes_ports: ClassVar[bool] = False  # it is a controller
    needs: ClassVar[tuple[str, ...]] = ()  # whose frames its base, or its ports, have to carry; any where it is empty
    copies_mac: ClassVar[bool] = False  # `copy-mac-from` is for it
    probed: ClassVar[bool] = False  # which options the kernel takes is tried out before they are asked for
    own_addresses: ClassVar[tuple[tuple[str, int], ...]] = ()  # address and prefix that no policy takes away
    ports_hold_ip: ClassVar[bool] = False  # its ports may have addresses of their own (vrf)
    usual_mtu: ClassVar[int] = 1500  # of a new one that takes its MTU from nowhere (ETH_DATA_LEN); 0 is not known
    fragments: ClassVar[bool] = False  # its packets may be larger than what its base can carry
    overhead_counts: ClassVar[bool] = (
        False  # the kernel refuses an MTU with which a frame and its overhead do not fit below
    )
    tag: ClassVar[int] = 0  # bytes that it adds to frames of full size (vlan)
    family: ClassVar[str] = "other"  # what pictures draw it as: nic, bond, bridge, vlan, tunnel, vrf or other
    room_for_tags: ClassVar[bool] = True  # its frames may be longer than its MTU by a tag

    def link_kind(self, iface: Interface) -> str:
        """MAY: the IFLA_INFO_KIND word for `iface`, where there is more than one."""
        return self.link_kinds[0]

    def of(self, link: Link) -> Kind:
        """MAY: the kind of just this link, where one that is there by itself is not like one that a policy makes."""
        return self

    def problems(self, iface: Interface, merged: Interface, context: Context) -> Iterator[Problem]:
        """MAY: what is wrong with the stated `iface`, in the user's words."""
        return iter(())

    def warnings(self, iface: Interface, merged: Interface, context: Context) -> Iterator[Problem]:
        """MAY: what will work and still surprise."""
        return iter(())

    def restored(self, link: Link) -> Interface | None:
        """MAY: how a link that nobody deletes is when no policy wants anything of it; None for bare of all settings."""
        return None

    def below(self, iface: Interface) -> tuple[str, ...]:
        """MAY: names that must exist first."""
        return ()

    def ports(self, iface: Interface) -> tuple[str, ...] | None:
        """MAY: its ports; None when the policy does not state them."""
        return None

    def port_key(self, iface: Interface, port: str) -> str:
        """MAY: the key of its subtree that names `port`."""
        return "port"

    def frames(self, merged: Interface, link: Link | None) -> str:
        """MAY: whose frames it carries; "" for packets without any."""
        return _FRAMES.get(link.type, "") if link is not None else ETHERNET

    def with_ports(self, config: Model | None, ports: Sequence[str]) -> Model | None:
        """MUST when it takes ports: `config` with exactly these ports, and all it says about those it keeps."""
        return config

    def renamed(self, config: Model | None, names: Mapping[str, str]) -> Model | None:
        """MUST when it speaks of other links: `config` with those in `names` called by their new names."""
        return config

    def overhead(self, iface: Interface) -> int | None:
        """MAY: bytes of its own that each frame takes along below; None where its MTU is not taken from its base."""
        return 0

    def brief(self, iface: Interface) -> str:
        """MAY: the one thing an overview says about it beside ports and base: a bond's mode, a VLAN's id."""
        return ""

    def partners(self, iface: Interface) -> tuple[Interface, ...]:
        """MAY: interfaces the kernel makes together with this one (a veth's other end), as a policy would name them."""
        return ()

    def parts_with(self, iface: Interface, link: Link) -> str:
        """MAY: the link that goes with what `iface` changes of `link`: the other end of a wire that gets another."""
        return ""

    def is_a_policys(self, earlier: Interface | None) -> bool:
        """MAY: whether a link that looks like somebody else's was made by the policy that said `earlier`."""
        return False

    def claim(self, merged: Interface) -> Hashable | None:
        """MAY: what only one link of this kind can have on a host (a VLAN's base, protocol and id)."""
        return None

    def option(self, attr: str) -> str:
        """MAY: where a policy says the kernel attribute `attr`, as in `link-aggregation.options.lacp_rate`."""
        return f"{self.subtree}.options.{attr}"

    def merge(self, desired: Model | None, present: Model | None) -> Model | None:
        """MAY: the stated config over the present one, where it is more than key by key (a bond that changes mode)."""
        return merge(desired, present)

    def read(self, link: Link, host: Host) -> Model | None:
        """Kernel record -> config: `shown` knows how."""
        read = READERS.get(self.name)
        tree = read(link, host) if read is not None else None
        return of_tree(self.Config, tree) if self.Config is not None and tree is not None else None

    def wanted(self, iface: Interface, merged: Interface, context: Context) -> Wanted:
        """MUST when there is a subtree: config -> kernel attributes."""
        return Wanted()

    def _before(self, iface: Interface, context: Context) -> Link | None:
        """The link as it is, None where there is none of this kind."""
        link = context.before.links.get(iface.name)
        return link if link is not None and link.kind in self.link_kinds else None

    def normalise(self, config: Model) -> Model:
        """MAY: sort, canonicalise and round as the kernel does, so that verification compares like with like."""
        return config

    def told(self, config: Model) -> Model:
        """MAY: what of `config` the kernel is told, and can be asked about; the rest is remembered by us alone."""
        return config

    def shown(self, tree: dict[str, Any]) -> dict[str, Any]:
        """MAY: the subtree as `show` prints it, where nmstate says one thing in two words."""
        return tree

    def implied(self, config: Model) -> Model:
        """MAY: what a NodeNetworkConfigurationPolicy means by `config` beyond what it says."""
        return config
