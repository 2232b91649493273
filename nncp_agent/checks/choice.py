"""Which checks suit a change."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from netkernel.host import Host
from nncp_agent.checks.base import Check
from nncp_agent.checks.gateway import DEFAULT, Gateway, default_legs
from nncp_agent.checks.name_server import NameServer, name_servers
from nncp_agent.model import NetworkState, State


def choose(
    before: Host,
    target: Host,
    desired: NetworkState,
    observe: Callable[[], Host],
    resolv_conf: str,
    namespace: str | None = None,
) -> tuple[Check, ...]:
    """Gateways and name servers worth asking, before the change and after it.

    A default route that the policy states absent has no gateway to check any more; one that goes by the way, with an
    address or a link, is what nodes are lost to. `resolv_conf` is the file's text.
    """
    gateways: Sequence[Check] = [
        Gateway(family, observe, namespace)
        for family in (4, 6)
        if default_legs(before, family) and (default_legs(target, family) or not _is_given_up(desired, family))
    ]
    servers: Sequence[Check] = [NameServer(address, namespace) for address in name_servers(resolv_conf)]
    return (*gateways, *servers)


def _is_given_up(desired: NetworkState, family: int) -> bool:
    """Whether the policy asks for no default route of this family, by name or by leaving the destination open."""
    entries = (desired.routes.config if desired.routes else None) or ()
    return any(
        entry.state is State.ABSENT and (entry.destination or DEFAULT[family]) == DEFAULT[family] for entry in entries
    )
