"""Where policies of one node ask for different things: field by field who wins, and what is left of the others. Pure.

The policy of higher priority wins; of equals the one edited last, as with kubernetes-nmstate, where it is applied last.
Trees are in nmstate's words as `writer.encode` gives them. Lists are one field each, as they replace each other when
applied; what is added to what is there (routes, rules) only clashes with its absence.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from netkernel.frozen import Frozen
from nncp_agent.shown.identifiers import SAME_TO_NMSTATE

Tree = Mapping[str, Any]
Place = tuple[str, ...]

_ENTRIES: Final = ("routes", "route-rules")
_HOST_WIDE: Final = ("dns-resolver", "hostname")
_NOT_UP: Final = ("absent", "ignore", "down")
_LONGEST: Final = 60


class Rival(Frozen):
    """What a policy asks for. `edited` is larger the later it was edited."""

    name: str
    tree: Tree
    priority: int = 0
    edited: int = 0


class Settled(Frozen):
    """What of a policy counts, and one line for each field it shares with another that wants something else."""

    tree: Tree
    clashes: tuple[str, ...] = ()


def settled(rivals: Iterable[Rival]) -> dict[str, Settled]:
    """By the policies' names."""
    ground = _Ground()
    for rival in sorted(rivals, key=lambda each: (-each.priority, -each.edited, each.name)):
        ground.take(rival)
    return {name: Settled(tree, tuple(dict.fromkeys(ground.clashes[name]))) for name, tree in ground.left.items()}


class _Ground:
    """What is taken already, by whom."""

    def __init__(self) -> None:
        self.left: dict[str, Tree] = {}
        self.clashes: dict[str, list[str]] = {}
        self._fields: dict[Place, tuple[Any, Rival]] = {}
        self._entries: list[tuple[str, Tree, Rival]] = []
        self._needed: dict[str, Rival] = {}

    def take(self, rival: Rival) -> None:
        self.clashes[rival.name] = []
        tree = self._without_lost_fields(rival)
        tree = self._without_lost_ports(rival, tree)
        for section in _ENTRIES:
            tree = self._without_lost_entries(rival, tree, section)
        self.left[rival.name] = tree
        for place, value in _fields(tree):
            self._fields.setdefault(place, (value, rival))
        for place, value in _claims(tree):
            self._fields.setdefault(place, (value, rival))
        for name in _needed(tree):
            self._needed.setdefault(name, rival)

    def _without_lost_fields(self, rival: Rival) -> Tree:
        lost = set()
        for place, value in _fields(rival.tree):
            theirs, winner = self._fields.get(place, (value, rival))
            if not _agree(place, value, theirs):
                self._say(place, value, theirs, rival, winner)
                lost.add(_all_that_goes(place))
            elif value == "absent" and place[-1] == "state" and (needing := self._needed.get(place[1])):
                self._say(place, value, "needed", rival, needing)
                lost.add(_all_that_goes(place))
        for name in _needed(rival.tree):
            state, winner = self._fields.get(("interfaces", name, "state"), ("", rival))
            if state == "absent":
                self._say(("interfaces", name, "state"), "needed", state, rival, winner)
        return _without(rival.tree, lost) if lost else rival.tree

    def _without_lost_ports(self, rival: Rival, tree: Tree) -> Tree:
        lost: dict[str, set[str]] = {}
        for place, controller in _claims(tree):
            theirs, winner = self._fields.get(place, (controller, rival))
            if theirs != controller:
                self._say(place, controller, theirs, rival, winner)
                lost.setdefault(controller, set()).add(place[1])
        return _without_ports(tree, lost) if lost else tree

    def _without_lost_entries(self, rival: Rival, tree: Tree, section: str) -> Tree:
        kept = []
        for entry in _config(tree, section):
            winner = next((who for where, each, who in self._entries if where == section and _clash(entry, each)), None)
            if winner is None:
                kept.append(entry)
                self._entries.append((section, entry, rival))
            else:
                what = str(entry.get("destination") or entry.get("ip-to") or entry.get("ip-from") or "any")
                mine = str(entry.get("state", "present"))
                self._say((section, what), mine, "present" if mine == "absent" else "absent", rival, winner)
        if len(kept) == len(_config(tree, section)):
            return tree
        return {**tree, section: {**tree[section], "config": kept}}

    def _say(self, place: Place, mine: Any, theirs: Any, loser: Rival, winner: Rival) -> None:
        where = _words(place)
        why = "of higher priority" if winner.priority > loser.priority else "edited later"
        self.clashes[loser.name].append(
            f"{where}: wanted {_value(mine)}; policy {winner.name}, {why}, has it {_value(theirs)}"
        )
        self.clashes[winner.name].append(f"{where}: {_value(theirs)} here overrules {_value(mine)} of {loser.name}")


def _fields(tree: Tree) -> Iterator[tuple[Place, Any]]:
    """Every leaf outside of lists, but for names."""
    for interface in tree.get("interfaces") or ():
        for place, value in _leaves(interface, ("interfaces", interface["name"])):
            if place[2:] != ("name",) and not (place[2:] == ("state",) and value == "ignore"):
                yield place, value
    for section in _HOST_WIDE:
        if isinstance(tree.get(section), Mapping):
            yield from _leaves(tree[section], (section,))


def _leaves(tree: Tree, place: Place) -> Iterator[tuple[Place, Any]]:
    for key, value in tree.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, (*place, key))
        else:
            yield (*place, key), value


def _claims(tree: Tree) -> Iterator[tuple[Place, str]]:
    """Which controller each port is given by lists of ports."""
    for interface in tree.get("interfaces") or ():
        if interface.get("state", "up") not in _NOT_UP:
            for port in _ports(interface):
                yield ("interfaces", port, "controller"), interface["name"]


def _ports(interface: Tree) -> list[str]:
    """As they stand in whatever section has a list called `port`."""
    sections = (value for value in interface.values() if isinstance(value, Mapping))
    listed = [port for section in sections if isinstance(section.get("port"), list) for port in section["port"]]
    return [port["name"] if isinstance(port, Mapping) else str(port) for port in listed]


def _needed(tree: Tree) -> set[str]:
    """Links it speaks of beside its own interfaces' states."""
    found = set()
    for interface in tree.get("interfaces") or ():
        if interface.get("state", "up") not in _NOT_UP:
            bases = [each.get("base-iface") for each in interface.values() if isinstance(each, Mapping)]
            found |= {*_ports(interface), *bases, interface.get("controller"), interface["name"]}
    return {str(name) for name in found if name}


def _agree(place: Place, mine: Any, theirs: Any) -> bool:
    if place[0] == "interfaces" and place[2:] == ("type",) and {mine, theirs} == SAME_TO_NMSTATE:
        return True
    return bool(mine == theirs)


def _all_that_goes(place: Place) -> Place:
    """What is of no use without the field at `place`."""
    match place:
        case ("interfaces", name, "state" | "type"):
            return ("interfaces", name)
        case (*stack, "enabled"):
            return tuple(stack)
        case (*section, "mode"):
            return tuple(section) if section[-1] != "link-aggregation" else place
    return place


def _without(tree: Tree, lost: set[Place]) -> Tree:
    interfaces = [
        _pruned(each, ("interfaces", each["name"]), lost)
        for each in tree.get("interfaces") or ()
        if ("interfaces", each["name"]) not in lost
    ]
    rest = {
        key: _pruned(value, (key,), lost) if key in _HOST_WIDE and isinstance(value, Mapping) else value
        for key, value in tree.items()
        if key != "interfaces"
    }
    return {**rest, "interfaces": interfaces} if "interfaces" in tree else rest


def _pruned(tree: Tree, place: Place, lost: set[Place]) -> dict[str, Any]:
    bond_mode = (*place, "mode") in lost and place[-1] == "link-aggregation"
    return {
        key: _pruned(value, (*place, key), lost) if isinstance(value, Mapping) else value
        for key, value in tree.items()
        if (*place, key) not in lost and not (bond_mode and key == "options")  # most are of one mode only
    }


def _without_ports(tree: Tree, lost: Mapping[str, set[str]]) -> Tree:
    def kept(interface: Tree) -> Tree:
        gone = lost.get(interface["name"])
        if not gone:
            return interface
        return {
            key: {**value, "port": [each for each in value["port"] if _name(each) not in gone]}
            if isinstance(value, Mapping) and isinstance(value.get("port"), list)
            else value
            for key, value in interface.items()
        }

    return {**tree, "interfaces": [kept(each) for each in tree["interfaces"]]}


def _name(port: Any) -> str:
    return str(port["name"] if isinstance(port, Mapping) else port)


def _config(tree: Tree, section: str) -> list[Tree]:
    return list((tree.get(section) or {}).get("config") or ())


def _clash(one: Tree, other: Tree) -> bool:
    """Whether one is the absence of the other."""
    absent = [each for each in (one, other) if each.get("state") == "absent"]
    if len(absent) != 1:
        return False
    wanted = other if absent[0] is one else one
    return all(wanted.get(key) == value for key, value in absent[0].items() if key != "state")


def _words(place: Place) -> str:
    if place[0] == "interfaces":
        return f"{place[1]}: {'.'.join(place[2:])}"
    if place[0] in _ENTRIES:
        return f"{place[0]}: {place[1]}"
    return ".".join(place)


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
