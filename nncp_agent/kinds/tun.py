"""tun: a device whose other end is a process: IP packets (mode tun) or Ethernet frames (mode tap) (drivers/net/tun.c).

nmstate only looks at them; the words are those of its query and of NetworkManager. A policy makes devices that stay
while nobody has them open, for a VM or a VPN that is not allowed to make its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Final, Literal

from msgspec import Meta

from netkernel.link_kinds.tun import LARGEST_TAP, TAP, TUN
from netkernel.records import Link, Value
from nncp_agent.errors import Problem
from nncp_agent.kinds.base import ETHERNET, Context, Kind, Wanted
from nncp_agent.model import Interface, Model

Id = Annotated[int, Meta(ge=0, le=2**32 - 2)]
"""Of a user or a group; the highest number is nobody's."""
_WORDS: Final = {"owner": "owner", "group": "owning_group", "mode": "mode", "multi_queue": "multi_queue"}


class TunConfig(Model, frozen=True):
    """`tun` of an interface. Whether packets have headers is said by who opens it, whoever made it."""

    hint = "a mapping like {mode: tap, owner: 107}"
    query_only = frozenset({"pi", "vnet-hdr", "persist"})

    mode: Literal["tun", "tap"] | None = None
    owner: Id | None = None
    group: Id | None = None
    multi_queue: bool | None = None
    pi: bool | None = None  # query only
    vnet_hdr: bool | None = None  # query only
    persist: bool | None = None  # query only


class Tun(Kind):
    name = "tun"
    link_kinds: ClassVar[tuple[str, ...]] = ("tun",)
    subtree = "tun"
    Config: ClassVar[type[Model]] = TunConfig

    def problems(self, iface: Interface, merged: Interface, context: Context) -> Iterator[Problem]:
        """One without a mode; settings of a process's own device, or of one it has open; frames for one without."""
        config = merged.config if isinstance(merged.config, TunConfig) else TunConfig()
        path, before = f"{iface.name}: tun", self._before(iface, context)
        if config.mode is None and before is None:
            yield Problem(f"{path}.mode", "missing; wanted tun (IP packets) or tap (Ethernet frames)")
        yield from _without_frames(iface, merged, config, context)
        if config.mode == TAP and (iface.mtu or 0) > LARGEST_TAP:
            yield Problem(f"{iface.name}: mtu", f"wanted 68 to {LARGEST_TAP} (what a tap can), found {iface.mtu}")
        if before is None or not isinstance(iface.config, TunConfig):
            return
        for attr, value in self.wanted(iface, merged, context).attrs.items():
            if value != before.attrs.get(attr) and (why := _is_held(attr, before)):
                found = ("false", "true")[bool(value)] if attr == "multi_queue" else value
                yield Problem(f"{iface.name}: {self.option(attr)}", f"found {found}, but {iface.name} {why}")

    def frames(self, merged: Interface, link: Link | None) -> str:
        """A tap does."""
        return "" if isinstance(merged.config, TunConfig) and merged.config.mode == TUN else ETHERNET

    def brief(self, iface: Interface) -> str:
        """Its mode."""
        return iface.config.mode or "" if isinstance(iface.config, TunConfig) else ""

    def option(self, attr: str) -> str:
        """Where a policy says the kernel attribute `attr`."""
        word = next((word for word, its in _WORDS.items() if its == attr), attr)
        return f"tun.{word.replace('_', '-')}"

    def wanted(self, iface: Interface, merged: Interface, context: Context) -> Wanted:
        """What is stated; one that changes its mode keeps no MAC and no queue's length of the other mode."""
        config = iface.config
        if not isinstance(config, TunConfig):
            return Wanted()
        stated = {attr: getattr(config, word) for word, attr in _WORDS.items()}
        attrs: dict[str, Value] = {attr: int(value) for attr, value in stated.items() if isinstance(value, int)}
        attrs |= {"mode": config.mode} if config.mode is not None else {}
        before = self._before(iface, context)
        other = before is not None and attrs.get("mode", before.attrs.get("mode")) != before.attrs.get("mode")
        return Wanted(attrs=attrs, forgotten=frozenset({"address", "txqlen"}) if other else frozenset())


def _without_frames(iface: Interface, merged: Interface, config: TunConfig, context: Context) -> Iterator[Problem]:
    """A MAC address, asked of a device that carries no frames (dev_set_mac_address answers EINVAL)."""
    if config.mode != TUN:
        return
    if iface.mac_address:
        yield Problem(f"{iface.name}: mac-address", "found one, but a tun carries IP packets, wanted none or mode tap")


def _is_held(attr: str, link: Link) -> str:
    """Why the attribute cannot be another now, or ""."""
    if link.facts.get("persist") == 0:
        return "is a process's own, which made it so"
    if link.carrier and (attr in ("mode", "multi_queue") or not link.attrs.get("multi_queue")):
        return "is held open by a process; end that first"
    return ""
