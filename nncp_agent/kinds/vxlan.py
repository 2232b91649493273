"""vxlan: Ethernet over UDP, to one remote, a multicast group, or wherever the FDB says (nmstate.md 3.3; RFC 7348)."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import Annotated, Final

from msgspec import Meta
from msgspec.structs import replace

from netkernel.link_kinds.vxlan import ROOM
from netkernel.records import Value
from nncp_agent.errors import Problem
from nncp_agent.kinds.base import Context, Kind, Wanted
from nncp_agent.model import U16, Interface, LinkNameOrNone, Model
from nncp_agent.spelling import Canonical, ip_or_empty

IpOrNone = Annotated[str, Canonical(ip_or_empty)]
Vni = Annotated[int, Meta(ge=0, le=2**24 - 1)]
USUAL_PORT: Final = 8472
"""The kernel's default and NetworkManager's, older than the 4789 of RFC 7348."""


class VxlanConfig(Model, frozen=True):
    """`vxlan` of an interface."""

    hint = "a mapping like {id: 100, remote: 192.0.2.251, base-iface: eth1}"

    base_iface: LinkNameOrNone | None = None
    destination_port: U16 | None = None
    id: Vni | None = None
    learning: bool | None = None
    local: IpOrNone | None = None
    remote: IpOrNone | None = None


class Vxlan(Kind):
    name = "vxlan"
    family = "tunnel"
    link_kinds = ("vxlan",)
    subtree = "vxlan"
    Config = VxlanConfig

    def problems(self, iface: Interface, merged: Interface, context: Context) -> Iterator[Problem]:
        """No network identifier, addresses of two families, a multicast group on no base."""
        config = merged.config if isinstance(merged.config, VxlanConfig) else VxlanConfig()
        path = f"{iface.name}: vxlan"
        if config.id is None:
            yield Problem(f"{path}.id", "missing; wanted 0 to 16777215")
        if config.base_iface == iface.name:
            yield Problem(f"{path}.base-iface", f"found '{iface.name}', the link itself, wanted another one")
        remote, local = config.remote or "", config.local or ""
        if remote and local and (":" in remote) != (":" in local):
            yield Problem(f"{path}.local", f"{local} and the remote {remote} are of two address families")
        if _is_multicast(local):
            yield Problem(f"{path}.local", f"found {local}, a multicast group, wanted an address of this host")
        yield from self._needs_ipv6(iface, config, context)
        if _is_multicast(remote) and not config.base_iface:
            yield Problem(f"{path}.base-iface", f"missing; the multicast group {remote} needs a link to be joined on")

    def _needs_ipv6(self, iface: Interface, config: VxlanConfig, context: Context) -> Iterator[Problem]:
        """The driver refuses IPv6 over a base where it is switched off (vxlan_config_validate)."""
        base = context.merged.get(config.base_iface or "")
        seen = context.before.links.get(iface.name)
        for word, address in (("remote", config.remote), ("local", config.local)):
            if seen is not None and seen.attrs.get(f"{word}6") == address and seen.link == config.base_iface:
                continue  # it has taken it already
            if ":" in (address or "") and base is not None and not (base.ipv6 is not None and base.ipv6.enabled):
                message = f"{address} needs IPv6 on {base.name}, where it is not enabled"
                yield Problem(f"{iface.name}: vxlan.{word}", message)
                return

    def below(self, iface: Interface) -> tuple[str, ...]:
        """Its base, if it has one."""
        config = iface.config
        return (config.base_iface,) if isinstance(config, VxlanConfig) and config.base_iface else ()

    def renamed(self, config: Model | None, names: Mapping[str, str]) -> Model | None:
        """Its base by its new name."""
        if not isinstance(config, VxlanConfig) or not config.base_iface:
            return config
        return replace(config, base_iface=names.get(config.base_iface, config.base_iface))

    def overhead(self, iface: Interface) -> int:
        """The outer headers."""
        config = iface.config if isinstance(iface.config, VxlanConfig) else VxlanConfig()
        return ROOM[6 if ":" in (config.remote or config.local or "") else 4]

    def brief(self, iface: Interface) -> str:
        """Its network identifier."""
        return f"id {iface.config.id}" if isinstance(iface.config, VxlanConfig) else ""

    def claim(self, merged: Interface) -> Hashable | None:
        """Identifier, port and base: two that share them would take each other's frames (vxlan_config_validate)."""
        config = merged.config
        if not isinstance(config, VxlanConfig):
            return None
        family = ":" in (config.remote or config.local or "")
        return config.id, config.destination_port or USUAL_PORT, config.base_iface or "", family

    def option(self, attr: str) -> str:
        """Where a policy says the kernel attribute `attr`."""
        words = {"link": "base-iface", "port": "destination-port", "remote6": "remote", "local6": "local"}
        return f"vxlan.{words.get(attr, attr)}"

    def wanted(self, iface: Interface, merged: Interface, context: Context) -> Wanted:
        """What is stated."""
        config = iface.config
        if not isinstance(config, VxlanConfig):
            return Wanted()
        before = context.before.links.get(iface.name)
        stated: dict[str, Value | None] = {
            "id": config.id,
            "link": config.base_iface,
            "port": config.destination_port,
            "learning": None if config.learning is None else int(config.learning),
        }
        for word in ("remote", "local"):
            if (address := getattr(config, word)) is not None:
                mine, other = (f"{word}6", word) if ":" in address else (word, f"{word}6")
                stated[mine] = address
                stated[other] = "" if before is not None and before.attrs.get(other) else None
        return Wanted(attrs={attr: value for attr, value in stated.items() if value is not None})


def _is_multicast(ip: str) -> bool:
    """224.0.0.0/4 (RFC 5771) or ff00::/8 (RFC 4291)."""
    first = ip.partition(".")[0]
    return ip.lower().startswith("ff") if ":" in ip else first.isdigit() and 224 <= int(first) <= 239
