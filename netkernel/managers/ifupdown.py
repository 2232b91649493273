"""ifupdown and ifupdown2, which run only when they are called: what they bring up by themselves, and believe is up."""

from __future__ import annotations

import os
from typing import Final

from netkernel.files import INTERFACES
from netkernel.managers import base
from netkernel.records import File

STATE: Final = "/run/network/ifstate"
"""Lines of names and stanzas, ifupdown's."""
STATE2: Final = "/var/tmp/network/ifstatenew"
"""Python objects, ifupdown2's: by it `ifdown -a` and `ifreload` take down what is no longer in its files."""
LOCK2: Final = "/run/network/ifstatelock"
"""Is there once ifupdown2 has run since the machine started."""


def files(root: str) -> dict[str, File]:
    """All that the one which has run is configured by (interfaces(5)), as far as nobody has other files sourced."""
    configured = (INTERFACES, *base.names(root, f"{INTERFACES}.d"))
    if base.text(root, STATE):
        return base.read(root, (STATE, *configured))
    if os.path.exists(os.path.join(root, LOCK2.lstrip("/"))):
        return base.read(root, (STATE2, *configured))
    return {}
