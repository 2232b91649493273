"""The whole configuration of a namespace, read so that it is one moment's.

Dumps that the kernel flags as disturbed are made again by the socket. It flags links and addresses only, so a table is
also read again when an event for it arrived meanwhile. Where links come and go without end (a node that starts pods by
the dozen) a snapshot still comes: it waits for ever longer pauses, and then asks for each object by itself.
"""

from __future__ import annotations

import errno
import gc
import os
from _socket import AF_INET, AF_INET6
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from netkernel import devconf, piecemeal, sysctl
from netkernel.codec import addresses, forms, neighbours, routes, rules, shapes, vlans
from netkernel.errors import DumpInterrupted, KernelRefused
from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.netlink import Socket, Span
from netkernel.records import Address, Link, Neighbour, Nexthop, Route, Rule, VlanRange
from netkernel.typed import Any, Final
from netkernel.watch import Table, Watch

DEFAULTS: Final = tuple(f"net/ipv6/conf/default/{name}" for name in (*devconf.NAMES, "addr_gen_mode"))
"""What a new link's IPv6 starts from."""
_PAUSES_MS: Final = (0, 0, 1, 2, 4, 8, 16, 32, 64, 128)
"""The silence that a look at links waits for before it begins."""
_LONGEST_WAIT: Final = 4
"""How many times that silence a look waits for it."""
_SYSFS: Final = "/sys/class/net"


_LATE: Final = Link("")
"""Keeps the place of one that is not read yet."""


class Reader:
    """Dumps of one namespace, through its socket and its watch."""

    def __init__(self, socket: Socket, watch: Watch) -> None:
        self._socket = socket
        self._watch = watch
        self._shapes = shapes.Links()
        self._layouts = addresses.Addresses()
        self._names: forms.Names = {}

    def host(self) -> Host:
        """Everything a plan may change, but for what stands in sysfs and /proc. Raises NetworkError."""
        return self._read(tuple(Table), self._READERS)

    def overview(self, protocols: Collection[int]) -> Host:
        """Links, addresses, bridge VLANs, rules, and the routes of these protocols. Raises NetworkError."""
        readers = {**self._READERS, Table.ROUTES: lambda reader: reader._routes_of(protocols)}
        return self._read((Table.LINKS, Table.ADDRESSES, Table.ROUTES, Table.RULES, Table.VLANS), readers)

    def _read(self, tables: Sequence[Table], readers: Mapping[Table, Callable[[Reader], Any]]) -> Host:
        with _uncollected():
            self._watch.changed()
            found: dict[Table, Any] = {}
            every = dirty = frozenset(tables)
            for pause_ms in _PAUSES_MS:
                if Table.LINKS in dirty and pause_ms:
                    self._watch.rest(pause_ms / 1000, _LONGEST_WAIT * pause_ms / 1000)
                dirty = self._look([table for table in tables if table in dirty], readers, found) & every
                if Table.LINKS in dirty:
                    dirty = every  # names and indexes may mean others now
                if not dirty:
                    return _host(found)
            if Table.LINKS in dirty:
                return _host(self._piecemeal(tables, readers))
        # Somebody adds or loses addresses or routes without end (a thousand links finding out about duplicates, a
        # routing daemon at work): the last look is as true as any, and whoever plans looks again afterwards.
        return _host(found)

    def _look(
        self, tables: Sequence[Table], readers: Mapping[Table, Callable[[Reader], Any]], found: dict[Table, Any]
    ) -> frozenset[Table]:
        """Read these tables, links first: the others name them. Gives what is to be read again."""
        try:
            for table in tables:
                found[table] = readers[table](self)
        except DumpInterrupted:
            return frozenset(Table)
        return self._watch.changed()

    def _piecemeal(self, tables: Sequence[Table], readers: Mapping[Table, Callable[[Reader], Any]]) -> dict[Table, Any]:
        found: dict[Table, Any] = {Table.LINKS: piecemeal.read_links(self._socket, self._shapes.read)}
        self._names = piecemeal.Known({link.index: name for name, link in found[Table.LINKS].items()})
        found[Table.ADDRESSES] = self._by_link(piecemeal.read_addresses(self._socket, found[Table.LINKS].values()))
        return found | {table: readers[table](self) for table in tables if table not in found}

    def _links(self) -> dict[str, Link]:
        return self._socket.read(shapes.GET, shapes.dump_request(), self._read_links)

    def _read_links(self, spans: Iterable[Span]) -> dict[str, Link]:
        """Links that speak of one further down wait for its name."""
        so_far, read = piecemeal.Known(), self._shapes.read
        found: dict[str, Link] = {}
        waiting: list[Span] = []
        for data, start, end in spans:
            index, name = shapes.read_name(data, start, end)
            so_far[index] = name
            try:
                found[name] = read(data, start, end, so_far)
            except piecemeal.Unnamed:
                found[name] = _LATE
                waiting.append((data[start:end], 0, end - start))
        self._names = names = dict(so_far)
        for span in waiting:
            link = read(*span, names)
            found[link.name] = link  # in the place that was kept for it
        return found

    def _addresses(self) -> dict[str, tuple[Address, ...]]:
        return self._socket.read(addresses.GET, addresses.dump_request(), self._by_link)

    def _by_link(self, spans: Iterable[Span]) -> dict[str, tuple[Address, ...]]:
        found: dict[str, list[Address]] = {}
        for address in piecemeal.told(self._layouts.read, spans, self._names):
            found.setdefault(address.link, []).append(address)
        return {link: tuple(of_link) for link, of_link in found.items()}

    def _routes(self) -> tuple[Route, ...]:
        found = self._of_families(routes.GET, routes.dump_request)
        return tuple(piecemeal.told(routes.read, found, self._names))

    def _routes_of(self, protocols: Collection[int]) -> tuple[Route, ...]:
        """The kernel leaves the others out, however many a routing daemon has put there."""
        requests = [(family, protocol) for family in (AF_INET, AF_INET6) for protocol in sorted(protocols)]
        spans = [
            span
            for family, protocol in requests
            for span in self._optional(routes.GET, routes.dump_request(family, protocol))
            if routes.belongs(*span, family, protocol)
        ]
        return tuple(piecemeal.told(routes.read, spans, self._names))

    def _rules(self) -> tuple[Rule, ...]:
        found = self._of_families(rules.GET, rules.dump_request)
        return tuple(rule for span in found if (rule := rules.read(*span)))

    def _of_families(self, kind: int, request: Callable[[int], bytes]) -> Iterator[Span]:
        """Without IPv6 the kernel falls back to dumping every family it has."""
        for family in (AF_INET, AF_INET6):
            yield from (span for span in self._optional(kind, request(family)) if span[0][span[1]] == family)

    def _neighbours(self) -> tuple[Neighbour, ...]:
        spans = self._socket.dump(neighbours.GET, neighbours.dump_request())
        spans += self._socket.dump(neighbours.GET, neighbours.dump_request(proxies=True))
        return tuple(piecemeal.told(neighbours.read, spans, self._names))

    def _nexthops(self) -> tuple[Nexthop, ...]:
        from netkernel.codec import nexthops  # late, as sysctl below: an overview needs neither

        spans = self._optional(nexthops.GET, nexthops.dump_request())
        return tuple(piecemeal.told(nexthops.read, spans, self._names))

    def _vlans(self) -> dict[str, tuple[VlanRange, ...]]:
        found = {}
        for span in self._optional(vlans.GET, vlans.dump_request()):
            index, of_port = vlans.read(*span)
            if of_port and index in self._names:
                found[self._names[index]] = of_port
        return found

    def _optional(self, kind: int, payload: bytes) -> list[Span]:
        """A table that not every kernel has."""
        try:
            return self._socket.dump(kind, payload)
        except KernelRefused as refused:
            if refused.errno not in (errno.EOPNOTSUPP, errno.EAFNOSUPPORT):
                raise
            return []

    _READERS: Final[dict[Table, Callable[[Reader], Any]]] = {
        Table.LINKS: _links,
        Table.ADDRESSES: _addresses,
        Table.ROUTES: _routes,
        Table.RULES: _rules,
        Table.NEIGHBOURS: _neighbours,
        Table.NEXTHOPS: _nexthops,
        Table.VLANS: _vlans,
    }


def default_sysctls() -> dict[str, str]:
    """The values new links start from, in the calling thread's namespace; none where there is no IPv6."""
    from netkernel import sysctl

    found = {}
    for path in DEFAULTS:
        with suppress(KernelRefused):
            found[path] = sysctl.read(path)
    return found


def hostname() -> dict[str, str]:
    """The name of the calling thread's UTS namespace (uts_namespaces(7)) as a setting; none where it is hidden."""
    try:
        return {sysctl.HOSTNAME: sysctl.read(sysctl.HOSTNAME)}
    except KernelRefused:
        return {}


def _host(found: dict[Table, Any]) -> Host:
    return Host(
        links=found[Table.LINKS],
        addresses=found[Table.ADDRESSES],
        routes=found[Table.ROUTES],
        rules=found.get(Table.RULES, ()),
        neighbours=found.get(Table.NEIGHBOURS, ()),
        nexthops=found.get(Table.NEXTHOPS, ()),
        vlans=found[Table.VLANS],
    )


@contextmanager
def _uncollected() -> Iterator[None]:
    """A dump makes many objects and no garbage; looking for it in between costs more than the dump."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def with_assigned(found: Mapping[str, Link]) -> Mapping[str, Link]:
    """The links, with `address_assigned` on bridges and bonds where /sys shows the calling thread's namespace.

    Netlink does not tell it. /sys shows the namespace it was mounted in, so names, indexes and addresses must agree.
    """
    asked = [link for link in found.values() if link.kind in ("bridge", "bond")]
    if not asked:
        return found
    if not _shows(found, asked[0]):
        return found
    assigned = {}
    for link in asked:
        word = _sysfs(link.name, "addr_assign_type")
        if word.isdigit():
            assigned[link.name] = replace(link, address_assigned=int(word))
    return {**found, **assigned}


def _shows(found: Mapping[str, Link], sample: Link) -> bool:
    try:
        names = {entry.name for entry in os.scandir(_SYSFS) if entry.is_symlink()}
    except OSError:
        return False
    same = _sysfs(sample.name, "ifindex") == str(sample.index) and _sysfs(sample.name, "address") == sample.address
    return same and names == set(found)


def _sysfs(link: str, file: str) -> str:
    try:
        fd = os.open(f"{_SYSFS}/{link}/{file}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        return os.read(fd, 64).decode("ascii", "replace").strip()
    except OSError:
        return ""
    finally:
        os.close(fd)
