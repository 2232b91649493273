"""Which checks suit a change."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from netkernel.host import Host
from nncp_agent.checks.base import Check
from nncp_agent.checks.gateway import Gateway, default_legs
from nncp_agent.checks.name_server import NameServer, name_servers


def choose(
    before: Host, target: Host, observe: Callable[[], Host], resolv_conf: str, namespace: str | None = None
) -> tuple[Check, ...]:
    """Gateways and name servers worth asking, before the change and after it.

    A family whose default route the policy itself takes away has no gateway to check. `resolv_conf` is the file's text.
    """
    gateways: Sequence[Check] = [
        Gateway(family, observe, namespace)
        for family in (4, 6)
        if default_legs(before, family) and default_legs(target, family)
    ]
    servers: Sequence[Check] = [NameServer(address, namespace) for address in name_servers(resolv_conf)]
    return (*gateways, *servers)
