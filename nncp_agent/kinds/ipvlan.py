"""ipvlan: links that share their base's MAC and are told apart by IP (nmstate.md 3.3; drivers/net/ipvlan).

The kernel keeps mode and flags once for all ipvlans of a base; what one says, all do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from msgspec.structs import replace

from netkernel.link_kinds.ipvlan import PRIVATE, VEPA
from netkernel.records import Value
from nncp_agent.errors import Problem
from nncp_agent.kinds.base import ETHERNET, Context, Kind, Wanted
from nncp_agent.model import Interface, LinkName, Model


class IpVlanConfig(Model, frozen=True):
    """`ipvlan` of an interface."""

    hint = "a mapping like {base-iface: eth1, mode: l3}"

    base_iface: LinkName | None = None
    mode: Literal["l2", "l3", "l3s"] | None = None
    private: bool | None = None
    vepa: bool | None = None


class IpVlan(Kind):
    name = "ipvlan"
    link_kinds = ("ipvlan",)
    subtree = "ipvlan"
    Config = IpVlanConfig
    needs = (ETHERNET,)

    def problems(self, iface: Interface, merged: Interface, context: Context) -> Iterator[Problem]:
        """A link without base or mode, both flags at once, and neighbours on the base that want it otherwise."""
        config = merged.config if isinstance(merged.config, IpVlanConfig) else IpVlanConfig()
        path = f"{iface.name}: ipvlan"
        if config.base_iface is None and iface.name not in context.before.links:
            yield Problem(f"{path}.base-iface", f"missing; wanted the link that carries the {self.name}")
        if config.base_iface == iface.name:
            yield Problem(f"{path}.base-iface", f"found '{iface.name}', the link itself, wanted another one")
        if config.mode is None:
            yield Problem(f"{path}.mode", "missing; wanted the ipvlan's: l2, l3 or l3s")
        if config.private and config.vepa:
            yield Problem(f"{path}.vepa", "found true beside private: true, wanted one of the two")
        links = (context.before.links.get(name) for name in (iface.name, config.base_iface or ""))
        theirs = {link.address for link in links if link is not None}
        if iface.mac_address is not None and iface.mac_address.lower() not in theirs:
            message = f"found {iface.mac_address}, but an ipvlan has the MAC address of its base; wanted none"
            yield Problem(f"{iface.name}: mac-address", message)
        yield from self._together(iface, config, context)

    def _together(self, iface: Interface, config: IpVlanConfig, context: Context) -> Iterator[Problem]:
        """What the policy says of two ipvlans of one base has to be the same."""
        for other in context.desired.interfaces or ():
            theirs = other.config
            if other.name == iface.name or not isinstance(theirs, IpVlanConfig) or other.name not in context.merged:
                continue
            whole = context.merged[other.name].config
            if not isinstance(whole, IpVlanConfig) or whole.base_iface != config.base_iface:
                continue
            for word in ("mode", "private", "vepa"):
                mine, its = getattr(config, word), getattr(theirs, word)
                if getattr(iface.config, word, None) is not None and its is not None and mine != its:
                    message = (
                        f"{_word(mine)} here and {_word(its)} on {other.name}: all on {config.base_iface} share it"
                    )
                    yield Problem(f"{iface.name}: ipvlan.{word}", message)

    def below(self, iface: Interface) -> tuple[str, ...]:
        """Its base."""
        config = iface.config
        return (config.base_iface,) if isinstance(config, IpVlanConfig) and config.base_iface else ()

    def renamed(self, config: Model | None, names: Mapping[str, str]) -> Model | None:
        """Its base by its new name."""
        if not isinstance(config, IpVlanConfig) or not config.base_iface:
            return config
        return replace(config, base_iface=names.get(config.base_iface, config.base_iface))

    def brief(self, iface: Interface) -> str:
        """Its mode."""
        return f"mode {iface.config.mode}" if isinstance(iface.config, IpVlanConfig) else ""

    def option(self, attr: str) -> str:
        """Where a policy says the kernel attribute `attr`."""
        return f"ipvlan.{ {'link': 'base-iface', 'flags': 'private'}.get(attr, attr) }"

    def wanted(self, iface: Interface, merged: Interface, context: Context) -> Wanted:
        """What is stated."""
        config = iface.config
        if not isinstance(config, IpVlanConfig):
            return Wanted()
        stated: dict[str, Value | None] = {"link": config.base_iface, "mode": config.mode}
        whole = merged.config
        if isinstance(whole, IpVlanConfig) and (config.private is not None or config.vepa is not None):
            stated["flags"] = (PRIVATE if whole.private else 0) | (VEPA if whole.vepa else 0)
        return Wanted(attrs={attr: value for attr, value in stated.items() if value is not None})


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
