"""Bridges that committed policies make: the plugins never make one of these themselves, and say "try again later".

At boot pods may start before the policy is restored, and during an apply before the bridge is there. The file `bridges`
in the state directory has one name a line. It names more while an apply is under way: what is committed, and what is
going to be; whoever ends the apply, and be it the watchdog or the next boot, writes what is committed then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

FILE: Final = "bridges"
_KIND: Final = "linux-bridge"
_NOT_MADE: Final = ("absent", "down", "ignore")


def bridges(state: Mapping[str, Any]) -> frozenset[str]:
    """Those that a state in nmstate form makes."""
    return frozenset(
        str(each["name"])
        for each in state.get("interfaces") or ()
        if each.get("type") == _KIND and each.get("state", "up") not in _NOT_MADE
    )


def written(names: Iterable[str]) -> bytes:
    return "".join(f"{name}\n" for name in sorted(names)).encode("utf-8", "surrogateescape")


def read(data: bytes | None) -> frozenset[str]:
    return frozenset((data or b"").decode("utf-8", "surrogateescape").splitlines())
