"""Where a DHCPv6 client is."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Final

from netkernel.frozen import Frozen
from nncp_agent.dhcp.v6.events import Action, Wanted
from nncp_agent.dhcp.v6.granted import Answer
from nncp_agent.dhcp.v6.lease import Lease
from nncp_agent.dhcp.v6.messages import Who


class State(StrEnum):
    """OFF is a link that cannot be spoken on, IDLE one whose routers want nothing of DHCPv6; ASKING and INFORMED are
    of who wants no addresses. The others are the exchanges of RFC 8415 section 18.2."""

    OFF = "off"
    IDLE = "idle"
    SOLICITING = "soliciting"
    REQUESTING = "requesting"
    CONFIRMING = "confirming"
    BOUND = "bound"
    RENEWING = "renewing"
    REBINDING = "rebinding"
    DECLINING = "declining"
    RELEASING = "releasing"
    ASKING = "asking"
    INFORMED = "informed"


HELD: Final = frozenset({State.BOUND, State.RENEWING, State.REBINDING, State.INFORMED})
"""States that nobody is in without a lease."""


class Machine(Frozen):
    """`lease` is what we hold, or hope to hold still; `is_held` that it is on the host.

    `due_s` is when it wants to be told that it is. Of the exchange that goes on: `began_s` is when, `sent_s` when its
    last message left, `tries` how many did (none where it is yet to begin), `wait_s` how long that one waits for its
    answer, `asked` the server that it is for (b"" for all), `hoped` the addresses it is about, `offer` the best so far.
    """

    who: Who
    wanted: Wanted = Wanted.NOTHING
    state: State = State.OFF
    due_s: float = math.inf
    lease: Lease | None = None
    is_held: bool = False
    transaction: int = 0
    began_s: float = 0.0
    sent_s: float = 0.0
    wait_s: float = 0.0
    tries: int = 0
    asked: bytes = b""
    hoped: tuple[str, ...] = ()
    offer: Answer | None = None
    failures: int = 0
    longest_solicit_s: float = 3600.0
    longest_asking_s: float = 3600.0


Step = tuple[Machine, tuple[Action, ...]]
