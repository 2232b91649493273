"""What goes on for a host's links between two commands, in small processes that outlive them: one for each service.

A `Service` keeps leases or knows neighbours. Its process is asked at a socket in the state directory (`door`,
`requests`), brought up where there is none (`launch`), and runs one worker for each link that it was told of (`keeper`,
`told`); `places` is what `show` needs of all that.
"""

from __future__ import annotations

from netkernel.frozen import Frozen
from netkernel.records import LLDP, Client
from netkernel.typed import Final


class Service(Frozen):
    """`folder` is its own in the state directory, `name` and `unit` what ps(1) and systemctl(1) know its process by.

    `module` has the process: `python -m` starts it, and its `keeper.main(directory, ready)` is the whole life of one.
    It is known by its name, because whoever only looks at a host must not load it.
    """

    folder: str
    module: str
    name: str
    unit: str
    description: str
    properties: tuple[str, ...] = ()  # of its unit, beside those of all


LEASES: Final = Service(
    folder="dhcp", module="nncp_agent.dhcp", name="lease-keeper", unit="nncp-leases",
    description="Keeps the leases of this host's addresses",
)  # fmt: skip
NEIGHBOURS: Final = Service(
    folder="lldp", module="nncp_agent.lldp", name="lldp-listener", unit="nncp-lldp",
    description="Listens to the LLDP neighbours of this host",
    # what it reads comes from anybody on the wire
    properties=("CapabilityBoundingSet=CAP_NET_RAW", "NoNewPrivileges=yes", "MemoryMax=256M"),
)  # fmt: skip
SERVICES: Final = (LEASES, NEIGHBOURS)


def service_of(client: Client) -> Service:
    """Whose process runs it."""
    return NEIGHBOURS if client.family == LLDP else LEASES
