"""One question of a DHCPv6 client, asked again and again until it is answered (RFC 8415 section 15)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

from netkernel.frozen import Frozen, replace
from netkernel.packets.dhcp6 import LARGEST_TRANSACTION, Message
from nncp_agent.dhcp.v6 import messages
from nncp_agent.dhcp.v6.events import Say
from nncp_agent.dhcp.v6.messages import Exchange
from nncp_agent.dhcp.v6.state import Machine, State, Step

Dice = Callable[[], float]
"""Random numbers from 0 up to 1."""


class Patience(Frozen):
    """For how long a message waits for its answer: first IRT, then twice as long each time, at most MRT (0 for without
    limit); `tries` is MRC, 0 for ever."""

    first_s: float
    longest_s: float = 0.0
    tries: int = 0


PATIENCE: Final = {
    State.SOLICITING: Patience(1.0, 3600.0),
    State.REQUESTING: Patience(1.0, 30.0, tries=10),
    State.CONFIRMING: Patience(1.0, 4.0),
    State.RENEWING: Patience(10.0, 600.0),
    State.REBINDING: Patience(10.0, 600.0),
    State.ASKING: Patience(1.0, 3600.0),
    State.DECLINING: Patience(1.0, tries=4),
    State.RELEASING: Patience(1.0, tries=4),
}
"""Section 7.6. Servers may say how long the longest are of those who look for one."""
CONFIRM_S: Final = 10.0
"""CNF_MAX_RD: after that the lease is used for as long as it lasts."""
_DELAY_S: Final = 0.1, 0.9
"""Before the first message of all, at least and beside that at random (SOL_, CNF_ and INF_MAX_DELAY are 1 s)."""


def begun(machine: Machine, state: State, dice: Dice) -> Machine:
    """A new exchange, of which nothing has been said yet."""
    number = min(int(dice() * (LARGEST_TRANSACTION + 1)), LARGEST_TRANSACTION)
    server = machine.lease.server if state is State.RENEWING and machine.lease else b""
    return replace(machine, state=state, transaction=number, tries=0, asked=server, hoped=(), offer=None)


def soon(machine: Machine, now_s: float, dice: Dice) -> Machine:
    """With the exchange beginning in a moment, where there is one."""
    due_s = now_s + _DELAY_S[0] + _DELAY_S[1] * dice() if machine.state in PATIENCE else math.inf
    return replace(machine, due_s=due_s)


def said(machine: Machine, now_s: float, dice: Dice) -> Step:
    """Say what this state says, and again after a while."""
    wait_s = _wait_s(machine, dice)
    began_s = machine.began_s if machine.tries else now_s
    sent = replace(machine, began_s=began_s, sent_s=now_s, tries=machine.tries + 1, wait_s=wait_s)
    return replace(sent, due_s=_due_s(sent, now_s + wait_s)), (Say(_message(sent, now_s)),)


def confirmed_by_silence_at_s(machine: Machine) -> float:
    return machine.began_s + CONFIRM_S


def _wait_s(machine: Machine, dice: Dice) -> float:
    """The first question for a server waits a little longer and never shorter, so that all may answer."""
    patience = PATIENCE[machine.state]
    noise = 0.2 * dice() - 0.1
    if not machine.tries:
        return patience.first_s * (1 + (abs(noise) if machine.state is State.SOLICITING else noise))
    longest_s = {State.SOLICITING: machine.longest_solicit_s, State.ASKING: machine.longest_asking_s}.get(
        machine.state, patience.longest_s
    )
    wait_s = machine.wait_s * (2 + noise)
    return longest_s * (1 + noise) if longest_s and wait_s > longest_s else wait_s


def _due_s(machine: Machine, due_s: float) -> float:
    """No later than the next thing that must happen."""
    lease = machine.lease
    if machine.state is State.CONFIRMING:
        due_s = min(due_s, confirmed_by_silence_at_s(machine))
    if machine.state is State.RENEWING and lease:
        due_s = min(due_s, lease.rebind_at_s)
    return min(due_s, lease.ends_s if lease and machine.is_held else math.inf)


def _message(machine: Machine, now_s: float) -> Message:
    exchange = Exchange(machine.who, machine.transaction, now_s - machine.began_s)
    ips = machine.lease.ips if machine.lease else ()
    match machine.state:
        case State.REQUESTING:
            return messages.request(exchange, machine.asked, machine.hoped)
        case State.CONFIRMING:
            return messages.confirm(exchange, ips)
        case State.RENEWING:
            return messages.renew(exchange, machine.asked, ips)
        case State.REBINDING:
            return messages.rebind(exchange, ips)
        case State.DECLINING:
            return messages.decline(exchange, machine.asked, machine.hoped)
        case State.RELEASING:
            return messages.release(exchange, machine.asked, machine.hoped)
        case State.ASKING:
            return messages.ask(exchange)
    return messages.solicit(exchange)
