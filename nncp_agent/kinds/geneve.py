"""geneve: Ethernet over UDP to one remote (RFC 8926; drivers/net/geneve.c). nmstate does not know it."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Annotated, Literal

from msgspec import Meta

from netkernel.link_kinds.geneve import USUAL_PORT
from netkernel.records import Value
from nncp_agent.errors import Problem
from nncp_agent.kinds.base import Context, Kind, Wanted
from nncp_agent.kinds.ip_tunnel_rules import is_multicast
from nncp_agent.model import U8, U16, Interface, Ip, Model
from nncp_agent.shown.tunnels import FLOW_LABEL

Vni = Annotated[int, Meta(ge=0, le=2**24 - 1)]
FlowLabel = Annotated[int, Meta(ge=0, le=FLOW_LABEL)]


class GeneveConfig(Model, frozen=True):
    """`geneve` of an interface."""

    hint = "a mapping like {id: 100, remote: 192.0.2.251}"

    destination_port: U16 | None = None
    df: Literal["unset", "set", "inherit"] | None = None
    flow_label: FlowLabel | None = None
    id: Vni | None = None
    remote: Ip | None = None
    tos: U8 | None = None
    ttl: U8 | None = None


class Geneve(Kind):
    name = "geneve"
    family = "tunnel"
    link_kinds = ("geneve",)
    subtree = "geneve"
    Config = GeneveConfig
    usual_mtu = 0

    def problems(self, iface: Interface, merged: Interface, context: Context) -> Iterator[Problem]:
        """No network identifier, no remote, or one that the driver refuses (geneve_nl2info)."""
        config = merged.config if isinstance(merged.config, GeneveConfig) else GeneveConfig()
        path = f"{iface.name}: geneve"
        is_new = iface.name not in context.before.links
        if config.id is None and is_new:
            yield Problem(f"{path}.id", "missing; wanted 0 to 16777215")
        if config.remote is None and is_new:
            yield Problem(f"{path}.remote", "missing; wanted the address of the other end of the geneve")
        elif config.remote and (is_multicast(config.remote) or config.remote.lower().startswith("fe80:")):
            yield Problem(f"{path}.remote", f"found {config.remote}, wanted the routable address of one host")
        stated = iface.config.flow_label if isinstance(iface.config, GeneveConfig) else None
        if stated and ":" not in (config.remote or ""):
            yield Problem(f"{path}.flow-label", f"the remote {config.remote} is IPv4's, which has none")

    def brief(self, iface: Interface) -> str:
        """Its network identifier."""
        return f"id {iface.config.id}" if isinstance(iface.config, GeneveConfig) else ""

    def claim(self, merged: Interface) -> Hashable | None:
        """Identifier, remote and port: two that share them would take each other's frames (geneve_configure)."""
        config = merged.config
        if not isinstance(config, GeneveConfig):
            return None
        return config.id, config.remote, config.destination_port or USUAL_PORT

    def option(self, attr: str) -> str:
        """Where a policy says the kernel attribute `attr`."""
        words = {"port": "destination-port", "remote6": "remote", "label": "flow-label"}
        return f"geneve.{words.get(attr, attr)}"

    def wanted(self, iface: Interface, merged: Interface, context: Context) -> Wanted:
        """What is stated."""
        config = iface.config
        if not isinstance(config, GeneveConfig):
            return Wanted()
        before = self._before(iface, context)
        stated: dict[str, Value | None] = {
            "id": config.id,
            "port": config.destination_port,
            "ttl": config.ttl,
            "tos": config.tos,
            "label": config.flow_label,
            "df": config.df,
        }
        if config.remote is not None:
            mine, other = ("remote6", "remote") if ":" in config.remote else ("remote", "remote6")
            stated[mine] = config.remote
            stated[other] = "" if before is not None and before.attrs.get(other) else None
            if ":" not in config.remote and before is not None and before.attrs.get("label"):
                stated["label"] = 0  # it is IPv6's, and the driver refuses it
        if config.ttl and before is not None and before.attrs.get("ttl_inherit"):
            stated["ttl_inherit"] = 0
        return Wanted(attrs={attr: value for attr, value in stated.items() if value is not None})
