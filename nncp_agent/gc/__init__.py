"""The same state for another manager: files for systemd-networkd or NetworkManager, kernel arguments for dracut.

Pure, on plain dicts in nmstate's canonical words. What a manager has no word for is in `left_out`, never dropped in
silence: `base.Part` knows which keys nobody took.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from nncp_agent.gc import dracut, networkd, networkmanager
from nncp_agent.gc.base import Generated, State

__all__ = ["WRITERS", "Generated", "generate"]

WRITERS: Final[Mapping[str, Callable[[State], Generated]]] = {
    "networkmanager": networkmanager.generate,
    "networkd": networkd.generate,
    "dracut": dracut.generate,
}


def generate(state: Mapping[str, Any], to: str) -> Generated:
    """The files (of dracut one, a line of arguments) that make a host look like `state` under the manager `to`."""
    return WRITERS[to](State(state))
