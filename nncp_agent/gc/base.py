"""What the writers share: a state that is taken apart key by key, and INI files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from netkernel.frozen import Frozen
from nncp_agent.diff import QUERY_ONLY

Pairs = list[tuple[str, object]]
Sections = list[tuple[str, Pairs]]

PORTS: Final = {"bond": "link-aggregation", "linux-bridge": "bridge", "vrf": "vrf"}
"""Controllers: where their ports are listed."""


class Generated(Frozen):
    """Files by name, in order, and what of the state is in none of them."""

    files: Mapping[str, str]
    left_out: tuple[str, ...]


class Part:
    """A mapping of the state. Who uses a key takes it; `left` says what nobody took and asks for something."""

    def __init__(self, tree: Mapping[str, Any], path: str) -> None:
        self._tree = dict(tree)
        self._left = dict.fromkeys(tree)
        self._refused: dict[str, None] = {}
        self._parts: dict[str, Part] = {}
        self.path = path

    def take(self, key: str, default: Any = None) -> Any:
        """The value of a key, which is thereby dealt with."""
        self._left.pop(key, None)
        value = self._tree.get(key)
        return default if value is None else value

    def peek(self, key: str) -> Any:
        """The value of a key, which somebody else deals with."""
        return self._tree.get(key)

    def leave(self, key: str) -> None:
        """Nobody has a word for this key after all."""
        self._refused[key] = None

    def stated(self) -> list[str]:
        """Its keys that have a value."""
        return [key for key, value in self._tree.items() if value is not None]

    def part(self, key: str) -> Part:
        """The mapping at a key, empty where there is none."""
        if key not in self._parts:
            value = self.take(key)
            path = f"{self.path}.{key}" if ": " in self.path or not self.path else f"{self.path}: {key}"
            self._parts[key] = Part(value if isinstance(value, Mapping) else {}, path)
        return self._parts[key]

    def pairs(self, words: Mapping[str, str]) -> Pairs:
        """Keys that only have another name there; a trailing `:ms`, `:s` or `:cs` says in which unit they are."""
        found: Pairs = []
        for key, word in words.items():
            name, _, unit = word.partition(":")
            if (value := self.take(key)) not in (None, ""):
                found.append((name, in_unit(value, unit)))
        return found

    def left(self) -> Iterator[str]:
        """Where something is that nobody took."""
        asking = [key for key in self._left if self._tree[key] not in (None, False, "", [], {})]
        for key in (*asking, *self._refused):
            if key in self._tree:
                yield f"{self.path}.{key}" if ": " in self.path else f"{self.path}: {key}"
        for part in self._parts.values():
            yield from part.left()


class State:
    """A network state: its interfaces as parts, and who belongs to whom."""

    def __init__(self, tree: Mapping[str, Any]) -> None:
        self.left_out: list[str] = []
        self._skipped: list[Part] = []
        self.interfaces: list[Part] = []
        self.types: dict[str, str] = {}
        self.controllers: dict[str, str] = {}
        self.above: dict[str, list[tuple[str, str]]] = {}
        for each in tree.get("interfaces") or ():
            name, state = str(each["name"]), each.get("state", "up")
            if state in ("absent", "ignore"):
                self.left_out.append(f"{name}: state: {state}, for which there are no files to write")
                continue
            if (each.get("veth") or {}).get("peer-netns"):
                self.left_out.append(f"{name}: a veth with a peer in another namespace, where none of them can make it")
                continue
            self._add(name, each)
        for name in [port for port in self.controllers if port not in self.types]:
            self._add(name, {"name": name, "type": "ethernet", "state": "up"})  # nobody else says so
        self.routes = self._routes(tree)
        self.rules = [
            Part(each, "route-rules") for each in _config(tree, "route-rules") if each.get("state") != "absent"
        ]
        self.dns = Part((tree.get("dns-resolver") or {}).get("config") or {}, "dns-resolver.config")
        self.hostname = str((tree.get("hostname") or {}).get("config") or "")
        known = ("interfaces", "routes", "route-rules", "dns-resolver", "hostname", "description")
        self.left_out += [str(key) for key, value in tree.items() if key not in known and value]

    def _add(self, name: str, tree: Mapping[str, Any]) -> None:
        only_shown = {*QUERY_ONLY, "pci-address"} - {tree.get("identifier")}
        kept = {key: value for key, value in tree.items() if key not in only_shown}
        self.interfaces.append(Part(kept, name))
        self.types[name] = str(tree.get("type") or "ethernet")
        for port in ports(tree):
            self.controllers[port] = name
        if controller := tree.get("controller"):
            self.controllers.setdefault(name, str(controller))
        section = tree.get(self.types[name])
        if isinstance(section, Mapping) and section.get("base-iface"):
            self.above.setdefault(str(section["base-iface"]), []).append((self.types[name], name))

    def _routes(self, tree: Mapping[str, Any]) -> list[Part]:
        for each in _config(tree, "routes"):
            if each.get("state") == "absent":
                self.left_out.append(f"routes: absent {each.get('destination', 'routes')}: nothing to write")
        return [
            Part(each, f"routes: {each.get('destination', '')}")
            for each in _config(tree, "routes")
            if each.get("state") != "absent"
        ]

    def skip(self, iface: Part, why: str) -> None:
        """Nothing is written for this interface."""
        self.left_out.append(f"{iface.peek('name')}: {why}")
        self._skipped.append(iface)

    def written(self) -> list[Part]:
        """The interfaces that were not skipped."""
        return [each for each in self.interfaces if each not in self._skipped]

    def done(self, files: Mapping[str, str]) -> Generated:
        """The files, with what of the state was not taken."""
        for part in (*self.written(), *self.routes, *self.rules, self.dns):
            self.left_out += [f"{place}: no word for it there" for place in part.left()]
        return Generated(files, tuple(dict.fromkeys(self.left_out)))


def ports(interface: Mapping[str, Any]) -> list[str]:
    """Names of an interface's ports."""
    section = interface.get(PORTS.get(str(interface.get("type")), ""))
    listed = (section.get("port") or section.get("ports") or ()) if isinstance(section, Mapping) else ()
    return [each["name"] if isinstance(each, Mapping) else each for each in listed]


def ini(sections: Sections) -> str:
    """The text of an INI file; empty sections are left out."""
    return "\n".join(
        "".join([f"[{name}]\n", *(f"{key}={value_text(value)}\n" for key, value in pairs)])
        for name, pairs in sections
        if pairs
    )


def value_text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(map(value_text, value)) if isinstance(value, list | tuple) else str(value)


def in_unit(value: Any, unit: str) -> object:
    """A number of nmstate's with the unit that the manager wants to hear; hundredths become seconds."""
    if unit == "cs":
        return f"{int(value) / 100:g}s"
    return f"{value}{unit}" if unit else value


def static(addresses: Sequence[Mapping[str, Any]]) -> list[str]:
    """Addresses that are not the network's own."""
    return [
        f"{each['ip']}/{each['prefix-length']}"
        for each in addresses
        if "valid-life-time" not in each and not str(each["ip"]).startswith("fe80:")
    ]


def vlan_ranges(tags: Sequence[Mapping[str, Any]]) -> list[str]:
    """`trunk-tags` as `7` and `10-20`."""
    return [
        str(each["id"]) if "id" in each else f"{each['id-range']['min']}-{each['id-range']['max']}" for each in tags
    ]


def _config(tree: Mapping[str, Any], section: str) -> Sequence[Mapping[str, Any]]:
    return (tree.get(section) or {}).get("config") or ()
