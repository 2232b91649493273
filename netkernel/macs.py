"""MAC addresses as users write them: with colons, dashes or dots, in either case (Go's net.ParseMAC, of six bytes)."""

from __future__ import annotations

import re

from netkernel.typed import Final

_FORMS: Final = re.compile(r"[0-9a-f]{2}([:-])[0-9a-f]{2}(?:\1[0-9a-f]{2}){4}|[0-9a-f]{4}(?:\.[0-9a-f]{4}){2}", re.I)
_PAIR: Final = "[0-9A-Fa-f]{2}"
PATTERN: Final = f"^(|{_PAIR}(:{_PAIR}){{5}}|{_PAIR}(-{_PAIR}){{5}}|[0-9A-Fa-f]{{4}}([.][0-9A-Fa-f]{{4}}){{2}})$"
"""The same for a JSON schema, which knows no flags; empty is as good as absent."""
_GROUP: Final = 1 << 40


def spelled(text: str) -> str:
    """In the kernel's spelling, lower case with colons; empty for what is no MAC address."""
    if not _FORMS.fullmatch(text):
        return ""
    digits = re.sub("[:.-]", "", text).lower()
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2))


def is_an_interfaces(mac: str) -> bool:
    """Whether an interface can have it: neither a group's nor zero. `mac` is spelled as the kernel does."""
    number = int(mac.replace(":", ""), 16)
    return number != 0 and not number & _GROUP
