"""What a DHCPv6 client is told, and what it wants done."""

from __future__ import annotations

from enum import IntEnum

from netkernel.frozen import Frozen
from netkernel.packets.dhcp6 import Message
from nncp_agent.dhcp.v6.lease import Lease


class Wanted(IntEnum):
    """What of DHCPv6 is wanted on the link: its routers say so, or whoever wants no routers."""

    NOTHING = 0
    INFORMATION = 1
    ADDRESSES = 2


class Due(Frozen):
    """The time is `due_s`."""


class Heard(Frozen):
    """Somebody said something, perhaps to somebody else."""

    message: Message


class Ready(Frozen):
    """The link can be spoken on, or not any more: it has carrier, and an address of its own to speak from."""

    there: bool


class Want(Frozen):
    """What is wanted from now on. Who wanted more gets it for as long as the link stays (RFC 2462 section 5.2)."""

    wanted: Wanted


class Duplicate(Frozen):
    """Another host has the address that was taken (RFC 4862 section 5.4)."""

    ip: str


class Stop(Frozen):
    """Somebody wants no more DHCP here; with `release` the server is told that its addresses are free."""

    release: bool = False


Event = Due | Heard | Ready | Want | Duplicate | Stop


class Say(Frozen):
    """Send a message to all servers of the link."""

    message: Message


class Take(Frozen):
    """The lease is ours: put it on the host and on the disk, instead of what is there of an earlier one."""

    lease: Lease


class Lose(Frozen):
    """Take the lease off the host and off the disk."""

    lease: Lease
    why: str


class Forget(Frozen):
    """A lease that is on the disk, but not on the host, is nobody's."""

    lease: Lease
    why: str


Action = Say | Take | Lose | Forget
