"""infiniband: IP over InfiniBand, an adapter's port or a partition on one (nmstate.md 3.3; RFC 4391)."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from typing import Annotated, ClassVar, Literal

from msgspec import Meta
from msgspec.structs import replace

from netkernel.link_kinds.ipoib import FULL_MEMBER, LARGEST
from netkernel.records import Link, Value
from nncp_agent.errors import Problem
from nncp_agent.kinds.base import INFINIBAND, Context, Kind, Wanted
from nncp_agent.model import Interface, LinkNameOrNone, Model
from nncp_agent.spelling import Canonical


def partition_key(text: str) -> str:
    """`0x1`, `1` or `0x8001` -> `0x8001`: links are full members of their partition."""
    try:
        number = int(text, 16 if text[:2] in ("0x", "0X") else 10)
    except ValueError:
        number = 0
    if not 0 < number <= 0xFFFF or number == FULL_MEMBER:
        raise ValueError("a partition key of 0x0001 to 0xffff, but not 0x8000")
    return f"{number | FULL_MEMBER:#06x}"


PartitionKey = Annotated[
    str, Canonical(partition_key, numbers=True), Meta(extra_json_schema={"type": ["string", "integer"]})
]


class InfinibandConfig(Model, frozen=True):
    """`infiniband` of an interface. Without a base, or with the key 0xffff, it is the adapter's port itself."""

    hint = "a mapping like {base-iface: ib0, pkey: '0x8001', mode: datagram}"

    mode: Literal["datagram", "connected"] | None = None
    base_iface: LinkNameOrNone | None = None
    pkey: PartitionKey | None = None


class Infiniband(Kind):
    name = "infiniband"
    family = "nic"
    link_kinds: ClassVar[tuple[str, ...]] = ("ipoib",)
    subtree = "infiniband"
    Config: ClassVar[type[Model]] = InfinibandConfig
    down_deletes = False  # nmstate.md 5.2 counts it among the physical ones
    usual_mtu = 2044
    fragments = True  # in mode connected, whatever its port carries

    def of(self, link: Link) -> Kind:
        """An adapter's port is nobody's to delete."""
        return self if link.link else PORT

    def problems(self, iface: Interface, merged: Interface, context: Context) -> Iterator[Problem]:
        """A new one that is no partition's, a port turned into one, a controller that cannot take it, a MAC."""
        config = merged.config if isinstance(merged.config, InfinibandConfig) else InfinibandConfig()
        path, before = f"{iface.name}: infiniband", self._before(iface, context)
        if before is None:
            yield from _new(iface, config, path, context)
        elif isinstance(iface.config, InfinibandConfig) and not before.link:
            for word, stated in (("base-iface", iface.config.base_iface), ("pkey", _partition(iface.config))):
                if stated and stated != _shown(before, word):
                    yield Problem(
                        f"{path}.{word}", f"found {stated}, but {iface.name} is an adapter's own; wanted none"
                    )
        if iface.mac_address:
            message = f"found {iface.mac_address}, but InfiniBand addresses are the adapter's; wanted none"
            yield Problem(f"{iface.name}: mac-address", message)
        largest = LARGEST[config.mode or "datagram"]
        if (iface.mtu or 0) > largest:
            message = f"wanted 68 to {largest} (mode {config.mode or 'datagram'}), found {iface.mtu}"
            yield Problem(f"{iface.name}: mtu", message)
        yield from _controller(iface, merged, context)

    def frames(self, merged: Interface, link: Link | None) -> str:
        """Its own."""
        return INFINIBAND

    def below(self, iface: Interface) -> tuple[str, ...]:
        """The port of its partition."""
        config = iface.config
        return (config.base_iface,) if isinstance(config, InfinibandConfig) and config.base_iface else ()

    def renamed(self, config: Model | None, names: Mapping[str, str]) -> Model | None:
        """Its base by its new name."""
        if not isinstance(config, InfinibandConfig) or not config.base_iface:
            return config
        return replace(config, base_iface=names.get(config.base_iface, config.base_iface))

    def brief(self, iface: Interface) -> str:
        """Its partition."""
        return f"pkey {iface.config.pkey}" if isinstance(iface.config, InfinibandConfig) and iface.config.pkey else ""

    def claim(self, merged: Interface) -> Hashable | None:
        """Its partition on its port."""
        config = merged.config
        return (config.base_iface, config.pkey) if isinstance(config, InfinibandConfig) and config.base_iface else None

    def option(self, attr: str) -> str:
        """Where a policy says the kernel attribute `attr`."""
        return f"infiniband.{ {'link': 'base-iface'}.get(attr, attr) }"

    def wanted(self, iface: Interface, merged: Interface, context: Context) -> Wanted:
        """What is stated."""
        config = iface.config
        if not isinstance(config, InfinibandConfig):
            return Wanted()
        stated: dict[str, Value | None] = {
            "link": config.base_iface or None,
            "pkey": int(key, 16) if (key := _partition(config)) else None,
            "mode": config.mode,
        }
        return Wanted(attrs={attr: value for attr, value in stated.items() if value is not None})


class InfinibandPort(Infiniband):
    """What an adapter has by itself."""

    is_virtual = False


PORT = InfinibandPort()


def _partition(config: InfinibandConfig) -> str:
    """The partition's key, "" for the port itself."""
    return config.pkey or "" if config.pkey != "0xffff" else ""


def _shown(link: Link, word: str) -> str:
    key = link.attrs.get("pkey")
    return link.link if word == "base-iface" else f"{key:#06x}" if isinstance(key, int) else ""


def _new(iface: Interface, config: InfinibandConfig, path: str, context: Context) -> Iterator[Problem]:
    if not config.base_iface:
        yield Problem(f"{path}.base-iface", "missing; wanted the infiniband port that carries the partition")
    if not _partition(config):
        found = "missing" if config.pkey is None else f"found {config.pkey}, which is the port itself"
        yield Problem(f"{path}.pkey", f"{found}; wanted a partition's for a new infiniband, like 0x8001")
    if config.base_iface == iface.name:
        yield Problem(f"{path}.base-iface", f"found '{iface.name}', the link itself, wanted another one")
    base = context.merged.get(config.base_iface or "")
    if base is not None and base.type != "infiniband":
        yield Problem(f"{path}.base-iface", f"found '{base.name}', of type {base.type}, wanted an infiniband port")


def _controller(iface: Interface, merged: Interface, context: Context) -> Iterator[Problem]:
    """A bond takes one port at a time (nmstate.md 3.3; bond_enslave)."""
    controller = context.merged.get(merged.controller or "")
    if controller is None:
        return
    mode = getattr(controller.config, "mode", None)
    if controller.type == "bond" and mode != "active-backup":
        message = f"found {controller.name} of mode {mode}; wanted mode active-backup for infiniband ports"
        yield Problem(f"{iface.name}: controller", message)
