"""What stands in the box of an interface, and how much room it takes."""

from __future__ import annotations

from typing import Final

from netkernel.frozen import Frozen
from netkernel.host import Host
from nncp_agent.cli import glance
from nncp_agent.cli.terminal import harmless, width
from nncp_agent.model import Interface, State

LETTER: Final = 7.25
"""Pixels from one letter to the next, at 12 pixels in a font of one width."""
LINE: Final = 16.0
"""Pixels from one line to the next."""
PADDING: Final = 9.0
LONGEST: Final = 44
"""Letters in a line. An IPv6 address with its prefix has at most 43."""
FEW: Final = 3
"""Addresses; whoever asks for one interface gets all of them."""


class Card(Frozen):
    """The text of one interface: `name` is printed bold over `lines`; `whole` is what hovering over it tells."""

    name: str
    family: str
    lines: tuple[str, ...]
    whole: str
    is_up: bool
    is_alarming: bool

    @property
    def size(self) -> tuple[float, float]:
        """Width and height, in pixels."""
        letters = max(width(text) for text in (self.name, *self.lines))
        return letters * LETTER + 2 * PADDING, (1 + len(self.lines)) * LINE + PADDING


def card(interface: Interface, host: Host, by: glance.By | None = None, *, everything: bool = False) -> Card:
    """The card of one interface. `everything` has all of its addresses."""
    states = glance.states(interface, host)
    shown = glance.addresses(interface, everything)
    more = [f"… {len(shown) - FEW} more"] if len(shown) > FEW and not everything else []
    kind = ", ".join(word for word in (interface.type or "", glance.brief(interface)) if word)
    state = ", ".join(word for word in (*states, glance.speed(interface, host), glance.mtu(interface)) if word)
    owner = f"owned by {interface.owner}" if interface.owner else ""
    managed = f"by {by.short}" if by and by.short else ""
    lines = [kind, state, owner, managed, *shown[: len(shown) if everything else FEW], *more]
    whole = [
        interface.name,
        kind,
        state,
        owner,
        f"by {by.whole}" if by else "",
        glance.mac(interface),
        *glance.addresses(interface, everything=True),
    ]
    return Card(
        name=harmless(interface.name),
        family=glance.family(interface),
        lines=tuple(_short(harmless(line)) for line in lines if line),
        whole="\n".join(harmless(line) for line in whole if line),
        is_up=interface.state is State.UP,
        is_alarming="no carrier" in states,
    )


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
