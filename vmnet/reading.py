"""Looks into a document: what is there in the wanted shape is given, what is not becomes a problem with its path."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from ipaddress import AddressValueError, IPv4Network, IPv6Network, NetmaskValueError

from netkernel import macs
from netkernel.documents import Document
from netkernel.typed import Any, Final
from vmnet.errors import Path, Problem

_KINDS: Final = {str: "text", bool: "true or false", int: "a whole number", list: "a list", dict: "a mapping"}


class Reading:
    """One document and what was found wrong with it so far."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.problems: list[Problem] = []

    def wrong(self, path: Path, message: str) -> None:
        self.problems.append(Problem(path, message, self._document.source, self._document.line(path)))

    def mapping(self, value: object, path: Path, known: Collection[str] | None = None) -> Mapping[str, Any]:
        """A mapping; empty for one that is missing. With `known` every other key is a problem."""
        found: Mapping[str, Any] = self._of(value, path, dict) or {}
        for key in found.keys() - known if known is not None else ():
            self.wrong((*path, key), f"no such field{_meant(key, known or ())}")
        return found

    def items(self, value: object, path: Path) -> Iterator[tuple[Any, Path]]:
        """The items of a list, each with its path; none of one that is missing."""
        for number, item in enumerate(self._of(value, path, list) or ()):
            yield item, (*path, number)

    def text(self, of: Mapping[str, Any], key: str, path: Path, among: Sequence[str] = (), default: str = "") -> str:
        """A text, one of `among` if that is not empty."""
        value = of.get(key)
        if among and value == "":
            return default
        found: str | None = self._of(value, (*path, key), str)
        if found is None:
            return default
        if among and found not in among:
            self.wrong((*path, key), f"found {found!r}, wanted {_listed(among)}{_meant(found, among)}")
            return default
        return found

    def flag(self, of: Mapping[str, Any], key: str, path: Path, default: bool = False) -> bool:
        found: bool | None = self._of(of.get(key), (*path, key), bool)
        return default if found is None else found

    def number(self, of: Mapping[str, Any], key: str, path: Path, low: int, high: int) -> int | None:
        """A whole number of a range; None for one that is missing or wrong."""
        found: int | None = self._of(of.get(key), (*path, key), int)
        if found is not None and not low <= found <= high:
            self.wrong((*path, key), f"found {found}, wanted {low} to {high}")
            return None
        return found

    def mac(self, of: Mapping[str, Any], key: str, path: Path) -> str:
        """A NIC's MAC address in any notation, in the kernel's spelling; "" for none or a wrong one."""
        text = self.text(of, key, path)
        if not text:
            return ""
        spelled = macs.spelled(text)
        if not spelled:
            self.wrong((*path, key), f"found {text!r}, wanted six bytes, as 02:00:00:00:00:01")
        elif not macs.is_an_interfaces(spelled):
            is_zero = int(spelled.replace(":", ""), 16) == 0
            kind = "no NIC's: it is all zeros" if is_zero else "a group's, not a NIC's: its first byte is odd"
            self.wrong((*path, key), f"{text!r} is {kind}")
            return ""
        return spelled

    def network(self, of: Mapping[str, Any], key: str, path: Path, default: str) -> str:
        """A network of IPv4 or IPv6, as `default` is, in the usual spelling, with room for two hosts."""
        text = self.text(of, key, path)
        if not text:
            return default
        is_six = ":" in default
        kind, most = (IPv6Network, 126) if is_six else (IPv4Network, 30)
        try:
            found = kind(text if is_six else _without_zeros(text), strict=False)
        except (AddressValueError, NetmaskValueError, ValueError):
            self.wrong((*path, key), f"found {text!r}, wanted a network of IPv{6 if is_six else 4}, as {default}")
            return default
        if found.prefixlen > most:
            self.wrong((*path, key), f"found {text!r}, wanted at most /{most}: gateway and guest need an address each")
            return default
        return str(found)

    def _of(self, value: object, path: Path, kind: type) -> Any:
        if value is None:
            return None
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            shown = repr(value) if isinstance(value, str | int | float) else _KINDS.get(type(value), str(value))
            self.wrong(path, f"found {shown}, wanted {_KINDS[kind]}")
            return None
        return value


def _without_zeros(text: str) -> str:
    """Older resolvers took 010 for ten in one place and for eight in another; KubeVirt says ten."""
    return re.sub(r"(?<![\d/])0+(?=\d)", "", text)


def _meant(word: str, among: Collection[str]) -> str:
    spelled = {each.lower(): each for each in among}
    close = difflib.get_close_matches(str(word).lower(), spelled, 1)
    return f" (did you mean {spelled[close[0]]}?)" if close else ""


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
