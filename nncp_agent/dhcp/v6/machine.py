"""The DHCPv6 client of RFC 8415 (section 18.2) as a function: a machine, an event and the time in, another machine out.

It knows no socket, no clock and no disk. Times are seconds of any clock that never goes back. It speaks to all servers
at once, always, so nobody has to tell it to (UseMulticast), and is reconfigured by nobody.
"""

from __future__ import annotations

import math
from typing import Final

from netkernel.frozen import replace
from netkernel.packets import dhcp6, duids
from netkernel.packets import dhcp6_options as options
from netkernel.packets.dhcp6 import Message
from nncp_agent.dhcp.v6 import granted
from nncp_agent.dhcp.v6.events import (
    Action,
    Due,
    Duplicate,
    Event,
    Forget,
    Heard,
    Lose,
    Ready,
    Stop,
    Take,
    Want,
    Wanted,
)
from nncp_agent.dhcp.v6.exchange import PATIENCE, Dice, begun, confirmed_by_silence_at_s, said, soon
from nncp_agent.dhcp.v6.granted import Answer
from nncp_agent.dhcp.v6.lease import Lease
from nncp_agent.dhcp.v6.state import Machine, State, Step

SHORTEST_EXTENSION_S: Final = 5.0
"""Between an answer and the next question, whatever times a server gives."""
AFTER_DECLINE_S: Final = 10.0
"""So that a host that answers for every address is not asked in a loop."""
LONGEST_PAUSE_S: Final = 120.0
"""Before the next beginning, doubled with every one that led nowhere (section 14.1 limits what a client sends)."""
_TEMPORARY: Final = (options.UNSPECIFIED_FAILURE, options.USE_MULTICAST)
"""What says nothing about our addresses: the question is asked again when its time comes."""


def step(machine: Machine, event: Event, now_s: float, dice: Dice) -> Step:
    """What becomes of the machine, and what is to be done, in that order."""
    match event:
        case Due():
            return _due(machine, now_s, dice)
        case Heard(message):
            return _heard(machine, message, now_s, dice)
        case Ready(there):
            return _ready(machine, there, now_s, dice)
        case Want(wanted):
            return _want(machine, wanted, now_s, dice)
        case Duplicate(ip):
            return _duplicate(machine, ip, now_s, dice)
        case Stop(release):
            return _stop(machine, release, now_s, dice)


def _due(machine: Machine, now_s: float, dice: Dice) -> Step:
    lease = machine.lease
    if lease and now_s >= lease.ends_s and machine.state is not State.RELEASING:
        return _ended(machine, lease, now_s, dice)
    is_given_up = _is_given_up(machine, now_s)
    match machine.state:
        case State.OFF | State.IDLE:
            return replace(machine, due_s=_end_of(machine)), ()
        case State.SOLICITING if machine.offer:
            return _request(machine, machine.offer.server, machine.offer.ips, now_s, dice)
        case State.REQUESTING if is_given_up and lease and lease.addresses:
            return said(begun(machine, State.REBINDING, dice), now_s, dice)
        case State.REQUESTING if is_given_up:
            return _start_over(machine, "no server gave it", now_s, dice)
        case State.CONFIRMING if is_given_up and lease:
            return _bound(machine, lease, now_s, dice)
        case State.DECLINING if is_given_up:
            return _declined(machine, now_s, dice)
        case State.RELEASING if is_given_up:
            return _off(machine), ()
        case State.INFORMED:
            return said(begun(machine, State.ASKING, dice), now_s, dice)
        case State.BOUND | State.RENEWING if lease and now_s >= lease.rebind_at_s:
            return said(begun(machine, State.REBINDING, dice), now_s, dice)
        case State.BOUND:
            return said(begun(machine, State.RENEWING, dice), now_s, dice)
    return said(machine, now_s, dice)


def _is_given_up(machine: Machine, now_s: float) -> bool:
    if machine.state is State.CONFIRMING:
        return machine.tries > 0 and now_s >= confirmed_by_silence_at_s(machine)
    most = PATIENCE[machine.state].tries if machine.state in PATIENCE else 0
    return 0 < most <= machine.tries


def _ended(machine: Machine, lease: Lease, now_s: float, dice: Dice) -> Step:
    why = "it ended, and no server extended it"
    if machine.state is not State.OFF:
        return _start_over(machine, why, now_s, dice)
    return replace(machine, lease=None, is_held=False, due_s=math.inf), _given_up(machine, lease, why)


def _heard(machine: Machine, message: Message, now_s: float, dice: Dice) -> Step:
    """What is for us and has a server (sections 16.3 and 16.10)."""
    server = message.server_id
    is_ours = message.transaction == machine.transaction and message.client_id == machine.who.duid and machine.tries
    if not is_ours or not 0 < len(server) <= duids.LONGEST:
        return machine, ()
    machine = _with_maxima(machine, message)
    answer = granted.read(message, machine.who.number)
    if message.type == dhcp6.ADVERTISE and machine.state is State.SOLICITING:
        return _advertised(machine, answer, now_s, dice)
    if message.type != dhcp6.REPLY or (machine.asked and server != machine.asked):
        return machine, ()
    return _replied(machine, answer, now_s, dice)


def _with_maxima(machine: Machine, message: Message) -> Machine:
    """Also from a server that has nothing else for us (section 18.2.9)."""
    longest_s = options.maximum_s(message.option(options.SOLICIT_MAXIMUM))
    asking_s = options.maximum_s(message.option(options.INFORMATION_MAXIMUM))
    return replace(
        machine,
        longest_solicit_s=machine.longest_solicit_s if longest_s is None else float(longest_s),
        longest_asking_s=machine.longest_asking_s if asking_s is None else float(asking_s),
    )


def _advertised(machine: Machine, answer: Answer, now_s: float, dice: Dice) -> Step:
    """The best of those that come before the first question is asked again; after that, the first (section 18.2.1)."""
    if not answer.ips:
        return machine, ()
    if machine.tries > 1 or answer.preference == options.HIGHEST_PREFERENCE:
        return _request(machine, answer.server, answer.ips, now_s, dice)
    best = machine.offer is None or answer.preference > machine.offer.preference
    return (replace(machine, offer=answer) if best else machine), ()


def _request(machine: Machine, server: bytes, ips: tuple[str, ...], now_s: float, dice: Dice) -> Step:
    asking = replace(begun(machine, State.REQUESTING, dice), asked=server, hoped=ips[: granted.MOST_ADDRESSES])
    return said(asking, now_s, dice)


def _replied(machine: Machine, answer: Answer, now_s: float, dice: Dice) -> Step:
    code = answer.status.code
    match machine.state:
        case State.SOLICITING if answer.is_committed and answer.ips:
            return _granted(machine, answer, now_s, dice)
        case State.REQUESTING if code not in _TEMPORARY:
            return _granted(machine, answer, now_s, dice)
        case State.CONFIRMING if code == options.NOT_ON_LINK:
            return _start_over(machine, "it is not good on this link", now_s, dice)
        case State.CONFIRMING if code == options.SUCCESS and machine.lease:
            return _confirmed(machine, machine.lease, now_s, dice)
        case State.RENEWING | State.REBINDING:
            return _extended(machine, answer, now_s, dice)
        case State.ASKING if code == options.SUCCESS:
            return _informed(machine, answer, now_s)
        case State.DECLINING:
            return _declined(machine, now_s, dice)
        case State.RELEASING:
            return _off(machine), ()
    return machine, ()


def _confirmed(machine: Machine, lease: Lease, now_s: float, dice: Dice) -> Step:
    """It is good here, and extended at once: a server may have other things to say than before we were away, and so
    may we."""
    bound, taken = _bound(machine, lease, now_s, dice)
    if lease.renew_at_s == math.inf:
        return bound, taken
    state = State.REBINDING if now_s >= lease.rebind_at_s else State.RENEWING
    extending, actions = said(begun(bound, state, dice), now_s, dice)
    return extending, (*taken, *actions)


def _granted(machine: Machine, answer: Answer, now_s: float, dice: Dice) -> Step:
    """A server that gives none after all has said why, or not."""
    if (lease := granted.lease_of(answer, machine.sent_s)) is None:
        return _start_over(machine, f"the server gives none{_because(answer)}", now_s, dice)
    return _bound(machine, lease, now_s, dice)


def _extended(machine: Machine, answer: Answer, now_s: float, dice: Dice) -> Step:
    """Whoever does not know of our addresses is asked to lend them anew (section 18.2.10.1)."""
    had, code = machine.lease, answer.status.code
    if had is None:
        return machine, ()
    if code == options.NO_BINDING:
        return _request(machine, answer.server, had.ips, now_s, dice)
    if code == options.NOT_ON_LINK:
        return _start_over(machine, f"the server refused it{_because(answer)}", now_s, dice)
    if code != options.SUCCESS or answer.identity is None or not answer.identity.addresses:
        return machine, ()
    lease = granted.lease_of(answer, machine.sent_s, had)
    if lease is None:
        return _start_over(machine, "the server took it back", now_s, dice)
    return _bound(machine, lease, now_s, dice)


def _because(answer: Answer) -> str:
    names = {
        options.NO_ADDRESSES: "it has no addresses", options.NOT_ON_LINK: "they are not good on this link",
        options.NO_BINDING: "it does not know us",
    }  # fmt: skip
    words = answer.status.text or names.get(answer.status.code, "")
    return f": {words}" if words else ""


def _bound(machine: Machine, lease: Lease, now_s: float, dice: Dice) -> Step:
    """T1 comes a little earlier for one than for another: they may all have been switched on at once."""
    jitter_s = 0.0 if lease.renew_at_s == math.inf else min(lease.renew_s * 0.02, 60.0) * dice()
    due_s = min(max(lease.renew_at_s - jitter_s, now_s + SHORTEST_EXTENSION_S), lease.ends_s)
    after = replace(
        machine, state=State.BOUND, lease=lease, is_held=True, offer=None, hoped=(), asked=b"", tries=0, due_s=due_s,
        failures=0 if lease.ends_s - now_s > LONGEST_PAUSE_S else machine.failures,
    )  # fmt: skip
    return after, (Take(lease),)


def _informed(machine: Machine, answer: Answer, now_s: float) -> Step:
    lease = granted.information_of(answer, machine.sent_s)
    after = replace(
        machine, state=State.INFORMED, lease=lease, is_held=True, tries=0, due_s=max(lease.renew_at_s, now_s + 1)
    )
    return after, (Take(lease),)


def _ready(machine: Machine, there: bool, now_s: float, dice: Dice) -> Step:
    """The other end of the wire may be another network now: ask whether the lease is good there (section 18.2.3)."""
    if not there:
        return replace(_off(machine), due_s=_end_of(machine)), ()
    return _begin(replace(machine, failures=0), now_s, dice) if machine.state is State.OFF else (machine, ())


def _want(machine: Machine, wanted: Wanted, now_s: float, dice: Dice) -> Step:
    if machine.state in (State.OFF, State.RELEASING):
        return replace(machine, wanted=wanted), ()
    if wanted <= machine.wanted:
        return machine, ()
    return _begin(replace(machine, wanted=wanted), now_s, dice)


def _begin(machine: Machine, now_s: float, dice: Dice) -> Step:
    """What is held goes on, whatever routers say meanwhile; what is only on the disk counts where addresses are wanted.

    In a moment, so that a whole rack that was switched on does not ask at once.
    """
    lease = machine.lease
    if lease is None or not lease.addresses or not (machine.is_held or machine.wanted is Wanted.ADDRESSES):
        return soon(_blank(machine, dice), now_s, dice), ()
    if now_s >= lease.ends_s:
        return _start_over(machine, "it ended", now_s, dice)
    return soon(begun(machine, State.CONFIRMING, dice), now_s, dice), ()


def _blank(machine: Machine, dice: Dice) -> Machine:
    """Where it begins with nothing in hand."""
    state = {Wanted.ADDRESSES: State.SOLICITING, Wanted.INFORMATION: State.ASKING}.get(machine.wanted, State.IDLE)
    return begun(machine, state, dice)


def _duplicate(machine: Machine, ip: str, now_s: float, dice: Dice) -> Step:
    """Others of the lease stay ours; the server hears which one is not (section 18.2.8)."""
    lease = machine.lease
    if lease is None or ip not in lease.ips or not machine.is_held:
        return machine, ()
    others = tuple([each for each in lease.addresses if each.ip != ip])
    rest = replace(lease, addresses=others)
    first: tuple[Action, ...] = (Take(rest),) if others else (Lose(lease, f"another host has {ip} already"),)
    if machine.state is State.OFF:
        return replace(machine, lease=rest if others else None, is_held=bool(others)), first
    bad = (*machine.hoped, ip) if machine.state is State.DECLINING else (ip,)
    declining = replace(
        begun(machine, State.DECLINING, dice), lease=rest if others else None, is_held=bool(others), hoped=bad,
        asked=lease.server,
    )  # fmt: skip
    after, actions = said(declining, now_s, dice)
    return after, (*first, *actions)


def _declined(machine: Machine, now_s: float, dice: Dice) -> Step:
    if machine.lease:
        return _bound(machine, machine.lease, now_s, dice)
    blank = _blank(machine, dice)
    return replace(blank, due_s=_due_s(blank, machine.began_s + AFTER_DECLINE_S + dice())), ()


def _stop(machine: Machine, release: bool, now_s: float, dice: Dice) -> Step:
    """Whoever stops us says what becomes of the addresses, for they may stay as static ones.

    They are off the host before the server hears that they are free (section 18.2.7).
    """
    lease = machine.lease
    off = replace(_off(machine), due_s=math.inf)
    if not release or lease is None or not machine.is_held:
        return off, ()
    gone = replace(off, lease=None, is_held=False)
    if not lease.addresses or machine.state in (State.OFF, State.IDLE):
        return gone, (Lose(lease, "released"),)
    releasing = replace(begun(gone, State.RELEASING, dice), hoped=lease.ips, asked=lease.server)
    after, actions = said(releasing, now_s, dice)
    return after, (Lose(lease, "released"), *actions)


def _off(machine: Machine) -> Machine:
    return replace(machine, state=State.OFF, due_s=math.inf, offer=None, hoped=(), asked=b"", tries=0)


def _start_over(machine: Machine, why: str, now_s: float, dice: Dice) -> Step:
    """From the beginning, without the addresses, and after a while; what is told without a lease still holds."""
    pause_s = min(2.0**machine.failures, LONGEST_PAUSE_S) * (1 + dice())
    lost, lease = (machine.lease, None) if machine.lease and machine.lease.addresses else (None, machine.lease)
    blank = _blank(replace(machine, lease=lease, is_held=lease is not None and machine.is_held), dice)
    after = replace(blank, failures=min(machine.failures + 1, 10), due_s=_due_s(blank, now_s + pause_s))
    return after, _given_up(machine, lost, why)


def _due_s(machine: Machine, due_s: float) -> float:
    return math.inf if machine.state is State.IDLE else due_s


def _given_up(machine: Machine, lease: Lease | None, why: str) -> tuple[Action, ...]:
    if lease is None:
        return ()
    return (Lose(lease, why) if machine.is_held else Forget(lease, why),)


def _end_of(machine: Machine) -> float:
    return machine.lease.ends_s if machine.lease and machine.is_held else math.inf
