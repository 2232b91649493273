"""What DHCPv6 servers lend a host or tell it, and until when."""

from __future__ import annotations

import math
from typing import Final

from netkernel.frozen import Frozen
from netkernel.packets.dhcp6_options import FOREVER

RENEW, REBIND = 0.5, 0.8
"""Parts of the shortest preferred lifetime after which it is renewed and rebound where the server leaves it to the
client (RFC 8415 section 21.4)."""
DEFAULT_REFRESH_S: Final = 86400
"""IRT_DEFAULT: how long what is told without a lease holds where the server does not say (section 7.6)."""


class Lent(Frozen):
    """An address. It was asked for at `since_s`, by the client's clock; from then it is preferred and valid for so many
    seconds, of which FOREVER are for ever."""

    ip: str
    preferred_s: int
    valid_s: int
    since_s: float

    @property
    def ends_s(self) -> float:
        return _end(self.since_s, self.valid_s)

    @property
    def deprecated_at_s(self) -> float:
        return _end(self.since_s, self.preferred_s)


class Lease(Frozen):
    """One without addresses is what a server told who asked for nothing else: to be asked again after `renew_s`.

    `server` is its DUID; `since_s` is when it was last asked. T1 and T2 count from then, and FOREVER is for ever. Name
    servers and domains are in the server's order.
    """

    server: bytes
    since_s: float
    renew_s: int
    rebind_s: int = FOREVER
    addresses: tuple[Lent, ...] = ()
    name_servers: tuple[str, ...] = ()
    search: tuple[str, ...] = ()

    @property
    def ips(self) -> tuple[str, ...]:
        return tuple([each.ip for each in self.addresses])

    @property
    def ends_s(self) -> float:
        """When the last address ends; what has none is kept until there is something newer."""
        return max([each.ends_s for each in self.addresses], default=math.inf)

    @property
    def renew_at_s(self) -> float:
        return _end(self.since_s, self.renew_s)

    @property
    def rebind_at_s(self) -> float:
        return _end(self.since_s, self.rebind_s)


def _end(since_s: float, lasts_s: int) -> float:
    return math.inf if lasts_s == FOREVER else since_s + lasts_s
