"""Links by what a policy knows them by instead of a name: MAC, PCI address, driver, alternative name (nmstate.md 2).

Drivers and alternative names may be patterns with `*`, `?` and `[…]`, as a shell has them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from netkernel.records import Link
from netkernel.typed import Any, Final
from nncp_agent.shown import types

SAME_TO_NMSTATE: Final = frozenset({"ethernet", "veth"})
"""Either may be called the other (nmstate.md 3): a container's eth0 is a veth, and its policies say ethernet."""
BY_MAC: Final = "mac-address"
BY_PCI: Final = "pci-address"
BY_DRIVER: Final = "driver"
BY_ALT_NAME: Final = "alt-name"
OTHERS: Final = (BY_MAC, BY_PCI, BY_DRIVER, BY_ALT_NAME)
"""Words of `identifier` beside `name`. Each is also the key with what is looked for."""
_WILD: Final = frozenset("*?[")


def identity(tree: Mapping[str, Any]) -> tuple[str, str]:
    """Of an interface in nmstate's words: what it is known by and what that has to be; "" twice for its name."""
    by = str(tree.get("identifier") or "")
    return (by, sought(by, tree.get(by))) if by in OTHERS else ("", "")


def sought(by: str, value: object) -> str:
    """`value` of the key `by` as it is compared: MACs and PCI addresses in lower case."""
    text = str(value or "")
    return text.lower() if by in (BY_MAC, BY_PCI) else text


class Index:
    """The links of a host by what they are known by; nothing is looked at before somebody asks."""

    def __init__(self, links: Iterable[Link]) -> None:
        self._links = links
        self._macs: Mapping[str, Sequence[Link]] | None = None

    def owners(self, by: str, value: str, name: str, type: str | None) -> Sequence[Link]:
        """Who may be meant: permanent MACs count before current ones, and the name tells between equals."""
        found = [link for link in self._having(by, value) if type is None or is_of_type(link, type)]
        if by == BY_MAC:
            found = [link for link in found if value in (link.perm_address, link.own_address)] or found
        return [link for link in found if link.name == name] or found

    def _having(self, by: str, value: str) -> Iterable[Link]:
        if by == BY_MAC:
            if self._macs is None:
                self._macs = by_mac(self._links)
            return self._macs.get(value, ())
        return (link for link in self._links if has(link, by, value))


def by_mac(links: Iterable[Link]) -> dict[str, list[Link]]:
    """The links by every MAC they have or came with, lower case."""
    macs: dict[str, list[Link]] = {}
    for link in links:
        for mac in {link.address, link.perm_address, link.own_address} - {""}:
            macs.setdefault(mac, []).append(link)
    return macs


def has(link: Link, by: str, value: str) -> bool:
    """Whether it is known by that."""
    if not value:
        return False
    if by == BY_MAC:
        return value in (link.address, link.perm_address, link.own_address)
    if by == BY_PCI:
        return link.pci == value
    texts = (link.driver,) if by == BY_DRIVER else link.altnames
    return any(_fits(text, value) for text in texts if text)


def _fits(text: str, pattern: str) -> bool:
    if text == pattern or _WILD.isdisjoint(pattern):
        return text == pattern
    from fnmatch import fnmatchcase  # late: it needs `re`, and hardly any policy has a pattern

    return fnmatchcase(text, pattern)


def is_of_type(link: Link, type: str) -> bool:
    """Whether a policy may call this link so."""
    actual = types.of(link)[0]
    return type == actual or {type, actual} == SAME_TO_NMSTATE
