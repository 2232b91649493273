"""What a manager's DHCP client has for a link that is claimed: a client of ours goes on with it, known by its name."""

from __future__ import annotations

from collections.abc import Iterator, Set

from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.records import Client, Value
from nncp_agent.target.clients import ALWAYS, BY_DHCP


def as_ours(host: Host, names: Set[str]) -> Host:
    """`host` with the DHCPv4 leases of these links as leases of ours, the same where there are none.

    So a policy that says nothing of them keeps them, and one that says otherwise turns them into what it says, as it
    would those of our own clients. Servers know a client by its identifier, and routes go by their metrics.
    """
    ours = {client.key for client in host.clients}
    found = [client for client in _clients(host, names) if client.key not in ours]
    return replace(host, clients=tuple(sorted((*host.clients, *found), key=lambda each: each.key))) if found else host


def _clients(host: Host, names: Set[str]) -> Iterator[Client]:
    for manager in host.managers.values():
        for link in sorted(names & manager.holds.keys()):
            if (identity := manager.holds[link].lease) is None:
                continue
            attrs: dict[str, Value] = dict(ALWAYS)
            metrics = [each.metric for each in host.routes if link in each.links and each.protocol == BY_DHCP]
            if metrics and metrics[0]:
                attrs["auto-route-metric"] = metrics[0]
            if identity:
                attrs["dhcp-client-id"] = identity
            yield Client(link, 4, attrs)
