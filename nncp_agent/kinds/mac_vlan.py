"""mac-vlan and mac-vtap: links with MACs of their own on one base (nmstate.md 3.3; drivers/net/macvlan.c)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar, Final, Literal

from msgspec.structs import replace

from netkernel.link_kinds.macvlan import NOPROMISC
from netkernel.records import Value
from nncp_agent.errors import Problem
from nncp_agent.kinds.base import ETHERNET, Context, Kind, Wanted
from nncp_agent.model import Interface, LinkName, Model

PASSTHRU: Final = "passthru"


class MacVlanConfig(Model, frozen=True):
    """`mac-vlan` or `mac-vtap` of an interface."""

    hint = "a mapping like {base-iface: eth1, mode: bridge}"
    aliases = {"accept-all-mac": "promiscuous"}  # noqa: RUF012  # a constant of the class, as everywhere

    base_iface: LinkName | None = None
    mode: Literal["vepa", "bridge", "private", "passthru", "source"] | None = None
    promiscuous: bool | None = None


class MacVtapConfig(MacVlanConfig, frozen=True):
    """`mac-vtap` of an interface: the same words under another key."""


class MacVlan(Kind):
    """What mac-vlan and mac-vtap share: all but the character device the kernel gives a mac-vtap."""

    name = "mac-vlan"
    link_kinds: ClassVar[tuple[str, ...]] = ("macvlan",)
    subtree = "mac-vlan"
    Config: ClassVar[type[Model]] = MacVlanConfig
    needs = (ETHERNET,)

    def problems(self, iface: Interface, merged: Interface, context: Context) -> Iterator[Problem]:
        """A link without base or mode; `promiscuous: false` where the driver does not heed it; a base taken whole."""
        config = merged.config if isinstance(merged.config, MacVlanConfig) else MacVlanConfig()
        path = f"{iface.name}: {self.subtree}"
        if config.base_iface is None and iface.name not in context.before.links:
            yield Problem(f"{path}.base-iface", f"missing; wanted the link that carries the {self.name}")
        if config.base_iface == iface.name:
            yield Problem(f"{path}.base-iface", f"found '{iface.name}', the link itself, wanted another one")
        if config.mode is None:
            modes = "vepa, bridge, private, passthru or source"
            yield Problem(f"{path}.mode", f"missing; wanted the {self.name}'s: {modes}")
        if config.promiscuous is False and config.mode not in (None, PASSTHRU):
            message = f"false works in mode passthru only, found mode {config.mode}; wanted true or nothing"
            yield Problem(f"{path}.promiscuous", message)
        yield from self._passthru_alone(iface, config, context)

    def _passthru_alone(self, iface: Interface, config: MacVlanConfig, context: Context) -> Iterator[Problem]:
        """A passthru link takes its base for itself (macvlan_common_newlink answers EINVAL)."""
        for name, other in context.merged.items():
            theirs = other.config
            if name == iface.name or not isinstance(theirs, MacVlanConfig) or theirs.base_iface != config.base_iface:
                continue
            if PASSTHRU in (config.mode, theirs.mode):
                message = f"{config.base_iface} carries {name} too, and a passthru link has its base for itself"
                yield Problem(f"{iface.name}: {self.subtree}.mode", message)
                return

    def below(self, iface: Interface) -> tuple[str, ...]:
        """Its base."""
        config = iface.config
        return (config.base_iface,) if isinstance(config, MacVlanConfig) and config.base_iface else ()

    def renamed(self, config: Model | None, names: Mapping[str, str]) -> Model | None:
        """Its base by its new name."""
        if not isinstance(config, MacVlanConfig) or not config.base_iface:
            return config
        return replace(config, base_iface=names.get(config.base_iface, config.base_iface))

    def brief(self, iface: Interface) -> str:
        """Its mode."""
        return f"mode {iface.config.mode}" if isinstance(iface.config, MacVlanConfig) else ""

    def option(self, attr: str) -> str:
        """Where a policy says the kernel attribute `attr`."""
        return f"{self.subtree}.{ {'link': 'base-iface', 'flags': 'promiscuous'}.get(attr, attr) }"

    def wanted(self, iface: Interface, merged: Interface, context: Context) -> Wanted:
        """What is stated; the other flags stay as they are."""
        config = iface.config
        if not isinstance(config, MacVlanConfig):
            return Wanted()
        stated: dict[str, Value | None] = {"link": config.base_iface, "mode": config.mode}
        if config.promiscuous is not None:
            before = context.before.links.get(iface.name)
            flags = before.attrs.get("flags", 0) if before is not None else 0
            kept = flags & ~NOPROMISC if isinstance(flags, int) else 0
            stated["flags"] = kept if config.promiscuous else kept | NOPROMISC
        return Wanted(attrs={attr: value for attr, value in stated.items() if value is not None})


class MacVtap(MacVlan):
    name = "mac-vtap"
    link_kinds = ("macvtap",)
    subtree = "mac-vtap"
    Config = MacVtapConfig
