"""What a DHCPv4 client is told, and what it wants done."""

from __future__ import annotations

from netkernel.frozen import Frozen
from netkernel.packets.arp import Arp
from netkernel.packets.dhcp4 import Message
from nncp_agent.dhcp.lease import Lease


class Due(Frozen):
    """The time is `due_s`."""


class Heard(Frozen):
    """A server said something, perhaps to somebody else."""

    message: Message


class Overheard(Frozen):
    """An ARP packet on the link."""

    packet: Arp


class Carrier(Frozen):
    """The link got its carrier, or lost it."""

    there: bool


class Stop(Frozen):
    """Somebody wants no more DHCP here; with `release` the server is told that the address is free."""

    release: bool = False


Event = Due | Heard | Overheard | Carrier | Stop


class Say(Frozen):
    """Send a message: from `source` to `server`, or from nobody to everybody where `source` is ""."""

    message: Message
    source: str = ""
    server: str = ""


class Ask(Frozen):
    """Send an ARP packet to everybody on the link."""

    packet: Arp


class Take(Frozen):
    """The lease is ours: put it on the host and on the disk. It may be one that is there, for longer."""

    lease: Lease


class Lose(Frozen):
    """Take the lease off the host and off the disk."""

    lease: Lease
    why: str


class Forget(Frozen):
    """A lease that is on the disk, but not on the host, is nobody's."""

    lease: Lease
    why: str


Action = Say | Ask | Take | Lose | Forget
