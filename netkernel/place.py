"""A network namespace in which single links are looked at and changed, without a look at the whole host.

What a plugin touches is two links of thousands.
"""

from __future__ import annotations

import errno
import fcntl
from _socket import AF_INET, AF_INET6
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from struct import Struct

from netkernel import netns, sysctl, tlv
from netkernel.codec import addresses, elsewhere, pairs, routes, shapes, vlans
from netkernel.errors import KernelRefused, NetworkError
from netkernel.executor import Execution
from netkernel.frozen import Frozen
from netkernel.netlink import Message, Refusal, Socket
from netkernel.ops import Op, inverse
from netkernel.records import Address, Link, VlanRange
from netkernel.typed import Final, Self
from netkernel.watch import Watch

_LINK: Final = 5  # IFLA_LINK
_SIOCGIFNAME: Final = 0x8910  # linux/sockios.h
_IFREQ: Final = Struct("=16si20x")


class OtherEnd(Frozen):
    """The end of a veth in another namespace; `addresses` are the global ones, in CIDR form."""

    name: str
    address: str
    addresses: Sequence[str]


_READER: Final = shapes.Links()
"""Of all places: most links that plugins look at are of a few shapes. Threads may share it: it only learns."""


class Place:
    """The namespace at `namespace` (a path), by default the calling thread's. For use by one thread at a time."""

    def __init__(self, namespace: str | None = None) -> None:
        """Raises NetworkError when there is no such namespace."""
        self._namespace = namespace
        with self.inside():
            self._socket = Socket()

    def inside(self) -> AbstractContextManager[None]:
        """The calling thread, in the namespace."""
        return netns.inside(self._namespace) if self._namespace else nullcontext()

    def link(self, name: str) -> Link | None:
        """The link as it is now; None when there is none. Raises KernelRefused."""
        answer = self._link_message(name)
        return _READER.read(*answer, _Names(self._socket)) if answer else None

    def links(self) -> dict[str, Link]:
        """All links, by name. Raises KernelRefused, DumpInterrupted."""
        spans = self._socket.dump(shapes.GET, shapes.dump_request())
        names = dict(shapes.read_name(*span) for span in spans)
        reader = _READER
        return {link.name: link for link in (reader.read(*span, names) for span in spans)}

    def create_pair(
        self, name: str, peer: str, namespace: str, *, mtu: int, alias: str = "", peer_address: str = ""
    ) -> None:
        """A veth pair, one end here, the other born in the namespace at a path, both down.

        `alias` is that of the end here, which has it as soon as anybody sees it: whoever dies meanwhile leaves nothing
        that is nobody's. Raises KernelRefused: EEXIST when there is one of either name; NetworkError when there is no
        such namespace.
        """
        what = f"create veth {name} with {peer} in {namespace}"
        if self.link(name) is not None:  # the alias goes by the name, and must not become that of another's link
            raise KernelRefused(what, errno.EEXIST, "File exists")
        with netns.opened(namespace) as fd:
            message = pairs.create(name, peer, fd, mtu=mtu, peer_address=peer_address)
            said = self._socket.write([message, pairs.set_alias(name, alias)]).get(0)
        if said is not None:
            raise KernelRefused(what, said.errno, said.reason)

    def tell(self, messages: Sequence[Message]) -> dict[int, Refusal]:
        """Send a batch; gives what the kernel refused, by position. It does all the others. Raises AnswerLost."""
        return self._socket.write(messages)

    def vlans(self, name: str) -> tuple[VlanRange, ...]:
        """The VLANs of a bridge's port. Raises KernelRefused when it is none."""
        index = self.index(name)
        spans = self._socket.dump(vlans.GET, vlans.dump_request(index))
        return next((found for at, found in (vlans.read(*span) for span in spans) if at == index), ())

    def index(self, name: str) -> int:
        """Its ifindex. Raises KernelRefused when there is no such link."""
        link = self.link(name)
        if link is None:
            raise KernelRefused(f"look at {name}", errno.ENODEV, f"there is no link {name!r}")
        return link.index

    def peer_index(self, name: str) -> int:
        """The ifindex of a veth's other end, where that one is; 0 when there is none. Raises KernelRefused."""
        data, start, end = self._link_message(name) or (b"", 0, 0)
        for number, first, last in tlv.walk(data, start + shapes.HEADER.size, end) if data else ():
            if number == _LINK:
                return tlv.read_u32(data, first, last)
        return 0

    def other_end(self, link: Link) -> OtherEnd | None:
        """What is known of the other end of a veth that lives in another namespace; None when there is none.

        Raises KernelRefused.
        """
        index = self.peer_index(link.name)
        if link.netnsid is None or not index:
            return None
        try:
            answer = self._socket.ask(shapes.GET, elsewhere.link_request(link.netnsid, index))
            spans = self._socket.dump(addresses.GET, elsewhere.addresses_request(link.netnsid, index))
        except KernelRefused as refused:
            if refused.errno in (errno.ENODEV, errno.EINVAL):
                return None  # it goes away just now
            raise
        name, mac = elsewhere.read_link(*answer)
        return OtherEnd(name, mac, [text for span in spans if (text := elsewhere.read_address(*span))])

    def destinations(self) -> set[str]:
        """Where routes lead, those of the kernel included, in CIDR form. Raises KernelRefused, DumpInterrupted."""
        found = set()
        for family in (AF_INET, AF_INET6):
            for data, start, end in self._socket.dump(routes.GET, routes.dump_request(family)):
                found.add(routes.destination(data, start, end))
        return found

    def addresses(self, link: Link) -> list[Address]:
        """Its addresses, in the kernel's order. Raises KernelRefused."""
        reader, names = addresses.Addresses(), {link.index: link.name}
        spans = self._socket.dump(addresses.GET, addresses.dump_request(link=link.index))
        found = (reader.read(data, start, end, names) for data, start, end in spans)
        return [each for each in found if each is not None]

    def sysctl(self, path: str) -> str:
        """Below /proc/sys, with slashes. Raises KernelRefused."""
        with self.inside():
            return sysctl.read(path)

    def execute(self, ops: Sequence[Op]) -> None:
        """Do the ops, batched. Raises KernelRefused; some may have been done then."""
        Execution(self._socket, self.inside, ops).run()

    def undo(self, ops: Sequence[Op]) -> list[str]:
        """Take back what may have been done of `ops`, last first, each whatever became of the others.

        Gives a line for each that could not be taken back. What is gone needs no taking back.
        """
        left = []
        for op in inverse(ops):
            try:
                self.execute([op])
            except KernelRefused as refused:
                if refused.errno not in (errno.ENODEV, errno.ENOENT, errno.ESRCH, errno.EADDRNOTAVAIL):
                    left.append(str(refused))
            except NetworkError as error:
                left.append(str(error))
        return left

    def watch(self) -> Watch:
        """Hears what changes here from now on."""
        with self.inside():
            return Watch()

    def _link_message(self, name: str) -> tuple[bytes, int, int] | None:
        try:
            return self._socket.ask(shapes.GET, shapes.request(0) + tlv.text(shapes.NAME, name))
        except KernelRefused as refused:
            if refused.errno == errno.ENODEV:
                return None
            raise

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Names(Mapping[int, str]):
    """The names of links, asked for when they are needed."""

    def __init__(self, socket: Socket) -> None:
        self._socket = socket

    def __getitem__(self, index: int) -> str:
        try:
            answer = fcntl.ioctl(self._socket.fileno(), _SIOCGIFNAME, _IFREQ.pack(b"", index))
        except OSError:
            raise KeyError(index) from None
        return _IFREQ.unpack(answer)[0].rstrip(b"\0").decode("utf-8", "surrogateescape")  # type: ignore[no-any-return]

    def __iter__(self) -> Iterator[int]:
        raise TypeError("names are asked for one by one")

    def __len__(self) -> int:
        raise TypeError("names are asked for one by one")
