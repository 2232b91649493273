"""The host as network state: what `show` prints, and what a policy is merged over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from netkernel import devconf, owner
from netkernel.host import Host
from netkernel.records import FOREVER, Address, Link
from nncp_agent.kinds import KINDS, by_link
from nncp_agent.model import Interface, IpAddress, IpStack, NetworkState, State
from nncp_agent.sections import routes

DISABLED: Final = IpStack(enabled=False)
ADDR_GEN_MODES: Final = {"eui64": "eui64", "stable_secret": "stable-privacy", "random": "stable-privacy"}
"""Kernel's words (linux/if_link.h IN6_ADDR_GEN_MODE_*) to nmstate's."""
HIDDEN: Final = ("ovs-system", "ovs-netdev", "hfi1")
"""Links that are somebody's inner workings, as nmstate hides them (nmstate.md 3)."""
MAC_LENGTH: Final = len("02:00:00:00:00:01")
WITHOUT_IP: Final = frozenset({"bond", "bridge", "openvswitch"})
"""Controllers (IFLA_INFO_KIND) whose ports hold no addresses of their own."""


def present(host: Host, committed: NetworkState | None = None) -> NetworkState:
    """Everything the host has, in `show`'s words. Descriptions and `state: ignore` are remembered from `committed`."""
    interfaces = Present(host, committed)
    return NetworkState(interfaces=tuple(interfaces.values()), routes=routes.read(host))


class Present(Mapping[str, Interface]):
    """The interfaces of `present`, each translated when it is first asked for: most plans look at few of them."""

    def __init__(self, host: Host, committed: NetworkState | None = None) -> None:
        self._host = host
        self._remembered = {each.name: each for each in (committed.interfaces if committed else None) or ()}
        self._seen: dict[str, Interface] = {}

    def __getitem__(self, name: str) -> Interface:
        if name not in self._seen:
            self._seen[name] = _interface(self._host.links[name], self._host, self._remembered.get(name))
        return self._seen[name]

    def __contains__(self, name: object) -> bool:
        return name in self._host.links

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(name for name in self._host.links if not name.startswith(HIDDEN)))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def is_bare_port(link: Link, host: Host) -> bool:
    """Whether its controller takes its addresses away (a bond's or bridge's port, not a VRF's)."""
    controller = host.links.get(link.master)
    return controller is not None and controller.kind in WITHOUT_IP


def accepts_ra(link: Link) -> bool:
    """Whether the kernel makes addresses from router advertisements here (net.ipv6.conf.*.accept_ra, autoconf)."""
    accept = devconf.get(link.conf6, "accept_ra") or 0
    forwarding = devconf.get(link.conf6, "forwarding") or 0
    return bool(devconf.get(link.conf6, "autoconf")) and (accept == 2 or (accept == 1 and not forwarding))


def is_dynamic(address: Address) -> bool:
    """Whether a DHCP client or router advertisements keep it alive: it has a lifetime, and no policy asks for it."""
    return address.valid_s != FOREVER


def _interface(link: Link, host: Host, remembered: Interface | None) -> Interface:
    kind = by_link(link)
    stamp = owner.read(link.alias)
    bare = is_bare_port(link, host)
    addresses = () if bare else host.addresses.get(link.name, ())
    return Interface(
        name=link.name,
        type=kind.name,
        state=_state(link, kind.name in KINDS, remembered),
        description=remembered.description if remembered else None,
        mac_address=_mac(link.address),
        permanent_mac_address=_mac(link.perm_address or link.own_address),
        mtu=link.mtu or None,
        min_mtu=link.min_mtu if link.max_mtu else None,
        max_mtu=link.max_mtu or None,
        controller=link.master or None,
        accept_all_mac_addresses=bool(link.attrs.get("promisc")),
        ipv4=_stack([each for each in addresses if each.family == 4]),
        ipv6=_ipv6(link, [each for each in addresses if each.family == 6], bare, remembered),
        owner=stamp.owner if stamp else None,
        config=kind.read(link, host),
    )


def _mac(address: str) -> str | None:
    """Six bytes as nmstate writes them; a tunnel's link-layer address is an IP address and no MAC."""
    return address.upper() if len(address) == MAC_LENGTH else None


def _state(link: Link, managed: bool, remembered: Interface | None) -> State:
    if not managed or (remembered is not None and remembered.state is State.IGNORE):
        return State.IGNORE
    return State.UP if link.up else State.DOWN


def _stack(addresses: list[Address]) -> IpStack:
    if not addresses:
        return DISABLED
    return IpStack(enabled=True, dhcp=False, address=tuple(_address(each) for each in addresses))


def _ipv6(link: Link, addresses: list[Address], bare: bool, remembered: Interface | None) -> IpStack:
    """On where there is an address, or will be: a policy asked for the family, and the link waits for its carrier."""
    asked = remembered.ipv6 if remembered else None
    waits = asked is not None and asked.enabled and devconf.get(link.conf6, "disable_ipv6") == 0 and not link.carrier
    if not addresses and (bare or not waits):
        return DISABLED
    return IpStack(
        enabled=True,
        dhcp=False,
        # True would promise what no policy can ask for yet; false is said only where it is so.
        autoconf=None if accepts_ra(link) else False,
        addr_gen_mode=ADDR_GEN_MODES.get(str(link.attrs.get("addr_gen_mode"))),
        address=tuple(_address(each) for each in addresses),
    )


def _address(address: Address) -> IpAddress:
    if not is_dynamic(address):
        return IpAddress(ip=address.ip, prefix_length=address.prefix)
    return IpAddress(
        ip=address.ip,
        prefix_length=address.prefix,
        valid_life_time=f"{address.valid_s}sec",
        preferred_life_time=f"{address.preferred_s}sec",
    )
