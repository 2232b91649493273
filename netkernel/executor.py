"""Ops to messages to sends: names become indexes here, and refusals become ops again."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import assert_never

from netkernel import ethtool, genetlink, netns, sources, tun_device
from netkernel.beside import Beside, no_link
from netkernel.codec import addresses, links, neighbours, nexthops, routes, rules, shapes, vlans
from netkernel.errors import KernelRefused, NetworkError
from netkernel.files import Files
from netkernel.genetlink import Family
from netkernel.indexes import Indexes, Unknown
from netkernel.keepers import Keepers
from netkernel.link_kinds import KINDS
from netkernel.netlink import GENERIC, LARGEST_BATCH, LONGEST_BATCH, Message, Socket, opened
from netkernel.ops import (
    AddAddress,
    AddClient,
    AddEndpoint,
    AddNeighbour,
    AddNexthop,
    AddRoute,
    AddRule,
    AddVlans,
    CreateLink,
    DeleteAddress,
    DeleteClient,
    DeleteEndpoint,
    DeleteLink,
    DeleteNeighbour,
    DeleteNexthop,
    DeleteRoute,
    DeleteRule,
    DeleteVlans,
    MoveLink,
    Op,
    RenameLink,
    SetAddress,
    SetHardware,
    SetLink,
    SetLinkDns,
    SetManager,
    SetPort,
    WriteFile,
    WriteSysctl,
)
from netkernel.resolved import Resolved
from netkernel.typed import TYPE_CHECKING
from netkernel.watch import Watch

if TYPE_CHECKING:
    from netkernel.managers import Managers


class Execution:
    """One list of ops on its way into the kernel."""

    def __init__(
        self,
        socket: Socket,
        inside: Callable[[], AbstractContextManager[object]],
        ops: Sequence[Op],
        keepers: Keepers | None = None,
        files: Files | None = None,
        resolved: Resolved | None = None,
        managers: Managers | None = None,
    ) -> None:
        self._socket = self._lane = socket
        self._generic: Socket | None = None
        self._families: dict[str, Family] = {}
        self._beside = Beside(inside, keepers, files, resolved, managers)
        self._inside = inside
        self._ops = ops
        self._indexes = Indexes(socket)
        self._pending: list[tuple[int, Message]] = []
        self._size = 0
        self._files: list[int] = []

    def run(self) -> None:
        """Raises KernelRefused, as `transaction.Kernel.execute` says."""
        try:
            for position, op in enumerate(self._ops):
                self._take(position, op)
            self._flush()
        finally:
            self._close_files()
            if self._generic is not None:
                self._generic.close()

    def _take(self, position: int, op: Op) -> None:
        match op:
            case WriteSysctl() | WriteFile() | SetLinkDns() | SetManager():
                self._flush()
                self._beside.write(position, op, self._indexes.of)
            case SetHardware(_, ethtool.VIRTUAL_FUNCTIONS):
                self._flush()
                self._beside.write_sysfs(position, op, self._indexes.of, self._socket)
            case AddClient() | DeleteClient():
                self._flush()
                self._beside.tell_keeper(position, op)
            case CreateLink() if _has_device(op.kind):
                self._flush()
                self._make_by_device(position, op)
            case CreateLink(_, "veth", attrs) if attrs.get("peer_netns"):
                self._queue(position, self._encoded(position, op))
                self._flush()
                self._set_up_peer(position, op)
            case SetLink() if _has_device(op.kind) and not tun_device.GIVEN.isdisjoint(op.new):
                self._flush()
                self._give(position, op)
            case DeleteEndpoint():
                self._flush()
                self._delete_endpoint(position, op)
            case MoveLink() if not self._is_own(op.source):
                self._flush()
                self._fetch(position, op)
            case AddRoute(route) if route.source and route.family == 6:
                self._flush()
                self._await(route.source)
                self._queue(position, self._encoded(position, op))
            case _:
                self._queue(position, self._encoded(position, op))

    def _await(self, source: str) -> None:
        """The kernel refuses a route whose source it is still comparing with the neighbours' addresses."""
        with self._inside():
            sources.await_detection(source, self._socket, Watch)

    def _encoded(self, position: int, op: Op) -> list[Message]:
        try:
            return self._messages(op)
        except ValueError as error:
            self._flush()
            raise KernelRefused(str(op), errno.EINVAL, str(error), possibly_done=position) from error
        except Unknown as unknown:
            self._flush()
            try:
                return self._messages(op)  # what was pending may have made the link
            except Unknown:
                raise no_link(position, op, unknown) from None

    def _messages(self, op: Op) -> list[Message]:
        index_of = self._indexes.of
        match op:
            case CreateLink():
                return self._create(op)
            case DeleteLink():
                return [self._delete(op)]
            case SetLink(name, kind, new, old):
                index = index_of(name)
                return links.change(kind, new, index_of, index=index) + links.names(new, old, index)
            case SetPort(name, kind, new):
                return [links.change_port(kind, new, index_of, index=index_of(name))]
            case AddAddress(address):
                return [addresses.add(address, index_of)]
            case DeleteAddress(address):
                return [addresses.delete(address, index_of)]
            case SetAddress(address):
                return [addresses.change(address, index_of)]
            case AddRoute(route, beside):
                return [routes.add(route, index_of, beside)]
            case DeleteRoute(route):
                return [routes.delete(route, index_of)]
            case AddRule(rule, beside):
                return [rules.add(rule, beside)]
            case DeleteRule(rule):
                return [rules.delete(rule)]
            case AddNeighbour(neighbour):
                return [neighbours.add(neighbour, index_of)]
            case DeleteNeighbour(neighbour):
                return [neighbours.delete(neighbour, index_of)]
            case AddNexthop(nexthop):
                return [nexthops.add(nexthop, index_of)]
            case DeleteNexthop(nexthop):
                return [nexthops.delete(nexthop)]
            case AddVlans(link, ranges):
                return [vlans.add(link, ranges, index_of)]
            case DeleteVlans(link, ranges):
                return [vlans.delete(link, ranges, index_of)]
            case SetHardware():
                return [self._set_hardware(op)] if op.new else []
            case AddEndpoint(endpoint):
                from netkernel.codec import mptcp  # late: few plans are about it

                attributes = mptcp.add(endpoint, index_of(endpoint.link) if endpoint.link else 0)
                return [genetlink.request(self._family(mptcp.FAMILY), mptcp.ADD, attributes)]
            case RenameLink(name, new):
                return [links.rename(self._indexes.rename(name, new), new)]
            case MoveLink(name, _, target, index):
                return [links.move(self._indexes.leave(name), self._opened(target), index)]
            case (
                WriteSysctl()
                | WriteFile()
                | SetLinkDns()
                | SetManager()
                | AddClient()
                | DeleteClient()
                | DeleteEndpoint()
            ):
                raise AssertionError(f"{op}: no message")
        assert_never(op)

    def _delete(self, op: DeleteLink) -> Message:
        """A veth takes its other end along, whose index is free then, too."""
        peer = str(op.attrs.get("peer") or "") if op.kind == "veth" else ""
        return links.delete(self._indexes.free(op.name, *filter(None, (peer,))))

    def _create(self, op: CreateLink) -> list[Message]:
        index, peer_index = self._indexes.take(op.index), 0
        peer = str(op.attrs.get("peer", "")) if op.kind == "veth" else ""
        namespace = str(op.attrs.get("peer_netns") or "") if peer else ""
        there = self._opened(netns.path_of(namespace)) if namespace else None
        if peer and not namespace:
            peer_index = self._indexes.take(op.peer_index)
        messages = links.create(
            op.name, op.kind, op.attrs, self._indexes.of, index=index, peer_index=peer_index, peer_namespace=there
        )
        self._indexes.give(op.name, index)
        if peer_index:
            self._indexes.give(peer, peer_index)
        return messages

    def _set_hardware(self, op: SetHardware) -> Message:
        from netkernel.codec import ethtool as codec  # late: most plans have nothing of it
        from netkernel.codec import virtual_functions

        index = self._indexes.of(op.name)
        if (id := ethtool.function_of(op.section)) is not None:
            return virtual_functions.change(id, op.new, index)
        request = codec.change(op.section, op.new, index)
        return genetlink.request(self._family(ethtool.FAMILY), ethtool.SECTIONS[op.section].set, request)

    def _family(self, name: str) -> Family:
        """Raises ValueError where the kernel has no such family."""
        if name not in self._families:
            try:
                self._families[name] = genetlink.family(self._opened_generic(), name)
            except KernelRefused as refused:
                raise ValueError(f"this kernel has no {name} netlink: {refused.reason}") from refused
        return self._families[name]

    def _opened_generic(self) -> Socket:
        if self._generic is None:
            with self._inside():
                self._generic = Socket(opened(GENERIC))
        return self._generic

    def _make_by_device(self, position: int, op: CreateLink) -> None:
        index = self._indexes.take(op.index)
        self._beside.by_device(position, op, lambda: tun_device.make(op.name, op.attrs, index))
        self._indexes.give(op.name, index)
        # Asking makes the kernel notice that it has no carrier; else a bridge it joins takes it for one that has.
        self._socket.ask(shapes.GET, shapes.request(index))
        self._queue(position, links.furnish(op.kind, op.attrs, self._indexes.of, index=index))

    def _give(self, position: int, op: SetLink) -> None:
        try:
            index = self._indexes.of(op.name)
        except Unknown as unknown:
            raise no_link(position, op, unknown) from None
        link = shapes.Links().read(*self._socket.ask(shapes.GET, shapes.request(index)), {index: op.name})
        self._beside.by_device(position, op, lambda: tun_device.give(op.name, {**link.attrs, **link.facts}, op.new))
        rest = {key: value for key, value in op.new.items() if key not in tun_device.GIVEN}
        if rest:
            self._queue(position, links.change(op.kind, rest, self._indexes.of, index=index))

    def _queue(self, position: int, messages: list[Message]) -> None:
        op = self._ops[position]
        is_generic = isinstance(op, AddEndpoint | DeleteEndpoint)
        is_generic |= isinstance(op, SetHardware) and op.section in ethtool.SECTIONS
        lane = self._opened_generic() if is_generic else self._socket
        if lane is not self._lane:  # what is sent through one socket is done before the other is asked
            self._flush()
            self._lane = lane
        size = sum(message.size for message in messages)
        if len(self._pending) + len(messages) > LONGEST_BATCH or self._size + size > LARGEST_BATCH:
            self._flush()
        self._pending += [(position, message) for message in messages]
        self._size += size

    def _flush(self) -> None:
        pending, self._pending, self._size = self._pending, [], 0
        if not pending:
            return
        refused = self._lane.write([message for _, message in pending])
        self._close_files()
        if not refused:
            return
        failed = frozenset(pending[at][0] for at in refused)
        self._withdraw(failed, pending, frozenset(refused))
        first = min(refused)
        said = refused[first]
        what = str(self._ops[pending[first][0]])
        done = pending[-1][0] + 1
        raise KernelRefused(what, said.errno, said.reason, possibly_done=done, failed=failed)

    def _withdraw(self, failed: frozenset[int], pending: list[tuple[int, Message]], refused: frozenset[int]) -> None:
        """A refused create did nothing: where only a message after the first was refused, the link goes again."""
        for position in failed:
            op = self._ops[position]
            if isinstance(op, CreateLink):
                first = next(at for at, (of, _) in enumerate(pending) if of == position)
                if first not in refused or _has_device(op.kind):
                    self._socket.write([links.delete(self._indexes.of(op.name))])

    def _delete_endpoint(self, position: int, op: DeleteEndpoint) -> None:
        """The kernel knows it by an id, which nobody but it can tell of one that it has just made."""
        from netkernel import mptcp  # late, as above
        from netkernel.codec import mptcp as codec

        try:
            family = self._family(codec.FAMILY)
            found = mptcp.endpoints(self._opened_generic(), family, {})
        except ValueError as error:
            raise KernelRefused(str(op), errno.EOPNOTSUPP, str(error), possibly_done=position) from error
        there = next((each for each in found if each.key == op.endpoint.key), None)
        if there is None:
            raise KernelRefused(str(op), errno.ENOENT, "there is no such endpoint", possibly_done=position)
        self._queue(position, [genetlink.request(family, codec.DELETE, codec.delete(there))])

    def _set_up_peer(self, position: int, op: CreateLink) -> None:
        """In its namespace, through a socket of its own: from here nobody can."""
        peer, there = str(op.attrs["peer"]), netns.path_of(str(op.attrs["peer_netns"]))
        try:
            with netns.inside(there):
                socket = Socket()
            with socket:
                up = SetLink(peer, "veth", {"up": True}, {"up": False})
                Execution(socket, lambda: netns.inside(there), [up]).run()
        except NetworkError as error:
            number, reason = getattr(error, "errno", errno.ENOENT), getattr(error, "reason", str(error))
            raise KernelRefused(f"set {peer} up in {there}", number, reason, possibly_done=position + 1) from error

    def _fetch(self, position: int, op: MoveLink) -> None:
        """Move a link out of a namespace that is not ours, through a socket of its own."""
        try:
            with netns.inside(op.source):
                there = Socket()
            with there:
                run = Execution(there, lambda: netns.inside(op.source), [op])
                run._queue(0, run._messages(op))
                run._flush()
        except KernelRefused as refused:
            raise KernelRefused(str(op), refused.errno, refused.reason, possibly_done=position) from refused
        except Unknown as unknown:
            reason = f"there is no link {unknown.name!r} in {op.source}"
            raise KernelRefused(str(op), errno.ENODEV, reason, possibly_done=position) from None
        except (ValueError, NetworkError) as error:  # one of the two namespaces is not there
            raise KernelRefused(str(op), errno.ENOENT, str(error), possibly_done=position) from error

    def _is_own(self, namespace: str) -> bool:
        try:
            with self._inside():
                return os.path.samestat(os.stat(namespace), os.stat(netns.OWN))
        except OSError:
            return False

    def _opened(self, namespace: str) -> int:
        try:
            fd = os.open(namespace, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise ValueError(f"{namespace}: {error.strerror}") from error
        self._files.append(fd)
        return fd

    def _close_files(self) -> None:
        while self._files:
            os.close(self._files.pop())


def _has_device(kind: str) -> bool:
    return kind in KINDS and KINDS[kind].has_device
