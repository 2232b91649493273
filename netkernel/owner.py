"""Owner stamps: links that CNI or a VM owns say so in their own IFLA_IFALIAS, next to the thing itself.

`nncp:<owner>:<id>`, at most 255 bytes (the kernel takes IFALIASZ - 1, linux/if.h); a longer id is hashed.
"""

from __future__ import annotations

from netkernel.frozen import Frozen
from netkernel.typed import Final

PREFIX: Final = "nncp:"
LONGEST: Final = 255


class Stamp(Frozen):
    """Who owns a link: `owner` is a word like `cni` or `vmnet`, `id` whatever that owner finds its own by."""

    owner: str
    id: str


def stamp(owner: str, id: str) -> str:
    """The alias that marks a link as `owner`'s. An id that does not fit is replaced by its SHA-256, marked `#`."""
    if not owner.isalnum():
        raise ValueError(f"owner {owner!r}: wanted letters and digits")
    alias = f"{PREFIX}{owner}:{id}"
    if len(alias.encode()) <= LONGEST and "\0" not in alias and not id.startswith("#"):
        return alias
    from netkernel.digests import sha256  # late: few need one

    return f"{PREFIX}{owner}:#{sha256(id.encode()).hexdigest()}"


def read(alias: str) -> Stamp | None:
    """The stamp in an alias, or None for an alias somebody else wrote."""
    if not alias.startswith(PREFIX):
        return None
    owner, separator, id = alias.removeprefix(PREFIX).partition(":")
    return Stamp(owner, id) if separator and owner.isalnum() else None
