"""What a DHCPv6 client makes of a server's answer (RFC 8415 section 18.2.10)."""

from __future__ import annotations

import math
from typing import Final

from netkernel.frozen import Frozen, replace
from netkernel.packets import dhcp6_options as options
from netkernel.packets import names
from netkernel.packets.dhcp6 import Message
from netkernel.packets.dhcp6_options import FOREVER, Identity, Status
from nncp_agent.dhcp.v6.lease import DEFAULT_REFRESH_S, REBIND, RENEW, Lease, Lent

MOST_ADDRESSES: Final = 4
MOST_NAMES: Final = 8
"""Name servers, or domains, of a lease: nobody shall fill our memory, or the kernel's."""


class Answer(Frozen):
    """`status` is what stands in the way, of the message or of our addresses; `identity` None where it has none of
    ours."""

    message: Message
    status: Status
    identity: Identity | None

    @property
    def server(self) -> bytes:
        return self.message.server_id

    @property
    def preference(self) -> int:
        return options.preference(self.message.option(options.PREFERENCE))

    @property
    def is_committed(self) -> bool:
        return self.message.option(options.RAPID_COMMIT) is not None

    @property
    def ips(self) -> tuple[str, ...]:
        """The addresses that it has for us."""
        given = self.identity.addresses if self.identity and self.status.code == options.SUCCESS else ()
        return tuple(dict.fromkeys([each.ip for each in given if each.valid_s and each.status.code == options.SUCCESS]))


def read(message: Message, number: int) -> Answer:
    """`number` is that of our addresses."""
    identities = [options.identity(each) for each in message.every(options.IDENTITY)]
    ours = next((each for each in identities if each is not None and each.number == number), None)
    status = options.status(message.option(options.STATUS))
    if status.code == options.SUCCESS and ours is not None:
        status = ours.status
    return Answer(message, status, ours)


def lease_of(answer: Answer, asked_s: float, had: Lease | None = None) -> Lease | None:
    """What we hold after it, with `had` what we held: None where that is no address.

    Addresses it does not speak of stay as they are; those it gives no time are not ours any more.
    """
    told = {each.ip: each for each in answer.identity.addresses} if answer.identity else {}
    kept = [each for each in (had.addresses if had else ()) if each.ip not in told and each.ends_s > asked_s]
    given = [Lent(ip, told[ip].preferred_s, told[ip].valid_s, asked_s) for ip in answer.ips]
    addresses = tuple([*given, *kept][:MOST_ADDRESSES])
    if not addresses or answer.identity is None:
        return None
    renew_s, rebind_s = _times(answer.identity, addresses)
    bare = Lease(answer.server, asked_s, renew_s, rebind_s, addresses)
    return _with_names(bare, answer.message)


def information_of(answer: Answer, asked_s: float) -> Lease:
    """What we know after an answer to who asked for no addresses."""
    refresh_s = options.refresh_s(answer.message.option(options.REFRESH_TIME))
    lasts_s = DEFAULT_REFRESH_S if refresh_s is None else refresh_s
    return _with_names(Lease(answer.server, asked_s, lasts_s), answer.message)


def _with_names(lease: Lease, message: Message) -> Lease:
    return replace(
        lease,
        name_servers=options.addresses(message.option(options.NAME_SERVERS))[:MOST_NAMES],
        search=names.domains(message.option(options.SEARCH))[:MOST_NAMES],
    )


def _times(identity: Identity, addresses: tuple[Lent, ...]) -> tuple[int, int]:
    """T1 and T2: the server's where they make sense, and before the end in any case."""
    shortest = min([each.preferred_s or each.valid_s for each in addresses])
    if shortest == FOREVER:
        return identity.renew_s or FOREVER, identity.rebind_s or FOREVER
    rebind_s = identity.rebind_s or math.ceil(shortest * REBIND)
    first_end_s = min([each.valid_s for each in addresses])
    if rebind_s > first_end_s:
        rebind_s = math.ceil(first_end_s * REBIND)
    return min(identity.renew_s or math.ceil(shortest * RENEW), rebind_s), rebind_s
