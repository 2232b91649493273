"""The door between documents and models: network states and policies in, plain nmstate-shaped dicts out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from netkernel.frozen import Frozen, fact
from netkernel.host import Host
from nncp_agent.errors import InvalidPolicy, Problem
from nncp_agent.kinds import KINDS
from nncp_agent.model import (
    DnsResolver,
    Hostname,
    Interface,
    Model,
    NetworkState,
    RouteEntry,
    RouteRules,
    Routes,
    RuleEntry,
    State,
)
from nncp_agent.wire.interface import InterfaceReader, LeftAlone
from nncp_agent.wire.places import Place, Places
from nncp_agent.wire.policy import Found, PolicyHead, states
from nncp_agent.wire.readers import IGNORED, Reader, fields, fill, several, struct, text
from nncp_agent.wire.refused import TOP
from nncp_agent.wire.report import Document, Path, Report, shown
from nncp_agent.writer import encode

__all__ = ["Decoded", "Document", "PolicyHead", "decode", "encode", "read"]


class Decoded(Frozen):
    """All documents of one command as one state. `places` is where everything in it stands; `left` are the addresses
    that are nobody's to ask for.

    With `problems` it is no more than what could be understood: good for finding more of them, never to be applied.
    """

    desired: NetworkState
    policies: tuple[PolicyHead, ...] = ()
    notes: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    left: tuple[LeftAlone, ...] = ()
    places: Places = fact(default=Places({}))

    def notes_on(self, host: Host | None) -> Iterator[str]:
        """What of the documents does not count on this host; what it has already is no news. None: on any."""
        left = [each for each in self.left if host is None or not _has(host, each)]
        lent = [each.ip for each in left if each.expires]
        if own := [each.ip for each in left if not each.expires]:
            yield f"link-local addresses are the kernel's business and left to it: {_some(own)}"
        if lent:
            yield f"addresses with a lifetime are left to whoever gave them: {_some(lent)}"

    def located(self, problems: Sequence[Problem]) -> list[Problem]:
        """`problems` that were found later, with the file and line of what they speak of."""
        return [self.places.located(problem) for problem in problems]


def decode(documents: Sequence[Document]) -> Decoded:
    """The documents (plain dicts, lists and scalars) joined, in any order. Raises InvalidPolicy with all problems."""
    decoded = read(documents)
    if decoded.problems:
        raise InvalidPolicy(decoded.problems)
    return decoded


def read(documents: Sequence[Document]) -> Decoded:
    """As `decode`, with the problems in the result: `whole` finds those that only the host can show, too."""
    report, reader = Report(), InterfaceReader()
    joined = _Joined(reader, report)
    for document in documents:
        report.document = document
        for found in states(document.value, (), report):
            joined.add(found, document)
    return joined.decoded()


_TOP_FIELDS: Final[Mapping[str, Reader]] = {**TOP, "description": Reader("description", scalar=text)}


class _Joined:
    """The parts of all documents, and where each interface was first said."""

    def __init__(self, reader: InterfaceReader, report: Report) -> None:
        self.interfaces: list[Interface] = []
        self.routes: list[RouteEntry] = []
        self.policies: list[PolicyHead] = []
        self.interface_places: dict[str, Place] = {}
        self.route_places: list[Place] = []
        self._reader, self._report = reader, report
        self.rules: list[RuleEntry] = []
        self.rule_places: list[Place] = []
        self.said: dict[str, Any] = {}
        self.places: dict[str, Place] = {}
        self._has_routes = self._has_rules = self._has_interfaces = False
        self._document: Document | None = None
        routes = {"config": Reader("config", nested=_entries(Routes, RouteEntry)), "running": IGNORED}
        rules = {"config": Reader("config", nested=_entries(RouteRules, RuleEntry))}
        self._fields: Mapping[str, Reader] = {
            **_TOP_FIELDS,
            "interfaces": Reader("interfaces", nested=self._interfaces),
            "routes": Reader("routes", nested=_mapping(routes)),
            "route-rules": Reader("route_rules", nested=_mapping(rules)),
            "hostname": Reader("hostname", nested=struct(Hostname)),
            "dns-resolver": Reader("dns-resolver", nested=struct(DnsResolver)),
        }

    def add(self, found: Found, document: Document) -> None:
        """One more state."""
        tree, path, policy = found
        if policy is not None:
            self.policies.append(policy)
        if type(tree) is not dict:
            self._report.problem(path, f"found {shown(tree)}, wanted a mapping with 'interfaces'")
            return
        self._document = document
        values = fill(self._fields, tree, path, self._report)
        interfaces = values.get("interfaces")
        if interfaces is not None:
            self._has_interfaces = True
            self.interfaces += [self._implied(each) for each in interfaces] if policy is not None else interfaces
        if (routes := values.get("routes", {}).get("config")) is not None:
            self._has_routes = True
            self.routes += routes
            items = (*path, "routes", "config")
            self.route_places += [(document, (*items, position)) for position in range(len(routes))]
        self._once("hostname", values, path)
        self._once("dns-resolver", values, path)
        if (rules := values.get("route_rules", {}).get("config")) is not None:
            self._has_rules = True
            self.rules += rules
            items = (*path, "route-rules", "config")
            self.rule_places += [(document, (*items, position)) for position in range(len(rules))]

    def decoded(self) -> Decoded:
        """What it comes to."""
        return Decoded(
            desired=NetworkState(
                interfaces=tuple(self.interfaces) if self._has_interfaces else None,
                routes=Routes(config=tuple(self.routes)) if self._has_routes else None,
                route_rules=RouteRules(config=tuple(self.rules)) if self._has_rules else None,
                hostname=self.said.get("hostname"),
                dns_resolver=self.said.get("dns-resolver"),
            ),
            policies=tuple(self.policies),
            notes=tuple(self._notes()),
            left=tuple(self._reader.left),
            problems=tuple(self._report.found()),
            places=Places(self.interface_places, self.route_places, self.rule_places, self.places),
        )

    def _once(self, section: str, values: Mapping[str, Any], path: Path) -> None:
        """A section that no two documents may say otherwise."""
        found = values.get(section)
        if found is None or self._document is None:
            return
        if self.said.setdefault(section, found) != found:
            words = "found twice and not the same, wanted one of all the files given to say it"
            self._report.problem((*path, section), words)
        self.places.setdefault(section, (self._document, (*path, section)))

    def _interfaces(self, value: Any, path: Path, report: Report) -> list[Interface] | None:
        if type(value) is not list:
            hint = "a list of interfaces: - name: eth1"
            report.problem(path, f"found {shown(value)}, wanted {hint}")
            return None
        found = []
        for position, each in enumerate(value):
            where = (*path, position)
            interface = self._reader.read(each, where, report)
            is_first = self._is_first(each.get("name") if isinstance(each, dict) else None, where)
            if interface is not None and is_first:
                found.append(interface)
        return found

    def _is_first(self, name: object, path: Path) -> bool:
        if not isinstance(name, str) or self._document is None:
            return True
        first = self.interface_places.setdefault(name, (self._document, path))
        if first[0] is self._document and first[1] == path:
            return True
        where = ":".join(str(part) for part in (first[0].source, first[0].line(first[1])) if part)
        again = f"; the first is at {where}" if where else ""
        self._report.problem((*path, "name"), f"found '{name}' twice, wanted each interface once{again}")
        return False

    def _implied(self, interface: Interface) -> Interface:
        kind = KINDS.get(interface.type or "")
        if kind is None or interface.config is None or interface.state not in (None, State.UP):
            return interface
        return msgspec.structs.replace(interface, config=kind.implied(interface.config))

    def _notes(self) -> Iterator[str]:
        yield from dict.fromkeys(self._report.notes)
        for policy in self.policies:
            if policy.node_selector:
                yield f"{policy.name}: nodeSelector is ignored here: the policy is applied to this host"


def _has(host: Host, asked: LeftAlone) -> bool:
    """Whether it is there. A policy may call an interface otherwise than the kernel does; then any may have it."""
    links = [asked.link] if asked.link in host.links else [*host.links]
    return any(each.ip == asked.ip for link in links for each in host.addresses.get(link, ()))


def _some(words: Sequence[str], most: int = 3) -> str:
    return ", ".join(words[:most]) + (f" and {len(words) - most} more" if len(words) > most else "")


def _entries(section: type[Model], entry: type[Model]) -> Any:
    return several(fields(section)["config"]._replace(nested=struct(entry)), entry.hint.replace("a m", "m"))


def _mapping(readers: Mapping[str, Reader]) -> Any:
    def read(value: Any, path: Path, report: Report) -> dict[str, Any] | None:
        if type(value) is not dict:
            report.problem(path, f"found {shown(value)}, wanted a mapping with 'config'")
            return None
        return fill(readers, value, path, report)

    return read
