"""What an interface's settings hold that is shown to nobody who does not ask for it (nmstate.md 1).

The kernel is told none of it, so it is remembered in the committed state, and only there.
"""

from __future__ import annotations

from collections.abc import Mapping

from netkernel.typed import Any, Final

KEYS: Final = {"macsec": ("mka-cak", "mka-ckn")}
"""By type, which is also the key of its section."""
HIDDEN: Final = "<_password_hid_by_nmstate>"
"""What stands there instead; asked for, it means the present secret."""


def of(interface: Mapping[str, Any]) -> dict[str, str]:
    """The secrets of an interface in nmstate's form, by key; none where it has none."""
    section = interface.get(type := str(interface.get("type")))
    if type not in KEYS or not isinstance(section, dict):
        return {}
    return {key: str(section[key]) for key in KEYS[type] if section.get(key)}


def hidden(secrets: Mapping[str, str]) -> dict[str, str]:
    """Which there are, and not what they are."""
    return dict.fromkeys(secrets, HIDDEN)
