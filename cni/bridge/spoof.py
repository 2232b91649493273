"""MAC spoof check: frames from a pod with another source address than its own are dropped and counted (nftables).

Table, chains and comments are those of the Go plugin (containernetworking/plugins, pkg/link/spoofcheck.go), so that
each of the two takes down what the other put up. What belongs to an attachment is named by container and interface.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress

from netkernel import nftables as nft
from netkernel.errors import KernelRefused
from netkernel.netlink import Message
from netkernel.nftables import BRIDGE, Nftables
from netkernel.typed import Final

TABLE: Final = "nat"
FIRST: Final = "PREROUTING"
OURS: Final = "made by nncp-agent"
"""The comment of a table that nobody had before: such a one goes again with the last pod."""
_DSTNAT: Final = -300
_HOOK: Final = 0  # NF_BR_PRE_ROUTING, linux/netfilter_bridge.h
_OF: Final = (BRIDGE, TABLE)
_COMMENT: Final = "macspoofchk-"


def chain(container: str, ifname: str) -> str:
    return f"cni-br-iface-{container}-{ifname}"


def comment(container: str, ifname: str) -> str:
    return f"{_COMMENT}{container}-{ifname}"


def put_up(door: Nftables, port: str, mac: str, container: str, ifname: str) -> None:
    """Check what comes from `port`; one transaction. Raises KernelRefused."""
    door.commit(rules(port, mac, container, ifname))


def rules(port: str, mac: str, container: str, ifname: str) -> list[Message]:
    own, said = chain(container, ifname), comment(container, ifname)
    checks = f"{own}-mac"
    return [
        nft.table(*_OF, OURS),
        nft.base_chain(*_OF, FIRST, kind="filter", hook=_HOOK, priority=_DSTNAT),
        nft.chain(*_OF, own),
        nft.chain(*_OF, checks),
        nft.flush(*_OF, own),
        nft.flush(*_OF, checks),
        nft.rule(*_OF, FIRST, [nft.input_name(port), nft.jump(own)], said),
        nft.rule(*_OF, own, [nft.jump(checks)], said),
        nft.rule(*_OF, checks, [nft.ether_source(mac), nft.leave()], said),
        nft.rule(*_OF, checks, [nft.counter(), nft.drop()], said),
    ]


def take_down(door: Nftables, container: str, ifname: str) -> None:
    """Remove all of it, whichever plugin made it, however much is left. Raises KernelRefused."""
    own, said = chain(container, ifname), comment(container, ifname)
    if not door.has_table(*_OF):
        return
    first = [rule for rule in door.rules(*_OF, FIRST, containing=said) if rule.comment == said]
    there = [each for each in (own, f"{own}-mac") if door.has_chain(*_OF, each)]
    messages = [*(nft.delete_rule(*_OF, rule) for rule in first), *_without(there)]
    if messages:
        door.commit(messages)
    remove_unused(door)


def remove_unused(door: Nftables) -> None:
    """An empty table of ours goes, unless somebody is about to use it."""
    if not door.has_table(*_OF):
        return
    seen = door.generation()
    if door.table_comment(*_OF) != OURS or door.rules(*_OF, FIRST) or door.chains(*_OF) != [FIRST]:
        return
    with suppress(KernelRefused):  # somebody was faster
        door.commit([nft.delete_table(*_OF)], seen)


def collect(door: Nftables, ports: Collection[str]) -> None:
    """Remove the checks of ports that are no more, whichever plugin made them. Raises KernelRefused."""
    for rule in door.rules(*_OF, FIRST, containing=_COMMENT):
        if rule.input and rule.input not in ports and rule.comment.startswith(_COMMENT):
            container, _, ifname = rule.comment.removeprefix(_COMMENT).rpartition("-")
            take_down(door, container, ifname)
    remove_unused(door)  # also after somebody who died with the last rule gone and the table there


def _without(chains: Sequence[str]) -> Iterator[Message]:
    yield from (nft.flush(*_OF, each) for each in chains)
    yield from (nft.delete_chain(*_OF, each) for each in chains)
