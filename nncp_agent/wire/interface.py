"""One entry of `interfaces`, read by the kind its type names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from msgspec.structs import replace

from netkernel.frozen import Frozen
from nncp_agent import ip
from nncp_agent.kinds import KINDS, TYPES
from nncp_agent.kinds.base import Kind
from nncp_agent.model import Ethernet, Interface, IpStack, State
from nncp_agent.shown.identifiers import BY_ALT_NAME, BY_DRIVER, OTHERS
from nncp_agent.spelling import ZERO_MAC, link_reference
from nncp_agent.wire.readers import IGNORED, Nested, Reader, fields, fill, struct, text, word
from nncp_agent.wire.refused import SECTIONS, SHOWN_WITH, TYPES_ELSEWHERE, TYPES_LATER, TYPES_SHOWN, YET
from nncp_agent.wire.report import Path, Report, Unfit, meant, shown

_state: Final = word({each.value: each for each in State})
_COMMON: Final = frozenset({"name", "type", "state", "config"})
_BARE: Final = ("identifier", *OTHERS, "description", "profile-name")
"""What still means something when an interface is to be absent or ignored."""


class LeftAlone(Frozen):
    """An address that a document asks for on a link and that is not ours to give: the network's, or link-local."""

    link: str
    ip: str
    expires: bool


class InterfaceReader:
    """Reads interfaces; collects what notes would repeat for every interface."""

    def __init__(self) -> None:
        self.left: list[LeftAlone] = []
        self._reading = ""
        self._tables: dict[str | None, Mapping[str, Reader]] = {}
        common = {key: reader for key, reader in fields(Interface).items() if key not in _COMMON}
        common |= {"name": IGNORED, "type": IGNORED, "state": IGNORED}
        common |= {"ipv4": Reader("ipv4", nested=self._ip(4)), "ipv6": Reader("ipv6", nested=self._ip(6))}
        self._common: Mapping[str, Reader] = common
        self._known = frozenset({*common, *SECTIONS, *TYPES})

    def read(self, tree: Any, path: Path, report: Report) -> Interface | None:
        """The interface; None when its name or type cannot be used. Everything wrong with it is reported."""
        if type(tree) is not dict:
            hint = "a mapping like {name: eth1, type: ethernet, state: up}"
            report.problem(path, f"found {shown(tree)}, wanted {hint}")
            return None
        name = self._name(tree, path, report)
        state = self._one(_state, tree, "state", path, report)
        bare = state in (State.ABSENT, State.IGNORE, State.UNKNOWN)
        kind, type_word = self._kind(tree, state, path, report)
        self._reading = name or ""
        if bare:
            values = self._bare(tree, state, path, report)
        elif kind is None and tree.get("type") not in (None, "unknown"):
            return None  # nothing is known about its keys
        else:
            values = fill_interface(self._table(kind, tree), tree, path, report, type_word)
        if not SHOWN_WITH.isdisjoint(tree) and values.get("ethernet"):
            values["ethernet"] = _without_what_was_negotiated(values["ethernet"])
        if values.get("mac_address") == ZERO_MAC:
            del values["mac_address"]  # what lo and an empty bridge show
        if values.get("identifier") != BY_DRIVER:
            values.pop("driver", None)  # as show prints it
        self._check(values, tree, kind, path, report)
        if name is None:
            return None
        if bare and state is not State.ABSENT:
            state = State.IGNORE
        return Interface(name=name, type=type_word, state=state, **values)

    def _name(self, tree: dict[Any, Any], path: Path, report: Report) -> str | None:
        value = tree.get("name")
        if value is None:
            report.problem((*path, "name"), "missing; wanted the interface's name")
            return None
        try:
            name = text(value)
            return name if name and tree.get("identifier") in OTHERS else link_reference(name)
        except Unfit as error:
            report.problem((*path, "name"), error)
        except ValueError as error:
            report.problem((*path, "name"), f"found {shown(value)}, wanted {error}")
        return None

    def _one(self, read: Any, tree: dict[Any, Any], key: str, path: Path, report: Report) -> Any:
        value = tree.get(key)
        try:
            return read(value) if value is not None else None
        except Unfit as error:
            report.problem((*path, key), error)
            return None

    def _kind(
        self, tree: dict[Any, Any], state: State | None, path: Path, report: Report
    ) -> tuple[Kind | None, str | None]:
        """The kind, and the type to remember; a veth section makes a veth of an ethernet (nmstate.md 3)."""
        word = tree.get("type")
        if word in (None, "unknown") or not isinstance(word, str):
            if word is not None and not isinstance(word, str):
                report.problem((*path, "type"), f"found {shown(word)}, wanted a type like bond")
            type = next((type for key, type in TYPES.items() if key in tree), None)
            return (KINDS[type], type) if type is not None else (None, None)
        if word == "ethernet" and isinstance(tree.get("veth"), dict):
            word = "veth"
        kind = KINDS.get(word)
        may_be_nothing = state is State.ABSENT and word in {*TYPES_LATER, *TYPES_ELSEWHERE, *TYPES_SHOWN}
        if kind is None and state not in (State.IGNORE, State.UNKNOWN) and not may_be_nothing:
            report.problem((*path, "type"), Unfit(lambda: self._no_such_type(word)))
        return kind, word

    def _no_such_type(self, word: str) -> str:
        if word in TYPES_ELSEWHERE:
            return f"found '{word}': {TYPES_ELSEWHERE[word]}"
        if word in TYPES_LATER:
            return f"found '{word}': {YET}"
        if word in TYPES_SHOWN:
            return f"found '{word}', which no policy can make; wanted state: ignore, or no type"
        return f"found {shown(word)}, {meant(word, sorted({*KINDS, *TYPES_LATER, *TYPES_ELSEWHERE}))}"

    def _table(self, kind: Kind | None, tree: dict[Any, Any]) -> Mapping[str, Reader]:
        name = kind.name if kind is not None else None
        if name not in self._tables:
            table = {**self._common, **SECTIONS}
            if kind is not None and kind.subtree is not None and kind.Config is not None:
                table[kind.subtree] = Reader("config", nested=struct(kind.Config))
            self._tables[name] = table
        return self._tables[name]

    def _bare(self, tree: dict[Any, Any], state: State | None, path: Path, report: Report) -> dict[str, Any]:
        """Only what identifies it: the rest of an absent or ignored interface may say anything (nmstate.md 5.1)."""
        if state is State.ABSENT:
            for key in tree:
                if key not in self._known:
                    report.unknown(path, key, self._known)
        readers = {key: self._common[key] for key in _BARE}
        return fill(readers, {key: tree[key] for key in _BARE if key in tree}, path, report)

    def _check(
        self, values: dict[str, Any], tree: dict[Any, Any], kind: Kind | None, path: Path, report: Report
    ) -> None:
        by = values.get("identifier")
        if by in OTHERS and not values.get(by.replace("-", "_")) and not tree.get(by):
            report.problem((*path, by), f"missing; wanted it, because identifier is {by}")
        if values.get("alt_name") and by != BY_ALT_NAME:
            report.problem((*path, "alt-name"), "says which link is meant, and only with identifier: alt-name")
        if values.get("mptcp") and {"signal", "fullmesh"} <= {*(values["mptcp"].address_flags or ())}:
            report.problem((*path, "mptcp", "address-flags"), "found signal and fullmesh, wanted only one of them")
        if values.get("copy_mac_from") is not None and kind is not None and not kind.copies_mac:
            types = ", ".join(sorted(each.name for each in KINDS.values() if each.copies_mac))
            report.problem((*path, "copy-mac-from"), f"found type {kind.name}, wanted one of {types}")

    def _ip(self, family: int) -> Nested:
        read_stack = struct(IpStack)

        def read(value: Any, path: Path, report: Report) -> IpStack | None:
            if value == {"enabled": False}:
                return ip.DISABLED
            stack = read_stack(value, path, report)
            if stack is None:
                return None
            for inner, message in ip.faults(stack, family):
                report.problem((*path, *inner), message)
            if stack.enabled is not False:
                for address in stack.address or ():
                    if (lent := ip.is_lent(address, stack, family)) or ip.is_link_local(address):
                        self.left.append(LeftAlone(self._reading, address.ip, lent))
            return ip.normalise(stack, family)

        return read


def fill_interface(
    readers: Mapping[str, Reader],
    tree: Mapping[Any, Any],
    path: Path,
    report: Report,
    type_word: str | None,
) -> dict[str, Any]:
    """As `fill`; a section of another type is said to be one."""
    foreign = [key for key in tree if key in TYPES and key not in readers]
    for key in foreign:
        report.problem((*path, key), f"belongs to type {TYPES[key]}, and this is of type {type_word or 'unknown'}")
    if foreign:
        tree = {key: value for key, value in tree.items() if key not in foreign}
    return fill(readers, tree, path, report)


def _without_what_was_negotiated(ethernet: Ethernet) -> Ethernet:
    """`show` prints the speed that two ends came to, and asking for it would rule out all others."""
    return replace(ethernet, speed=None, duplex=None) if ethernet.auto_negotiation else ethernet
