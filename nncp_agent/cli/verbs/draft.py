"""Print a policy to start from: a bond, a bridge on it, VLANs.

NAME is the bond that --ports make, or an interface that is there already. With --bridge, --vlan says which VLANs
the bridge's uplink lets through, tagged; without, each id becomes a VLAN interface NAME.ID. Addresses go to what
stands on top.
"""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from ipaddress import ip_interface
from typing import TYPE_CHECKING

from nncp_agent.cli.call import Call
from nncp_agent.cli.codes import OK
from nncp_agent.cli.words import Options, Usage

if TYPE_CHECKING:
    from nncp_agent.draft import Wish

EXAMPLES = """\
  nncp draft bond1 --ports eth2,eth3 --bridge br1 --vlan 93
  nncp draft bond1 --ports eth2,eth3 --mode 802.3ad --option lacp_rate=fast
  nncp draft bond0 --vlan 40 --address 10.40.0.11/24
  nncp draft eth1 --bridge br1 --vlan 93,100-110 --selector rack=4
"""
MODES = ("balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad", "balance-tlb", "balance-alb")


def arguments(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("name", metavar="NAME", help="the bond to make, or an interface that is there")
    add("--ports", metavar="NAME,…", type=_names, default=(), help="make NAME a bond of these")
    add("--mode", choices=MODES, metavar="MODE", help="of the bond (active-backup): " + ", ".join(MODES))
    add("--option", metavar="KEY=VALUE", type=_pair, action="append", default=[], help="of the bond; may be repeated")
    add("--bridge", metavar="NAME", default="", help="a bridge with NAME as its port")
    add("--vlan", metavar="ID,FIRST-LAST,…", type=_ranges, default=(), help="VLANs")
    add("--mtu", metavar="N", type=_mtu, help="of all of them")
    add("--address", metavar="IP/PREFIX", type=_address, action="append", default=[], help="may be repeated")
    add("--policy", metavar="TEXT", default="", help="the policy's name")
    add("--selector", metavar="LABEL=VALUE", type=_pair, action="append", default=[], help="which nodes it is for")
    forms = ("yaml", "json")
    add("-o", "--output", choices=forms, metavar="FORMAT", default="yaml", help="yaml or json")


def run(call: Call) -> int:
    from netkernel.documents import Document
    from nncp_agent import draft, wire
    from nncp_agent.cli.imagine import imagine
    from nncp_agent.plan import decide

    manifest = draft.manifest(_wish(call.options))
    desired = wire.decode([Document(manifest)]).desired
    decide(desired, imagine(desired))  # what we print is valid, or the words were not
    call.write(manifest, call.options.output)
    return OK


def _wish(options: Options) -> Wish:
    from nncp_agent.draft import Wish

    if not options.ports and (options.mode or options.option):
        raise Usage("nncp draft: --mode and --option are a bond's: say its --ports")
    if not (options.ports or options.bridge or options.vlan or options.mtu or options.address):
        raise Usage(f"nncp draft: what shall become of {options.name}? --ports, --bridge, --vlan, --mtu or --address")
    ids = sum(last - first + 1 for first, last in options.vlan)
    if options.address and ids > 1 and not options.bridge:
        raise Usage(f"nncp draft: {ids} VLAN interfaces cannot share an address: draft them one by one")
    return Wish(
        name=options.name,
        ports=options.ports,
        mode=options.mode or MODES[1],
        options={key: int(value) if value.isdecimal() else value for key, value in options.option},
        bridge=options.bridge,
        vlans=options.vlan,
        mtu=options.mtu,
        addresses=tuple(options.address),
        policy=options.policy,
        node_selector=dict(options.selector),
    )


def _names(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if not names:
        raise ArgumentTypeError("wanted names with commas between them")
    return names


def _pair(text: str) -> tuple[str, str]:
    key, separator, value = text.partition("=")
    if not key or not separator:
        raise ArgumentTypeError(f"'{text}': wanted KEY=VALUE")
    return key, value


def _mtu(text: str) -> int:
    if not text.isdecimal() or not 68 <= int(text) <= 65535:
        raise ArgumentTypeError(f"'{text}': wanted 68 to 65535 bytes")
    return int(text)


def _ranges(text: str) -> tuple[tuple[int, int], ...]:
    found = []
    for piece in text.split(","):
        first, _, last = piece.strip().partition("-")
        if not first.isdecimal() or not (last or first).isdecimal():
            raise ArgumentTypeError(f"'{piece}': wanted a VLAN id or a range like 100-110")
        low, high = int(first), int(last or first)
        if not 1 <= low <= high <= 4094:
            raise ArgumentTypeError(f"'{piece}': VLAN ids go from 1 to 4094")
        found.append((low, high))
    return tuple(found)


def _address(text: str) -> tuple[str, int]:
    try:
        address = ip_interface(text)
    except ValueError:
        raise ArgumentTypeError(f"'{text}': wanted an address like 192.0.2.10/24") from None
    if "/" not in text:
        raise ArgumentTypeError(f"'{text}': wanted a prefix length, as in {text}/{24 if address.version == 4 else 64}")
    return str(address.ip), address.network.prefixlen
