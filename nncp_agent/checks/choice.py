"""Which checks suit a change."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from netkernel.files import RESOLV_CONF
from netkernel.host import Host
from nncp_agent.checks.base import Check
from nncp_agent.checks.gateway import DEFAULT, Gateway, default_legs
from nncp_agent.checks.name_server import NameServer, NameServers, name_servers
from nncp_agent.model import NetworkState, State
from nncp_agent.shown import dns
from nncp_agent.shown.dns import Dns
from nncp_agent.shown.hostname import file_of


def choose(
    before: Host,
    target: Host,
    desired: NetworkState,
    observe: Callable[[], Host],
    resolv_conf: Callable[[], str],
    namespace: str | None = None,
    *,
    gateways: bool = True,
    servers: bool = True,
) -> tuple[Check, ...]:
    """Gateways and name servers worth asking, before the change and after it.

    A default route that the policy states absent has no gateway to check any more; one that goes by the way, with an
    address or a link, is what nodes are lost to. `resolv_conf` gives the file's text at the moment.
    """
    found: Sequence[Check] = [
        Gateway(family, observe, namespace)
        for family in (4, 6)
        if gateways
        and default_legs(before, family)
        and (default_legs(target, family) or not _is_given_up(desired, family))
    ]
    return (*found, *(_servers(before, target, resolv_conf, namespace) if servers else ()))


def _servers(before: Host, target: Host, resolv_conf: Callable[[], str], namespace: str | None) -> Sequence[Check]:
    """Each server there is; where those change, whichever a resolver would ask when the question is put."""
    if _resolver(before) != _resolver(target):
        return [NameServers(resolv_conf, namespace)] if _resolver(target).server else []
    return [NameServer(address, namespace) for address in name_servers(resolv_conf())]


def _resolver(host: Host) -> Dns:
    return dns.running(file_of(host, RESOLV_CONF)[1].lines)


def _is_given_up(desired: NetworkState, family: int) -> bool:
    """Whether the policy asks for no default route of this family, by name or by leaving the destination open."""
    entries = (desired.routes.config if desired.routes else None) or ()
    return any(
        entry.state is State.ABSENT and (entry.destination or DEFAULT[family]) == DEFAULT[family] for entry in entries
    )
