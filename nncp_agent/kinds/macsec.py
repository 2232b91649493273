"""macsec: frames to one base, encrypted or at least signed (nmstate.md 3.3; IEEE 802.1AE, drivers/net/macsec.c).

The kernel encrypts with the keys that a daemon agrees on with the other end (MKA, IEEE 802.1X-2010). None runs here, so
the pair of keys to begin with is kept and shown as nmstate does, and whoever asks is told what to run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Final, Literal

from msgspec import Meta
from msgspec.structs import replace

from netkernel.link_kinds.macsec import HEADER, ICV
from netkernel.records import Attrs, Value
from nncp_agent.errors import Problem
from nncp_agent.kinds.base import ETHERNET, Context, Kind, Wanted
from nncp_agent.model import U16, Interface, LinkName, Model
from nncp_agent.shown.secrets import HIDDEN
from nncp_agent.spelling import Canonical

_CAK: Final = re.compile(r"[0-9A-Fa-f]{32}").fullmatch
_CKN: Final = re.compile(r"(?:[0-9A-Fa-f]{2}){1,32}").fullmatch
_PORT: Final = 1
"""MACSEC_PORT_ES: the port of a link that is told none."""


def cak(text: str) -> str:
    """A connectivity association key of 128 bits."""
    if text != HIDDEN and not _CAK(text):
        raise ValueError("32 hexadecimal digits")
    return text


def ckn(text: str) -> str:
    """The name of that key."""
    if text != HIDDEN and not _CKN(text):
        raise ValueError("an even number of hexadecimal digits, 2 to 64")
    return text


class MacSecConfig(Model, frozen=True):
    """`macsec` of an interface."""

    hint = "a mapping like {base-iface: eth1, encrypt: true}"

    base_iface: LinkName | None = None
    encrypt: bool | None = None
    port: U16 | None = None
    validation: Literal["disabled", "check", "strict"] | None = None
    send_sci: bool | None = None
    offload: Literal["off", "phy", "mac"] | None = None
    mka_cak: Annotated[str, Canonical(cak, secret=True), Meta(extra_json_schema={"writeOnly": True})] | None = None
    mka_ckn: Annotated[str, Canonical(ckn, secret=True), Meta(extra_json_schema={"writeOnly": True})] | None = None


class MacSec(Kind):
    name = "macsec"
    link_kinds: ClassVar[tuple[str, ...]] = ("macsec",)
    subtree = "macsec"
    Config: ClassVar[type[Model]] = MacSecConfig
    needs = (ETHERNET,)
    overhead_counts = True
    room_for_tags = False

    def problems(self, iface: Interface, merged: Interface, context: Context) -> Iterator[Problem]:
        """A link without base, one that would say nothing about encrypting, half a pair of keys, a channel twice."""
        config = merged.config if isinstance(merged.config, MacSecConfig) else MacSecConfig()
        path = f"{iface.name}: macsec"
        if config.base_iface is None and iface.name not in context.before.links:
            yield Problem(f"{path}.base-iface", "missing; wanted the link that carries the macsec")
        if config.base_iface == iface.name:
            yield Problem(f"{path}.base-iface", f"found '{iface.name}', the link itself, wanted another one")
        if config.encrypt is None:
            yield Problem(
                f"{path}.encrypt",
                "missing; wanted the macsec's: true, or false for frames that are signed and readable",
            )
        yield from _keys(path, config)
        if config.send_sci and (why := _unnamed(self._before(iface, context))):
            yield Problem(f"{path}.send-sci", f"found true, and {iface.name} {why}, which leaves no room for it")
        yield from self._channel_alone(iface, config, context)

    def _channel_alone(self, iface: Interface, config: MacSecConfig, context: Context) -> Iterator[Problem]:
        """Two on one base differ in their MAC or their port (macsec_newlink answers EBUSY)."""
        mine = _channel(iface.name, config, context)
        for name, other in context.merged.items():
            if name == iface.name or not isinstance(other.config, MacSecConfig):
                continue
            if _channel(name, other.config, context) == mine:
                message = f"{name} has port {mine[1]} on {config.base_iface} already, with the same MAC address"
                yield Problem(f"{iface.name}: macsec.port", message)
                return

    def warnings(self, iface: Interface, merged: Interface, context: Context) -> Iterator[Problem]:
        """Keys that nobody here negotiates with."""
        config = iface.config
        if isinstance(config, MacSecConfig) and config.mka_cak is not None:
            base = merged.config.base_iface if isinstance(merged.config, MacSecConfig) else None
            message = (
                "the keys are kept and not used: the kernel has no key agreement (MKA), and nothing passes until "
                f"wpa_supplicant -D macsec_linux runs on {base} with them, or ip macsec has set others"
            )
            yield Problem(f"{iface.name}: macsec.mka-cak", message)

    def below(self, iface: Interface) -> tuple[str, ...]:
        """Its base."""
        config = iface.config
        return (config.base_iface,) if isinstance(config, MacSecConfig) and config.base_iface else ()

    def renamed(self, config: Model | None, names: Mapping[str, str]) -> Model | None:
        """Its base by its new name."""
        if not isinstance(config, MacSecConfig) or not config.base_iface:
            return config
        return replace(config, base_iface=names.get(config.base_iface, config.base_iface))

    def overhead(self, iface: Interface) -> int:
        """The tag before and the check value behind each frame."""
        return HEADER + ICV

    def brief(self, iface: Interface) -> str:
        """Whether it encrypts."""
        if not isinstance(iface.config, MacSecConfig):
            return ""
        return "encrypts" if iface.config.encrypt else "signs only"

    def option(self, attr: str) -> str:
        """Where a policy says the kernel attribute `attr`."""
        return f"macsec.{ {'link': 'base-iface'}.get(attr, attr).replace('_', '-') }"

    def merge(self, desired: Model | None, present: Model | None) -> Model | None:
        """Key by key; a secret that was hidden when it was shown is the present one."""
        if isinstance(desired, MacSecConfig) and isinstance(present, MacSecConfig):
            desired = replace(
                desired,
                mka_cak=_meant(desired.mka_cak, present.mka_cak),
                mka_ckn=_meant(desired.mka_ckn, present.mka_ckn),
            )
        return super().merge(desired, present)

    def wanted(self, iface: Interface, merged: Interface, context: Context) -> Wanted:
        """What is stated; with another base or port the secure channel gets another name, too."""
        config = iface.config
        if not isinstance(config, MacSecConfig):
            return Wanted()
        stated: dict[str, Value | None] = {
            "link": config.base_iface,
            "port": config.port,
            "encrypt": None if config.encrypt is None else int(config.encrypt),
            "send_sci": None if config.send_sci is None else int(config.send_sci),
            "validation": config.validation,
            "offload": config.offload,
        }
        attrs = {attr: value for attr, value in stated.items() if value is not None}
        before = self._before(iface, context)
        return Wanted(
            attrs=attrs, forgotten=frozenset({"sci"}) if before and _is_renamed(attrs, before.attrs) else frozenset()
        )

    def told(self, config: Model) -> Model:
        """All but the keys, of which the kernel knows nothing."""
        return replace(config, mka_cak=None, mka_ckn=None) if isinstance(config, MacSecConfig) else config


def _meant(stated: str | None, present: str | None) -> str | None:
    return present or stated if stated == HIDDEN else stated


def _keys(path: str, config: MacSecConfig) -> Iterator[Problem]:
    for word, other in (("mka-cak", "mka-ckn"), ("mka-ckn", "mka-cak")):
        mine, its = (getattr(config, each.replace("-", "_")) for each in (word, other))
        if mine is None and its is not None:
            yield Problem(f"{path}.{word}", f"missing; {other} is stated, and one is of no use without the other")
        if mine == HIDDEN:
            yield Problem(
                f"{path}.{word}", f"found {HIDDEN}, and no secret is kept that could be meant; wanted the key"
            )


def _channel(name: str, config: MacSecConfig, context: Context) -> tuple[str | None, int, str]:
    """What the kernel makes the secure channel's name of."""
    iface = context.merged[name]
    base = context.merged.get(config.base_iface or "")
    mac = iface.mac_address or (base.mac_address if base is not None else None) or ""
    return config.base_iface, config.port if config.port is not None else _PORT, mac


def _unnamed(link: object) -> str:
    attrs: Attrs = getattr(link, "attrs", {})
    return "is an end station" if attrs.get("end_station") else "broadcasts on one channel" if attrs.get("scb") else ""


def _is_renamed(stated: Attrs, present: Attrs) -> bool:
    return any(stated.get(key, present.get(key)) != present.get(key) for key in ("link", "port"))
