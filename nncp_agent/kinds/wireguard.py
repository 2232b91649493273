"""wireguard: a tunnel that others make. A policy sets what every link has; its keys and peers are only shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from msgspec.structs import replace

from nncp_agent.errors import Problem
from nncp_agent.kinds.base import Context, Kind
from nncp_agent.model import U16, U32, Interface, Model, stated


class WireguardPeer(Model, frozen=True):
    """One peer."""

    hint = "a mapping as nncp show prints it"

    public_key: str
    preshared_key: str | None = None
    endpoint: str | None = None
    allowed_ips: tuple[str, ...] | None = None
    persistent_keepalive: U16 | None = None


class WireguardConfig(Model, frozen=True):
    """`wireguard` of an interface."""

    hint = "a mapping as nncp show prints it"

    private_key: str | None = None
    public_key: str | None = None
    listen_port: U16 | None = None
    fwmark: U32 | None = None
    peers: tuple[WireguardPeer, ...] | None = None


class Wireguard(Kind):
    name = "wireguard"
    link_kinds: ClassVar[tuple[str, ...]] = ("wireguard",)
    subtree = "wireguard"
    Config: ClassVar[type[Model]] = WireguardConfig
    is_virtual = False  # nobody here makes one, or could make it again

    def problems(self, iface: Interface, merged: Interface, context: Context) -> Iterator[Problem]:
        """Whatever is not as it is."""
        before, config = self._before(iface, context), iface.config
        if before is None or not isinstance(config, WireguardConfig):
            return
        present = self.read(before, context.before)
        have = stated(_compared(present)) if isinstance(present, WireguardConfig) else {}
        for field, value in stated(_compared(config)).items():
            if value != have.get(field):
                path = f"{iface.name}: wireguard.{field.replace('_', '-')}"
                yield Problem(path, "is not as the link has it, and keys and peers are not set here; use wg")

    def told(self, config: Model) -> Model:
        """Nothing: it is not ours to set."""
        return WireguardConfig()


def _compared(config: WireguardConfig) -> WireguardConfig:
    """Without endpoints, which move with the peers."""
    peers = config.peers
    return replace(config, peers=tuple(replace(peer, endpoint=None) for peer in peers) if peers is not None else None)
