"""A DHCPv6 client and the time, and servers made of messages."""

import math
from collections.abc import Sequence
from typing import TypeVar

from netkernel.packets import dhcp6
from netkernel.packets import dhcp6_options as options
from netkernel.packets.dhcp6 import Message
from netkernel.packets.dhcp6_options import Identity, IdentityAddress, Status
from nncp_agent.dhcp.v6.events import (
    Action,
    Due,
    Event,
    Heard,
    Ready,
    Say,
    Want,
    Wanted,
)
from nncp_agent.dhcp.v6.machine import step
from nncp_agent.dhcp.v6.messages import Who
from nncp_agent.dhcp.v6.state import Machine, State

WHO = Who(b"\0\4" + bytes(range(16)), 7, "node7.example")
SERVER, OTHER = b"\0\3\0\1\2\0\0\0\0\1", b"\0\3\0\1\2\0\0\0\0\2"
IP, IP2 = "2001:db8::7", "2001:db8::8"
T = TypeVar("T")


def dice() -> float:
    return 0.5


class Run:
    """A client and the time; what it wanted done is in `done`."""

    def __init__(self, machine: Machine | None = None, now_s: float = 1000.0) -> None:
        self.machine, self.now_s = machine or Machine(WHO), now_s
        self.done: list[Action] = []
        self.sent_at_s: list[float] = []

    def tell(self, event: Event) -> list[Action]:
        self.machine, actions = step(self.machine, event, self.now_s, dice)
        self.done += actions
        self.sent_at_s += [self.now_s for each in actions if isinstance(each, Say)]
        return list(actions)

    def wait(self) -> list[Action]:
        """Until it wants to be told."""
        assert self.machine.due_s < math.inf
        self.now_s = max(self.now_s, self.machine.due_s)
        return self.tell(Due())

    def hear(self, type: int, *ips: str, server: bytes = SERVER, status: int = 0, **more: object) -> list[Action]:
        return self.tell(Heard(answer(self.machine, type, ips, server, status, **more)))

    def looking(self, wanted: Wanted = Wanted.ADDRESSES) -> "Run":
        """With its first question asked."""
        self.tell(Want(wanted))
        self.tell(Ready(True))
        self.wait()
        return self

    def bound(self, *ips: str, **more: object) -> "Run":
        """With a lease."""
        self.looking()
        self.hear(dhcp6.ADVERTISE, *(ips or (IP,)), preference=255)
        self.hear(dhcp6.REPLY, *(ips or (IP,)), **more)
        assert self.machine.state is State.BOUND
        self.done.clear()
        return self


def answer(
    machine: Machine, type: int, ips: Sequence[str] = (), server: bytes = SERVER, status: int = 0, *, of_all: int = 0,
    preferred_s: int = 1800, valid_s: int = 3600, times: tuple[int, int] = (0, 0), preference: int = 0,
    more: tuple[tuple[int, bytes], ...] = (), number: int = WHO.number,
) -> Message:  # fmt: skip
    """`status` is of our addresses, `of_all` of the message."""
    given = tuple([IdentityAddress(ip, preferred_s, valid_s) for ip in ips])
    identity = Identity(number, *times, given, Status(status, ""))
    return Message(
        type, machine.transaction, (
            (options.CLIENT_ID, machine.who.duid), (options.SERVER_ID, server),
            *([(options.IDENTITY, identity.pack())] if ips or status else []),
            *([(options.PREFERENCE, bytes((preference,)))] if preference else []),
            *([(options.STATUS, of_all.to_bytes(2, "big"))] if of_all else []), *more,
        ),
    )  # fmt: skip


def only(actions: Sequence[Action], kind: type[T]) -> T:
    found = [each for each in actions if isinstance(each, kind)]
    assert len(found) == 1, actions
    return found[0]


def said(actions: Sequence[Action]) -> tuple[int, tuple[str, ...], bytes]:
    """The type of the message, the addresses in it and the server it is for."""
    message = only(actions, Say).message
    identity = options.identity(message.option(options.IDENTITY))
    assert message.client_id == WHO.duid
    assert message.option(options.ELAPSED) is not None
    assert identity is None or identity.number == WHO.number
    return message.type, tuple([each.ip for each in identity.addresses]) if identity else (), message.server_id
