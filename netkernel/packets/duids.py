"""Who a DHCPv6 client says it is, as text (RFC 8415 section 11): its bytes in hex."""

from __future__ import annotations

from netkernel.typed import Final

LONGEST: Final = 130
"""With its two bytes of kind (section 11.1)."""
SHORTEST: Final = 3
"""Two bytes of kind, and one at least of what tells it from others."""


def read(word: str) -> bytes:
    """A DUID in hex, with colons or without; b"" for what is none."""
    parts = word.split(":") if ":" in word else [word[at : at + 2] for at in range(0, len(word), 2)]
    try:
        found = bytes(int(each, 16) for each in parts if len(each) <= 2)
    except ValueError:
        return b""
    is_whole = len(found) == len(parts) and not any(each.strip("0123456789abcdefABCDEF") for each in parts)
    return found if is_whole and SHORTEST <= len(found) <= LONGEST else b""
