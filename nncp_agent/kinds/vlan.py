"""vlan: one VLAN of a link as a link of its own, 802.1Q or 802.1ad (nmstate.md 3.3; net/8021q)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from typing import Annotated, Final, Literal, TypeVar

from msgspec import Meta, field
from msgspec.structs import replace

from netkernel.records import Value
from nncp_agent.errors import Problem
from nncp_agent.kinds.base import ETHERNET, Context, Kind, Wanted
from nncp_agent.model import U32, Interface, LinkName, Model, VlanId
from nncp_agent.shown.small import registration


class EgressMapping(Model, frozen=True):
    """The tag's priority for packets of one priority of the host's."""

    hint = "a mapping like {from: 2, to: 3}"

    from_: Annotated[int, Meta(ge=0, le=15)] = field(name="from")
    to: Annotated[int, Meta(ge=0, le=7)]


class IngressMapping(Model, frozen=True):
    """The host's priority for packets with one priority in their tag."""

    hint = "a mapping like {from: 2, to: 3}"

    from_: Annotated[int, Meta(ge=0, le=7)] = field(name="from")
    to: U32


class VlanConfig(Model, frozen=True):
    """`vlan` of an interface."""

    hint = "a mapping like {base-iface: bond1, id: 93}"

    base_iface: LinkName | None = None
    id: VlanId | None = None
    protocol: Literal["802.1q", "802.1ad"] | None = None
    registration_protocol: Literal["gvrp", "mvrp", "none"] | None = None
    reorder_headers: bool | None = None
    loose_binding: bool | None = None
    bridge_binding: bool | None = None
    ingress_qos_map: tuple[IngressMapping, ...] | None = None
    egress_qos_map: tuple[EgressMapping, ...] | None = None


M = TypeVar("M", IngressMapping, EgressMapping, IngressMapping | EgressMapping)
USUAL_PROTOCOL: Final = "802.1q"


class Vlan(Kind):
    name = "vlan"
    family = "vlan"
    link_kinds = ("vlan",)
    subtree = "vlan"
    Config = VlanConfig
    tag = 4
    needs = (ETHERNET,)

    def problems(self, iface: Interface, merged: Interface, context: Context) -> Iterator[Problem]:
        """A VLAN of nothing, or without a number."""
        config = merged.config if isinstance(merged.config, VlanConfig) else VlanConfig()
        if config.base_iface is None and not self._is_there(iface, context):
            yield Problem(f"{iface.name}: vlan.base-iface", "missing; wanted the link that carries the VLAN")
        if config.id is None:
            yield Problem(f"{iface.name}: vlan.id", "missing; wanted 0 to 4094")
        for word, listed in (("ingress-qos-map", config.ingress_qos_map), ("egress-qos-map", config.egress_qos_map)):
            times = Counter([each.from_ for each in listed]) if listed else {}
            for number in [number for number, count in times.items() if count > 1]:
                yield Problem(f"{iface.name}: vlan.{word}", f"found from {number} twice, wanted each priority once")
        if config.base_iface == iface.name:
            yield Problem(
                f"{iface.name}: vlan.base-iface", f"found '{iface.name}', the VLAN itself, wanted another link"
            )

    def below(self, iface: Interface) -> tuple[str, ...]:
        """Its base."""
        config = iface.config
        return (config.base_iface,) if isinstance(config, VlanConfig) and config.base_iface else ()

    def normalise(self, config: Model) -> Model:
        """Mappings in order, without those to 0, which are none."""
        if not isinstance(config, VlanConfig):
            return config
        return replace(
            config,
            ingress_qos_map=_in_order(config.ingress_qos_map),
            egress_qos_map=_in_order(config.egress_qos_map),
        )

    def renamed(self, config: Model | None, names: Mapping[str, str]) -> Model | None:
        """Its base by its new name."""
        if not isinstance(config, VlanConfig) or config.base_iface is None:
            return config
        return replace(config, base_iface=names.get(config.base_iface, config.base_iface))

    def brief(self, iface: Interface) -> str:
        """Its number."""
        return f"id {iface.config.id}" if isinstance(iface.config, VlanConfig) else ""

    def claim(self, merged: Interface) -> Hashable | None:
        """Base, protocol and number: the kernel holds each once."""
        config = merged.config
        if not isinstance(config, VlanConfig):
            return None
        return config.base_iface, config.protocol or USUAL_PROTOCOL, config.id

    def option(self, attr: str) -> str:
        """Where a policy says the kernel attribute `attr`."""
        words = {"link": "base-iface", "reorder_hdr": "reorder-headers", "loose_binding": "loose-binding"}
        words |= {"bridge_binding": "bridge-binding"}
        words |= {"ingress_qos": "ingress-qos-map", "egress_qos": "egress-qos-map"}
        words |= {"gvrp": "registration-protocol", "mvrp": "registration-protocol"}
        return f"vlan.{words.get(attr, attr)}"

    def wanted(self, iface: Interface, merged: Interface, context: Context) -> Wanted:
        """What is stated."""
        config = iface.config
        if not isinstance(config, VlanConfig):
            return Wanted()
        before = context.before.links.get(iface.name)
        stated: dict[str, Value | None] = {
            "link": config.base_iface,
            "id": config.id,
            "protocol": config.protocol,
            "reorder_hdr": config.reorder_headers,
            "loose_binding": config.loose_binding,
            "bridge_binding": config.bridge_binding,
            "ingress_qos": _mappings(config.ingress_qos_map),
            "egress_qos": _mappings(config.egress_qos_map),
        }
        asked = config.registration_protocol
        # The kernel can register with both, which a policy cannot say: what reads as asked stays.
        if asked is not None and (before is None or registration(before.attrs) != asked):
            stated |= {"gvrp": asked == "gvrp", "mvrp": asked == "mvrp"}
        return Wanted(attrs={attr: value for attr, value in stated.items() if value is not None})

    def _is_there(self, iface: Interface, context: Context) -> bool:
        link = context.before.links.get(iface.name)
        return link is not None and link.kind == "vlan"


def _in_order(listed: tuple[M, ...] | None) -> tuple[M, ...] | None:
    if listed is None:
        return None
    return tuple(sorted((each for each in listed if each.to), key=lambda each: each.from_))


def _mappings(listed: tuple[IngressMapping | EgressMapping, ...] | None) -> tuple[str, ...] | None:
    """As the kernel's record has them."""
    ordered = _in_order(listed)
    return None if ordered is None else tuple(f"{each.from_}:{each.to}" for each in ordered)
