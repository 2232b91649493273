"""What a policy tells a DHCP client, as it stands in a `records.Client`: nmstate's keys and their values."""

from __future__ import annotations

from netkernel.frozen import Frozen
from netkernel.records import Client
from netkernel.typed import Any, Final

DEFAULTS: Final[dict[str, Any]] = {
    "auto-dns": True, "auto-gateway": True, "auto-routes": True, "auto-route-table-id": 0,
}  # fmt: skip
"""What `show` says of every client; the other keys are there where a policy stated them."""
OWN_METRIC: Final = 100
"""Of routes from DHCP where nobody says otherwise: behind static ones, which have none. NetworkManager's for a NIC."""


class Settings(Frozen):
    """`metric` None leaves it to us; `hostname` is None where the system's own name is to be sent, "" for none.

    `autoconf` is whether routers say what of DHCPv6 is wanted.
    """

    client_id: str = ""
    duid: str = ""
    autoconf: bool = False
    hostname: str | None = None
    routes: bool = True
    gateway: bool = True
    dns: bool = True
    table: int = 0
    metric: int | None = None


def settings_of(client: Client) -> Settings:
    attrs: dict[str, Any] = {**DEFAULTS, **client.attrs}
    sends = attrs.get("dhcp-send-hostname", True)
    return Settings(
        client_id=attrs.get("dhcp-client-id", ""),
        duid=attrs.get("dhcp-duid", ""),
        autoconf=attrs.get("autoconf", False),
        hostname=(attrs.get("dhcp-custom-hostname") or None) if sends else "",
        routes=attrs["auto-routes"],
        gateway=attrs["auto-gateway"],
        dns=attrs["auto-dns"],
        table=attrs["auto-route-table-id"],
        metric=attrs.get("auto-route-metric"),
    )
