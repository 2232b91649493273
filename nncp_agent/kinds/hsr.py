"""hsr: two ports that carry every frame twice, in a ring (HSR) or over two networks (PRP) (nmstate.md 3.3; net/hsr)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Literal

from msgspec.structs import replace

from netkernel.link_kinds.hsr import TAG
from netkernel.records import Value
from nncp_agent.errors import Problem
from nncp_agent.kinds.base import ETHERNET, Context, Kind, Wanted
from nncp_agent.model import U8, Interface, LinkName, Model

_WORDS: Final = {"slave1": "port1", "slave2": "port2"}


class HsrConfig(Model, frozen=True):
    """`hsr` of an interface. `multicast-spec` is the last byte of the supervision frames' address."""

    hint = "a mapping like {port1: eth1, port2: eth2, protocol: prp}"
    query_only = frozenset({"supervision-address"})

    multicast_spec: U8 | None = None
    port1: LinkName | None = None
    port2: LinkName | None = None
    protocol: Literal["hsr", "prp"] | None = None
    supervision_address: str | None = None  # query only


class Hsr(Kind):
    name = "hsr"
    link_kinds = ("hsr",)
    subtree = "hsr"
    Config = HsrConfig
    takes_ports = True
    needs = (ETHERNET,)

    def problems(self, iface: Interface, merged: Interface, context: Context) -> Iterator[Problem]:
        """One port, or the same port twice."""
        config = merged.config if isinstance(merged.config, HsrConfig) else HsrConfig()
        for word, port in (("port1", config.port1), ("port2", config.port2)):
            if port is None:
                yield Problem(f"{iface.name}: hsr.{word}", "missing; wanted the name of a link")
            elif port == iface.name:
                yield Problem(f"{iface.name}: hsr.{word}", f"found '{port}', the link itself, wanted another one")
        if config.port1 is not None and config.port1 == config.port2:
            yield Problem(f"{iface.name}: hsr.port2", f"found '{config.port2}', which is port1, wanted another link")

    def ports(self, iface: Interface) -> tuple[str, ...] | None:
        """Both ports; they are said when the link is made, and nobody joins later."""
        config = iface.config
        if not isinstance(config, HsrConfig) or config.port1 is None or config.port2 is None:
            return None
        return tuple(dict.fromkeys((config.port1, config.port2)))

    def port_key(self, iface: Interface, port: str) -> str:
        """Each has its own."""
        return "port2" if isinstance(iface.config, HsrConfig) and iface.config.port2 == port else "port1"

    def renamed(self, config: Model | None, names: Mapping[str, str]) -> Model | None:
        """Its ports by their new names."""
        if not isinstance(config, HsrConfig):
            return config
        one, two = (names.get(each or "", each or "") or None for each in (config.port1, config.port2))
        return replace(config, port1=one, port2=two)

    def overhead(self, iface: Interface) -> int:
        """The tag, or the trailer (HSR_HLEN)."""
        return TAG

    def brief(self, iface: Interface) -> str:
        """Its protocol."""
        return str(iface.config.protocol) if isinstance(iface.config, HsrConfig) else ""

    def option(self, attr: str) -> str:
        """Where a policy says the kernel attribute `attr`."""
        return f"hsr.{_WORDS.get(attr, attr).replace('_', '-')}"

    def wanted(self, iface: Interface, merged: Interface, context: Context) -> Wanted:
        """What is stated, as the driver wants it: a change of anything makes the link anew, so all is said."""
        config = iface.config
        if not isinstance(config, HsrConfig):
            return Wanted()
        stated: dict[str, Value | None] = {
            "slave1": config.port1,
            "slave2": config.port2,
            "protocol": config.protocol,
            "multicast_spec": config.multicast_spec,
        }
        return Wanted(attrs={attr: value for attr, value in stated.items() if value is not None})

    def normalise(self, config: Model) -> Model:
        """Without what is only shown."""
        if not isinstance(config, HsrConfig):
            return config
        return HsrConfig(
            multicast_spec=config.multicast_spec, port1=config.port1, port2=config.port2, protocol=config.protocol
        )
