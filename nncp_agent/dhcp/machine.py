"""The DHCPv4 client of RFC 2131 (section 4.4) as a function: a machine, an event and the time in, another machine out.

It knows no socket, no clock and no disk. Times are seconds of any clock that never goes back.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import StrEnum
from typing import Final

from netkernel.frozen import Frozen, replace
from netkernel.packets import arp, dhcp4, names
from netkernel.packets import dhcp4_options as options
from netkernel.packets.arp import Arp
from netkernel.packets.dhcp4 import Message
from nncp_agent.dhcp import messages
from nncp_agent.dhcp.events import Action, Ask, Carrier, Due, Event, Forget, Heard, Lose, Overheard, Say, Stop, Take
from nncp_agent.dhcp.lease import Lease, lease_of
from nncp_agent.dhcp.messages import Who

FIRST_WAIT_S: Final = 4.0
LONGEST_WAIT_S: Final = 64.0
"""How long a message waits for its answer before it is sent again: doubled each time (section 4.1)."""
ASK_TRIES: Final = 4
REBOOT_TRIES: Final = 2
"""After that the lease on the disk is used for as long as it lasts (section 3.2, step 3)."""
SHORTEST_EXTENSION_WAIT_S: Final = 60.0
"""Between two requests for more time (section 4.4.5)."""
AFTER_DECLINE_S: Final = 10.0
"""Section 3.1, step 5: so that a host that answers for every address is not asked in a loop."""
AFTER_NAK_S: Final = 1.0
PROBES: Final = 3
PROBE_S: Final = 0.2
"""Between ARP probes, and as a jitter on top. RFC 5227 section 1.1 wants seconds, for Wi-Fi and links that have just
come up; on the wire an answer takes milliseconds, and a node's boot waits for this."""
DEFEND_S: Final = 10.0
"""RFC 5227 section 2.4 (b): who claims our address again so soon means it."""

Dice = Callable[[], float]
"""Random numbers from 0 up to 1."""


class State(StrEnum):
    """As in figure 5 of RFC 2131; PROBING is between the acknowledgement and BOUND, OFF a link without carrier."""

    OFF = "off"
    INIT = "init"
    SELECTING = "selecting"
    REQUESTING = "requesting"
    REBOOTING = "rebooting"
    PROBING = "probing"
    BOUND = "bound"
    RENEWING = "renewing"
    REBINDING = "rebinding"


HELD: Final = frozenset({State.BOUND, State.RENEWING, State.REBINDING})
_ASKING: Final = frozenset({State.REQUESTING, State.REBOOTING, State.RENEWING, State.REBINDING})


class Machine(Frozen):
    """`lease` is what we hold, hope to hold still, or are about to take; `is_held` that its address is on the link.

    `due_s` is when it wants to be told that it is; `began_s` when this transaction began, `asked_s` when the last
    message of it left. `defended_s` is when somebody last claimed our address.
    """

    who: Who
    state: State = State.OFF
    due_s: float = math.inf
    lease: Lease | None = None
    is_held: bool = False
    transaction: int = 0
    began_s: float = 0.0
    asked_s: float = 0.0
    tries: int = 0
    defended_s: float = -math.inf


Step = tuple[Machine, tuple[Action, ...]]


def step(machine: Machine, event: Event, now_s: float, dice: Dice) -> Step:
    """What becomes of the machine, and what is to be done, in that order."""
    match event:
        case Due():
            return _due(machine, now_s, dice)
        case Heard(message):
            return _heard(machine, message, now_s, dice)
        case Overheard(packet):
            return _overheard(machine, packet, now_s, dice)
        case Carrier(there):
            return _carrier(machine, there, now_s, dice)
        case Stop(release):
            return _stop(machine, release)


def _due(machine: Machine, now_s: float, dice: Dice) -> Step:
    lease = machine.lease
    if lease and now_s >= lease.ends_s and machine.state is not State.REQUESTING:
        return _ended(machine, now_s, dice)
    match machine.state:
        case State.INIT:
            return _discover(machine, now_s, dice)
        case State.SELECTING:
            return _ask(machine, now_s, dice)
        case State.REQUESTING if machine.tries >= ASK_TRIES:
            return _discover(replace(machine, lease=None), now_s, dice)
        case State.REBOOTING if machine.tries >= REBOOT_TRIES and lease:
            return _granted(machine, lease, now_s, dice)
        case State.REQUESTING | State.REBOOTING:
            return _ask(machine, now_s, dice)
        case State.PROBING:
            return _probe(machine, now_s, dice)
        case State.BOUND:
            return _extend(_begun(replace(machine, state=State.RENEWING), now_s, dice), now_s)
        case State.RENEWING | State.REBINDING:
            return _extend(machine, now_s)
        case State.OFF:
            return replace(machine, due_s=_end_of(machine)), ()


def _ended(machine: Machine, now_s: float, dice: Dice) -> Step:
    why = "it ended, and no server extended it"
    if machine.state is not State.OFF:
        return _start_over(machine, why, now_s, dice)
    lease, off = machine.lease, replace(machine, lease=None, is_held=False, due_s=math.inf)
    return off, (Lose(lease, why),) if lease and machine.is_held else ()


def _heard(machine: Machine, message: Message, now_s: float, dice: Dice) -> Step:
    if message.operation != dhcp4.REPLY or message.transaction != machine.transaction or not _is_for(machine, message):
        return machine, ()
    given = lease_of(message, machine.asked_s)
    match message.type:
        case dhcp4.OFFER if machine.state is State.SELECTING and given:
            chosen = replace(machine, state=State.REQUESTING, lease=given, tries=0)
            return _ask(chosen, now_s, dice)
        case dhcp4.ACK if machine.state in _ASKING and given and machine.lease and given.ip == machine.lease.ip:
            return _granted(machine, given, now_s, dice)
        case dhcp4.NAK if machine.state in _ASKING and machine.lease and _may_refuse(machine, machine.lease, message):
            words = names.text(message.option(options.ERROR_TEXT))
            return _start_over(machine, f"the server refused it{': ' * bool(words)}{words}", now_s, dice, AFTER_NAK_S)
    return machine, ()


def _is_for(machine: Machine, message: Message) -> bool:
    """The transaction may be anybody's by chance; some servers say for whom they speak (RFC 6842)."""
    theirs = message.option(options.CLIENT_ID)
    hardware_fits = message.mac == machine.who.mac or machine.who.hardware == messages.INFINIBAND
    return hardware_fits and theirs in (None, machine.who.client_id)


def _may_refuse(machine: Machine, lease: Lease, message: Message) -> bool:
    """Where one server was asked, only that one; of those that were all asked, any that knows better."""
    said_by = options.addresses(message.option(options.SERVER_ID))[:1]
    return machine.state in (State.REBOOTING, State.REBINDING) or said_by in ((), (lease.server,))


def _granted(machine: Machine, lease: Lease, now_s: float, dice: Dice) -> Step:
    machine = replace(machine, lease=lease, tries=0)
    if machine.is_held:
        return _bound(machine, lease, dice)
    return _probe(replace(machine, state=State.PROBING), now_s, dice)


def _probe(machine: Machine, now_s: float, dice: Dice) -> Step:
    """Does anybody have the address? (RFC 5227 section 2.1.1)"""
    lease = machine.lease
    assert lease is not None
    if machine.tries == PROBES or machine.who.hardware != dhcp4.ETHERNET:
        bound, actions = _bound(replace(machine, is_held=True), lease, dice)
        return bound, (*actions, *_announcement(bound, lease))
    probe = Ask(Arp(arp.REQUEST, machine.who.mac, arp.UNSTATED, target_ip=lease.ip))
    return replace(machine, tries=machine.tries + 1, due_s=now_s + PROBE_S * (1 + dice())), (probe,)


def _announcement(machine: Machine, lease: Lease) -> tuple[Action, ...]:
    if machine.who.hardware != dhcp4.ETHERNET:
        return ()
    return (Ask(Arp(arp.REQUEST, machine.who.mac, lease.ip, target_ip=lease.ip)),)


def _bound(machine: Machine, lease: Lease, dice: Dice) -> Step:
    """T1 comes a little earlier for one than for another: they may all have been switched on at once."""
    due_s = lease.renew_at_s - min(lease.renew_s * 0.02, 60.0) * dice() if lease.renew_s < math.inf else math.inf
    return replace(machine, state=State.BOUND, tries=0, due_s=due_s), (Take(lease),)


def _overheard(machine: Machine, packet: Arp, now_s: float, dice: Dice) -> Step:
    lease = machine.lease
    if lease is None or packet.sender_mac == machine.who.mac:
        return machine, ()
    claims = packet.sender_ip == lease.ip
    probes_too = packet.sender_ip == arp.UNSTATED and packet.target_ip == lease.ip and packet.operation == arp.REQUEST
    if machine.state is State.PROBING and (claims or probes_too):
        return _conflict(machine, lease, packet, now_s, dice)
    if machine.state not in HELD or not claims:
        return machine, ()
    if now_s - machine.defended_s < DEFEND_S:
        return _conflict(machine, lease, packet, now_s, dice)
    return replace(machine, defended_s=now_s), _announcement(machine, lease)


def _conflict(machine: Machine, lease: Lease, packet: Arp, now_s: float, dice: Dice) -> Step:
    why = f"{packet.sender_mac} has the address already"
    refusal = Say(messages.decline(machine.who, _number(dice), lease.ip, lease.server))
    again, actions = _start_over(machine, why, now_s, dice, AFTER_DECLINE_S)
    return replace(again, defended_s=-math.inf), (*actions, refusal)


def _carrier(machine: Machine, there: bool, now_s: float, dice: Dice) -> Step:
    """The other end of the wire may be another network now: ask whether the lease is good there (section 3.7)."""
    if not there:
        return replace(machine, state=State.OFF, due_s=_end_of(machine)), ()
    if machine.state is not State.OFF:
        return machine, ()
    lease = machine.lease
    if lease is None or now_s >= lease.ends_s:
        return _start_over(machine, "the lease ended", now_s, dice)
    return _ask(_begun(replace(machine, state=State.REBOOTING), now_s, dice), now_s, dice)


def _end_of(machine: Machine) -> float:
    return machine.lease.ends_s if machine.lease and machine.is_held else math.inf


def _stop(machine: Machine, release: bool) -> Step:
    """Whoever stops us says what becomes of the address, for it may stay as a static one."""
    off = replace(machine, state=State.OFF, due_s=math.inf)
    if not release or not machine.lease or not machine.is_held:
        return off, ()
    lease = machine.lease
    words = messages.release(machine.who, machine.transaction ^ 1, lease.ip, lease.server)
    return replace(off, lease=None, is_held=False), (Say(words, lease.ip, lease.server), Lose(lease, "released"))


def _start_over(machine: Machine, why: str, now_s: float, dice: Dice, wait_s: float = 0.0) -> Step:
    """From the beginning, without the lease."""
    lease, blank = machine.lease, replace(machine, state=State.INIT, lease=None, is_held=False, due_s=now_s + wait_s)
    lost: tuple[Action, ...] = ()
    if lease is not None:
        lost = (Lose(lease, why) if machine.is_held else Forget(lease, why),)
    if wait_s:
        return blank, lost
    again, actions = _discover(blank, now_s, dice)
    return again, (*lost, *actions)


def _discover(machine: Machine, now_s: float, dice: Dice) -> Step:
    return _ask(_begun(replace(machine, state=State.SELECTING), now_s, dice), now_s, dice)


def _begun(machine: Machine, now_s: float, dice: Dice) -> Machine:
    return replace(machine, transaction=_number(dice), began_s=now_s, tries=0)


def _number(dice: Dice) -> int:
    return int(dice() * 2**32)


def _ask(machine: Machine, now_s: float, dice: Dice) -> Step:
    """Say aloud what this state says, and again after a while."""
    wait_s = min(FIRST_WAIT_S * 2**machine.tries, LONGEST_WAIT_S) + 2 * dice() - 1
    asked = replace(machine, asked_s=now_s, tries=machine.tries + 1, due_s=now_s + wait_s)
    who, transaction, seconds, lease = machine.who, machine.transaction, now_s - machine.began_s, machine.lease
    if lease is None or machine.state is State.SELECTING:
        return asked, (Say(messages.discover(who, transaction, seconds)),)
    if machine.state is State.REBOOTING:
        return asked, (Say(messages.reboot(who, transaction, seconds, lease.ip)),)
    return asked, (Say(messages.select(who, transaction, seconds, lease.ip, lease.server)),)


def _extend(machine: Machine, now_s: float) -> Step:
    """Ask its own server until T2, then every server until the end: each time after half of what is left."""
    lease = machine.lease
    assert lease is not None
    state = State.REBINDING if now_s >= lease.rebind_at_s else State.RENEWING
    until_s = lease.ends_s if state is State.REBINDING else lease.rebind_at_s
    due_s = min(until_s, now_s + max((until_s - now_s) / 2, SHORTEST_EXTENSION_WAIT_S))
    message = messages.extend(machine.who, machine.transaction, now_s - machine.began_s, lease.ip)
    said = Say(message, lease.ip, lease.server if state is State.RENEWING else "")
    return replace(machine, state=state, asked_s=now_s, due_s=due_s, tries=machine.tries + 1), (said,)
