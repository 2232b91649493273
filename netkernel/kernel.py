"""The running kernel of one network namespace: look at it, tell it, wait for it."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager, nullcontext

from netkernel import snapshot
from netkernel.ethtool import MPTCP, PEERS
from netkernel.files import MANAGERS, SYSTEM_BUS, Files, is_resolveds
from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.netlink import Socket
from netkernel.records import LLDP
from netkernel.typed import TYPE_CHECKING, Self
from netkernel.watch import Watch

if TYPE_CHECKING:
    from netkernel.keepers import Keepers
    from netkernel.managers import Managers
    from netkernel.ops import Op
    from netkernel.records import Client, LinkDns
    from netkernel.resolved import Resolved


class LinuxKernel:
    """Implements `transaction.Kernel` for the namespace at `namespace` (a path), by default the calling thread's.

    It is one conversation: for use by one thread at a time. `root` is where its files of configuration begin,
    `bus` the socket of the bus that systemd-resolved is on.
    """

    def __init__(
        self, namespace: str | None = None, keepers: Keepers | None = None, root: str = "/", bus: str = SYSTEM_BUS
    ) -> None:
        """`keepers` know what runs for links of the namespace, and start and stop it."""
        self._namespace = namespace
        self._keepers = keepers
        self.root = root
        self._files = Files(root)
        self._bus = bus
        with self._inside():
            self._socket = Socket()
            self._watch = Watch()
        self._reader = snapshot.Reader(self._socket, self._watch)

    @property
    def namespace(self) -> str | None:
        """The path of the namespace it speaks for; None is that of the thread that made it."""
        return self._namespace

    def snapshot(self, also: Collection[str] = ()) -> Host:
        """The whole configuration now, with what `also` names (see `Host.also`).

        Raises DumpInterrupted when it never stands still, other NetworkErrors.
        """
        host = self._reader.host()
        with self._inside():
            sysctls = snapshot.default_sysctls()
            links = snapshot.with_assigned(host.links)
        host = replace(host, links=links, sysctls=sysctls, clients=self._clients())
        return self._looked_at(self._named(host), also)

    def overview(self, protocols: Collection[int], also: Collection[str] = ()) -> Host:
        """The part that people look at, for a third of the time. Raises as `snapshot`."""
        host = self._named(self._reader.overview(protocols))
        if self._keepers is not None and (clients := self._keepers.clients()):
            listens = any(client.family == LLDP for client in clients)
            host = replace(host, clients=clients, heard=self._keepers.heard() if listens else {})
        if not any(link.kind == "veth" and link.netnsid is not None for link in host.links.values()):
            also = [part for part in also if part != PEERS]
        return self._looked_at(host, also)

    def _looked_at(self, host: Host, also: Collection[str]) -> Host:
        if any(link.parent for link in host.links.values()):
            from netkernel import devices  # late: a container has none

            host = replace(host, links=devices.told(host.links))
        if any(link.kind == "wireguard" for link in host.links.values()):
            from netkernel import wireguard  # late: few hosts have one

            with self._inside():
                host = wireguard.told(host)
        if MANAGERS in also:
            host = self._managed(host)
        if not also:
            return host
        if MPTCP in also:
            from netkernel import mptcp  # late, as below

            with self._inside():
                host = mptcp.looked_at(host)
        if PEERS in also:
            from netkernel import peers  # late, as below

            with self._inside():
                host = peers.looked_at(host)
        from netkernel import generic  # late: few plans are about it

        with self._inside():
            return generic.looked_at(host, also)

    def _named(self, host: Host) -> Host:
        """`host` with what is no link's: its name and its files, where they are those of its namespace."""
        if not self._is_own():
            return host
        host = replace(host, sysctls={**host.sysctls, **snapshot.hostname()}, files=self._files.all())
        return replace(host, resolver=self._link_dns(host)) if is_resolveds(host.files) else host

    def _link_dns(self, host: Host) -> dict[str, LinkDns]:
        """What systemd-resolved has, and who it is from, which it does not know."""
        found = self._resolved().all(_by_index(host))
        for name, lent in (self._keepers.lent_names() if self._keepers and found else {}).items():
            if (each := found.get(name)) is not None:
                servers = tuple([server for server in each.servers if server in lent.lent_servers])
                domains = tuple([domain for domain in each.domains if domain in lent.lent_domains])
                found[name] = replace(each, lent_servers=servers, lent_domains=domains)
        return found

    def _managed(self, host: Host) -> Host:
        from netkernel.managers import Managers, is_hosts_namespace  # late: few plans are about them

        if self.root != "/" or not (self._is_own() and is_hosts_namespace()):
            return host
        managers, files = Managers(self._bus).all(host.links)
        return replace(host, managers=managers, files={**host.files, **files})

    def _resolved(self) -> Resolved:
        from netkernel.resolved import Resolved  # late: few hosts have it

        return Resolved(self._bus, self.root)

    def _is_own(self) -> bool:
        if not self._namespace:
            return True
        from netkernel import netns  # late: as below

        try:
            return os.path.samestat(os.stat(self._namespace), os.stat(netns.OWN))
        except OSError:
            return False

    def execute(self, ops: Sequence[Op]) -> None:
        """Do the ops in order, batched. Raises KernelRefused at the first send that had a failing op."""
        from netkernel import modules  # late, as all below: who only looks pays for no ops
        from netkernel.executor import Execution
        from netkernel.ops import CreateLink, SetLinkDns, WriteFile

        new = {op.kind for op in ops if isinstance(op, CreateLink)}
        if new & modules.WITHOUT_DEVICES.keys():
            modules.load_for(new)
        try:
            doors = self._keepers, self._files, self._resolved(), self._managers(ops)
            Execution(self._socket, self._inside, ops, *doors).run()
        finally:
            if self._keepers and any(isinstance(op, WriteFile | SetLinkDns) for op in ops):
                self._keepers.look_again()

    def _managers(self, ops: Sequence[Op]) -> Managers | None:
        from netkernel.ops import SetManager  # late, as above

        if not any(isinstance(op, SetManager) for op in ops):
            return None
        from netkernel.managers import Managers

        return Managers(self._bus)

    def _clients(self) -> tuple[Client, ...]:
        return self._keepers.clients() if self._keepers else ()

    def wait(self, timeout_s: float) -> bool:
        """True as soon as something changed since the last snapshot began; False after `timeout_s` seconds."""
        return bool(self._watch.wait(timeout_s))

    def close(self) -> None:
        self._socket.close()
        self._watch.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _inside(self) -> AbstractContextManager[None]:
        if not self._namespace:
            return nullcontext()
        from netkernel import netns  # late: it needs ctypes

        return netns.inside(self._namespace)


def _by_index(host: Host) -> dict[int, str]:
    return {link.index: name for name, link in host.links.items()}
