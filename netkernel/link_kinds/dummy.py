"""dummy: no attributes of its own."""

from netkernel.link_kinds.base import LinkKind

KIND = LinkKind(name="dummy")
