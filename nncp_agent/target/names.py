"""Alternative names of links once a policy holds: those they have, with its own and without those it takes away."""

from __future__ import annotations

from collections.abc import Sequence

from netkernel.records import Link
from nncp_agent.model import AltName


def altnames(asked: Sequence[AltName], link: Link | None) -> tuple[str, ...]:
    """In the kernel's records they are sorted."""
    absent = {each.name for each in asked if each.state is not None}
    wanted = {each.name for each in asked if each.state is None}
    return tuple(sorted({*(link.altnames if link is not None else ()), *wanted} - absent))
