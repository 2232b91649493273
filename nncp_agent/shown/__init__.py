"""The host as network state in plain values: what `show` prints, and what models of the present are made of.

This is the one place where kernel records become nmstate's words. It knows no model, because a model costs a cold start
more than all that is in here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from netkernel import devconf, owner
from netkernel.frozen import Frozen
from netkernel.host import Host
from netkernel.late import Late
from netkernel.records import FOREVER, LLDP, ROUTERS, Address, Client, Hardware, Link
from netkernel.typed import Final
from nncp_agent.shown import dns, hostname, identifiers, routers, routes, rules, secrets, types
from nncp_agent.shown.base import Read, Tree

SUBTREES: Final = {
    "bond": ("link-aggregation", "bond.config"),
    "geneve": ("geneve", "tunnels.geneve"),
    "hsr": ("hsr", "stacked.hsr"),
    "ip-tunnel": ("ip-tunnel", "tunnels.ip_tunnel"),
    "infiniband": ("infiniband", "small.infiniband"),
    "ipvlan": ("ipvlan", "stacked.ipvlan"),
    "linux-bridge": ("bridge", "bridge.config"),
    "mac-vlan": ("mac-vlan", "stacked.mac_vlan"),
    "macsec": ("macsec", "stacked.macsec"),
    "mac-vtap": ("mac-vtap", "stacked.mac_vlan"),
    "tun": ("tun", "small.tun"),
    "veth": ("veth", "small.veth"),
    "vlan": ("vlan", "small.vlan"),
    "vrf": ("vrf", "stacked.vrf"),
    "vxlan": ("vxlan", "stacked.vxlan"),
    "wireguard": ("wireguard", "wireguard.config"),
}
"""By type: the key of its own settings, and where they are read."""
READERS: Final[Mapping[str, Read]] = Late(__name__, {type: place for type, (_, place) in SUBTREES.items()})
_HARDWARE: Final[Mapping[str, Callable[[Hardware, str, Host], Tree]]] = Late(__name__, {"read": "hardware.read"})
"""Not every look asks for it."""
_ENDPOINTS: Final[Mapping[str, Callable[[Tree, str, Host], Tree]]] = Late(__name__, {"told": "mptcp.told"})
_NEIGHBOURS: Final[Mapping[str, Callable[[Sequence[bytes]], Tree]]] = Late(__name__, {"read": "lldp.read"})
"""Few hosts listen."""
ADDR_GEN_MODES: Final = {"eui64": "eui64", "stable_secret": "stable-privacy", "random": "stable-privacy"}
"""Kernel's words (linux/if_link.h IN6_ADDR_GEN_MODE_*) to nmstate's."""
LINK_SCOPE: Final = 253
"""RT_SCOPE_LINK (linux/rtnetlink.h)."""
TENTATIVE: Final = "tentative"
DETECTION: Final = {0x08: "dadfailed", 0x40: TENTATIVE}
"""IFA_F_DADFAILED and _TENTATIVE (linux/if_addr.h) in the words of ip-address(8): another host has the address, or that
is being asked. A failed one is tentative for ever."""
DETECTION_BITS: Final = sum(DETECTION)
HIDDEN: Final = ("ovs-system", "ovs-netdev", "hfi1")
"""Links that are somebody's inner workings, as nmstate hides them (nmstate.md 3)."""
MAC_LENGTH: Final = len("02:00:00:00:00:01")
WITHOUT_IP: Final = frozenset({"bond", "bridge", "hsr", "openvswitch"})
"""Controllers (IFLA_INFO_KIND) whose ports hold no addresses of their own."""


_FAMILIES: Final = (4, ROUTERS, 6, LLDP)
_NOBODY: Final = (None, None, None, None)


class Note(Frozen):
    """What the kernel cannot remember of an interface and the committed state does."""

    description: str | None = None
    is_ignored: bool = False
    has_ipv6: bool = False  # a policy asked for the family
    called: str = ""  # by its policy; "" where that is the kernel's name
    identity: tuple[str, str] = ("", "")  # by which its policy knows it (`identifiers`), and what that has to be
    type: str | None = None  # as its policy says
    secrets: Mapping[str, str] = {}  # of its section, by key
    dispatch: Mapping[str, str] = {}  # scripts, by key
    is_up: bool = True  # as its policy says
    wait_ip: str | None = None  # likewise


NO_NOTES: Final[Mapping[str, Note]] = {}
_BLANK: Final = Note()


def state(host: Host, notes: Mapping[str, Note] = NO_NOTES) -> Tree:
    """Everything the host has. `notes` are by the policies' names."""
    return {"interfaces": list(interfaces(host, notes)), **sections(host)}


def sections(host: Host) -> Tree:
    """What is no interface's."""
    said: Tree = {"routes": routes.read(host), "route-rules": rules.read(host)}
    for key, read in (("hostname", hostname.read), ("dns-resolver", dns.read)):
        if (section := read(host)) is not None:
            said[key] = section
    return said


def interfaces(host: Host, notes: Mapping[str, Note] = NO_NOTES) -> Iterator[Tree]:
    """One by one, in order of their names."""
    notes = by_kernel_name(host, notes)
    return (interface(host.links[name], host, notes.get(name, _BLANK)) for name in names(host))


def by_kernel_name(host: Host, notes: Mapping[str, Note]) -> Mapping[str, Note]:
    """`notes` under the names that the kernel has for the interfaces that policies know by something else."""
    if not any(note.identity[0] for note in notes.values()):
        return notes
    links = identifiers.Index(host.links.values())
    found: dict[str, Note] = {}
    for name, note in notes.items():
        owners = links.owners(*note.identity, name, note.type) if note.identity[0] else ()
        found[owners[0].name if len(owners) == 1 else name] = note
    return found


def names(host: Host) -> list[str]:
    """Every interface that is shown, in order."""
    return sorted([name for name in host.links if not name.startswith(HIDDEN)])


def interface(link: Link, host: Host, note: Note = _BLANK) -> Tree:
    """One interface."""
    name, attrs = link.name, link.attrs
    type, managed = types.of(link)
    tree: Tree = {"name": name, "type": type}
    if not managed or note.is_ignored:
        tree["state"] = "ignore"
    else:
        tree["state"] = "up" if attrs.get("up") else "down"
    if note.called and note.called != name:
        tree["profile-name"] = note.called
    if note.description is not None:
        tree["description"] = note.description
    if link.driver:
        tree["driver"] = link.driver
    by, value = note.identity
    if by and (value == link.address if by == identifiers.BY_MAC else identifiers.has(link, by, value)):
        tree["identifier"] = by  # a bond may have given it another MAC, which would lead to somebody else
        if by == identifiers.BY_ALT_NAME:
            tree["alt-name"] = value
    if link.pci:
        tree["pci-address"] = link.pci
    if link.altnames:
        tree["alt-names"] = [{"name": each} for each in link.altnames]
    if len(mac := link.address) == MAC_LENGTH:  # a tunnel's link-layer address is an IP address and no MAC
        tree["mac-address"] = mac.upper()
    if len(mac := link.perm_address or link.own_address) == MAC_LENGTH:
        tree["permanent-mac-address"] = mac.upper()
    if (mtu := attrs.get("mtu")) is not None:
        tree["mtu"] = mtu
    if link.max_mtu:
        tree["min-mtu"] = link.min_mtu
        tree["max-mtu"] = link.max_mtu
    controller = link.master
    if controller:
        tree["controller"] = controller
    tree["accept-all-mac-addresses"] = bool(attrs.get("promisc"))
    bare = bool(controller) and is_bare_port(link, host)
    addresses = () if bare else host.addresses.get(name, ())
    ipv4: list[Tree] = []
    ipv6: list[Tree] = []
    for each in addresses:
        shown = _address(each)
        (ipv6 if ":" in shown["ip"] else ipv4).append(shown)
    leases, routers, leases6, listens = [host.client(name, each) for each in _FAMILIES] if host.clients else _NOBODY
    tree["ipv4"] = _ipv4(ipv4, leases)
    tree["ipv6"] = _ipv6(link, ipv6, note.has_ipv6 and not bare, (routers, leases6))
    if listens is not None:
        tree["lldp"] = _NEIGHBOURS["read"](host.heard.get(name, ()))
    if (hardware := host.hardware.get(name)) is not None:
        tree |= _HARDWARE["read"](hardware, type, host)
    if host.endpoints:
        tree = _ENDPOINTS["told"](tree, name, host)
    if note.wait_ip and not bare:
        tree["wait-ip"] = note.wait_ip
    if note.dispatch:
        tree["dispatch"] = dict(note.dispatch)
    if (alias := attrs.get("alias")) and (stamp := owner.read(str(alias))):
        tree["owner"] = stamp.owner
    if type in SUBTREES:
        config = READERS[type](link, host)
        if config is not None:
            tree[SUBTREES[type][0]] = {**config, **note.secrets} if type in secrets.KEYS else config
    return tree


def is_bare_port(link: Link, host: Host) -> bool:
    """Whether its controller takes its addresses away (a bond's or bridge's port, not a VRF's)."""
    controller = host.links.get(link.master)
    return controller is not None and controller.kind in WITHOUT_IP


def is_dynamic(address: Address) -> bool:
    """Whether a DHCP client or router advertisements keep it alive: it has a lifetime, and no policy asks for it."""
    return address.valid_s != FOREVER


def _ipv4(addresses: list[Tree], client: Client | None) -> Tree:
    if client is not None:
        return {"enabled": True, "address": addresses, "dhcp": True, **client.attrs}
    return {"enabled": True, "address": addresses, "dhcp": False} if addresses else {"enabled": False}


def _ipv6(link: Link, addresses: list[Tree], asked: bool, clients: tuple[Client | None, Client | None]) -> Tree:
    """On where there is an address, or will be: a policy asked for the family, and the kernel has it on.

    Between carrier and the first address there is a moment, on some kernels a long one.
    """
    listener, client = clients
    if not addresses and client is None and not (asked and devconf.get(link.conf6, "disable_ipv6") == 0):
        return {"enabled": False}
    told = routers.read(link, listener)
    stack: Tree = {"enabled": True, "address": addresses, "dhcp": client is not None, "autoconf": bool(told)}
    if mode := ADDR_GEN_MODES.get(str(link.attrs.get("addr_gen_mode"))):
        stack["addr-gen-mode"] = mode
    if client is not None:
        stack |= {key: value for key, value in client.attrs.items() if key != "autoconf"}
    stack |= told
    return stack


def _address(address: Address) -> Tree:
    tree: Tree = {"ip": address.ip, "prefix-length": address.prefix}
    if is_dynamic(address):
        tree["valid-life-time"] = f"{address.valid_s}sec"
    if address.preferred_s != FOREVER:
        tree["preferred-life-time"] = f"{address.preferred_s}sec"
    if address.state & DETECTION_BITS:
        word = next(word for bit, word in DETECTION.items() if address.state & bit)
        if word != TENTATIVE or address.scope != LINK_SCOPE:  # every link's own one is so for a moment
            tree["flags"] = [word]
    return tree
