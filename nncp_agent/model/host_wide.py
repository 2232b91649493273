"""What a host is called, and whom it asks for names (nmstate.md 4.4)."""

from __future__ import annotations

from typing import Annotated

from nncp_agent.model.base import Model
from nncp_agent.spelling import Canonical, name_server


class Hostname(Model, frozen=True):
    """`hostname` (nmstate.md 4.4): the kernel's, and that of /etc/hostname, where "" is no file."""

    hint = "a mapping like {running: node1, config: node1.example.org}"

    running: str | None = None
    config: str | None = None


class DnsConfig(Model, frozen=True):
    """What is asked of name resolution: a list that is not stated stays, no list at all clears all (nmstate.md 4.4)."""

    hint = "a mapping like {server: [192.0.2.53], search: [example.org]}"

    server: tuple[Annotated[str, Canonical(name_server)], ...] | None = None
    search: tuple[str, ...] | None = None
    options: tuple[str, ...] | None = None


class DnsResolver(Model, frozen=True):
    """`dns-resolver` (nmstate.md 4.4)."""

    query_only = frozenset({"running"})
    hint = "a mapping with 'config'"

    running: DnsConfig | None = None  # query only
    config: DnsConfig | None = None
