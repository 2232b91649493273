"""vrf: a routing table of its own for the links enslaved to it, which keep their addresses (nmstate.md 3.3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, ClassVar

from msgspec import Meta
from msgspec.structs import replace

from netkernel.link_kinds.vrf import MTU
from nncp_agent.errors import Problem
from nncp_agent.kinds.base import Context, Kind, Wanted
from nncp_agent.model import Interface, LinkName, Model, merge

TableId = Annotated[int, Meta(ge=0, le=2**32 - 1)]


class VrfConfig(Model, frozen=True):
    """`vrf` of an interface."""

    hint = "a mapping like {port: [eth1], route-table-id: 100}"
    aliases: ClassVar[Mapping[str, str]] = {"ports": "port"}

    port: tuple[LinkName, ...] | None = None
    route_table_id: TableId | None = None


class Vrf(Kind):
    name = "vrf"
    family = "vrf"
    link_kinds = ("vrf",)
    subtree = "vrf"
    Config = VrfConfig
    takes_ports = True
    ports_hold_ip = True
    usual_mtu = MTU

    def problems(self, iface: Interface, merged: Interface, context: Context) -> Iterator[Problem]:
        """A VRF without a table, and ports said twice."""
        config = merged.config if isinstance(merged.config, VrfConfig) else VrfConfig()
        if not config.route_table_id:
            found = "missing" if config.route_table_id is None else "found 0"
            yield Problem(f"{iface.name}: vrf.route-table-id", f"{found}; wanted the number of a routing table, from 1")
        ports = config.port or ()
        for name in dict.fromkeys(each for each in ports if ports.count(each) > 1):
            yield Problem(f"{iface.name}: vrf.port", f"{name} is there twice")

    def warnings(self, iface: Interface, merged: Interface, context: Context) -> Iterator[Problem]:
        """A table that another VRF has, too: the kernel does not mind."""
        seen = (name for name, link in context.before.links.items() if link.kind == "vrf" and name in context.merged)
        names = dict.fromkeys([*seen, *(each.name for each in context.desired.interfaces or ())])
        for other in (context.merged[name] for name in names if name in context.merged and name != iface.name):
            if isinstance(other.config, VrfConfig) and other.config.route_table_id == _table(merged):
                message = f"{_table(merged)} is the table of {other.name}, too: their routes will be mixed up"
                yield Problem(f"{iface.name}: vrf.route-table-id", message)

    def ports(self, iface: Interface) -> tuple[str, ...] | None:
        """The names in `port`."""
        return iface.config.port if isinstance(iface.config, VrfConfig) else None

    def with_ports(self, config: Model | None, ports: Sequence[str]) -> Model | None:
        """`config` with exactly these ports."""
        mine = config if isinstance(config, VrfConfig) else VrfConfig()
        return replace(mine, port=tuple(ports))

    def renamed(self, config: Model | None, names: Mapping[str, str]) -> Model | None:
        """Its ports by their new names."""
        if not isinstance(config, VrfConfig) or config.port is None:
            return config
        return replace(config, port=tuple(names.get(each, each) for each in config.port))

    def brief(self, iface: Interface) -> str:
        """Its table."""
        return f"table {iface.config.route_table_id}" if isinstance(iface.config, VrfConfig) else ""

    def merge(self, desired: Model | None, present: Model | None) -> Model | None:
        """The table 0 is the one it has (nmstate.md 3.3)."""
        if isinstance(desired, VrfConfig) and isinstance(present, VrfConfig) and desired.route_table_id == 0:
            desired = replace(desired, route_table_id=None)
        return merge(desired, present)

    def option(self, attr: str) -> str:
        """Where a policy says the kernel attribute `attr`."""
        return "vrf.route-table-id" if attr == "table" else f"vrf.{attr}"

    def wanted(self, iface: Interface, merged: Interface, context: Context) -> Wanted:
        """The table; 0 is the one it has."""
        config = iface.config
        if not isinstance(config, VrfConfig) or not config.route_table_id:
            return Wanted()
        return Wanted(attrs={"table": config.route_table_id})

    def normalise(self, config: Model) -> Model:
        """Ports in order of their names, and no table 0."""
        if not isinstance(config, VrfConfig):
            return config
        ports = None if config.port is None else tuple(sorted(config.port))
        return replace(config, port=ports, route_table_id=config.route_table_id or None)


def _table(merged: Interface) -> int | None:
    return merged.config.route_table_id if isinstance(merged.config, VrfConfig) else None
