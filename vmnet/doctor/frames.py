"""What hops have in common: whether a link passes frames, which VLANs a port is in, what rules have dropped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from netkernel.dropped import Dropped
from netkernel.host import Host
from netkernel.records import Link, VlanRange
from netkernel.typed import Final
from vmnet.doctor.evidence import Side

_FORWARDS: Final = ("", "forwarding")


def obstacle(side: Side, link: Link, master: str | None, without_carrier: str) -> str:
    """Why the link passes nothing, "" if it does. `master` is the bridge it is to be in, None for whichever."""
    if not link.up:
        return "is down"
    if master is not None and link.master != master:
        return f"is a port of {link.master or 'nothing'}, wanted {master or 'none'}"
    if not link.carrier:
        return without_carrier
    state = side.look(link.name).port_state
    return "" if state in _FORWARDS else f"is {state}: {link.master} passes no frames through it"


def untagged(ranges: Iterable[VlanRange]) -> int:
    """The VLAN that frames without a tag are in, 0 for none."""
    return next((each.first for each in ranges if each.pvid), 0)


def ids(ranges: Iterable[VlanRange]) -> set[int]:
    return {id for each in ranges for id in range(each.first, each.last + 1)}


def listed(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(numbers)))


def filters(host: Host, bridge: str) -> bool:
    return bool(host.links[bridge].attrs.get("vlan_filtering"))


Rules = Sequence[Dropped]


def breaking(side: Side, received: int, matters: Callable[[Dropped], bool]) -> tuple[Rules, Rules]:
    """Of the rules that dropped anything those that stop the guest now, and the others.

    A counter knows nothing of time: one that rises while we look is about now, and so is one that has counted half of
    all that ever came.
    """
    before = {(each.table, each.chain, each.comment): each.packets for each in side.dropped_before}
    now: list[Dropped] = []
    past: list[Dropped] = []
    for each in side.dropped:
        was = before.get((each.table, each.chain, each.comment), each.packets)
        stops = matters(each) and (each.packets > was or each.packets * 2 >= max(received, 1))
        if each.packets:
            (now if stops else past).append(each)
    return now, past


def counted(rules: Sequence[Dropped]) -> str:
    said = "; ".join(f"{each.packets} frames: {each.comment or f'chain {each.chain}'}" for each in rules)
    return f"dropped {said}" if rules else ""


def listing(*rules: Sequence[Dropped]) -> str:
    """The command that prints the table of the first of them."""
    first = next((each for some in rules for each in some), None)
    return f"nft list table {first.table}" if first else "nft list ruleset"
