"""The router that a guest behind masquerade has: else no guest asks DHCPv6, and none has a default route."""

from __future__ import annotations

from typing import Final

from netkernel.packets import router
from netkernel.packets.router import Advertisement, Names, Prefix
from vmnet.serve.told import Told, Told6

LASTS_S: Final = 9000
"""AdvDefaultLifetime: the longest there is (RFC 4861 section 6.2.1), so that a restart of ours goes by unnoticed."""
EVERY_S: Final = 600
"""MaxRtrAdvInterval."""


def advertisement(told: Told, six: Told6) -> Advertisement:
    """Addresses come by DHCPv6; the network is on the link, and no host makes itself an address of it."""
    lasting = router.FOREVER
    return Advertisement(
        lasts_s=LASTS_S,
        hop_limit=64,
        managed=True,
        other=True,
        servers=(Names(six.servers, lasting),) if six.servers else (),
        mac=told.server_mac,
        mtu=told.mtu if told.mtu >= 1280 else 0,
        prefixes=(Prefix(six.network),),
    )
