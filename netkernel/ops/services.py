"""Ops beside netlink: settings, files of configuration, name servers, other managers, clients of address servers."""

from __future__ import annotations

from netkernel.frozen import Frozen
from netkernel.ops.base import word
from netkernel.records import ENDPOINTS, LLDP, ROUTERS, Client, File, LinkDns, Manager
from netkernel.typed import Final


class AddClient(Frozen):
    """Start a client of an address server for a link, or listening on it."""

    client: Client

    def inverse(self) -> DeleteClient:
        return DeleteClient(self.client)

    def __str__(self) -> str:
        attrs = "".join(f" {key}={word(value)}" for key, value in self.client.attrs.items())
        return f"start {_client(self.client)}{attrs}"


class DeleteClient(Frozen):
    """Stop it. What it has put on the link stays there until somebody takes it off or its time is over; with `release`
    it takes that off itself and tells the server, who may lend it to others then."""

    client: Client
    release: bool = False

    def inverse(self) -> AddClient:
        return AddClient(self.client)

    def __str__(self) -> str:
        return f"stop {_client(self.client)}" + (" and give its lease back" if self.release else "")


class WriteSysctl(Frozen):
    """`path` is below /proc/sys, with slashes (interface names may hold dots)."""

    path: str
    new: str
    old: str

    def inverse(self) -> WriteSysctl:
        return WriteSysctl(self.path, new=self.old, old=self.new)

    def __str__(self) -> str:
        return f"write {self.path} {word(self.old)} -> {word(self.new)}"


class WriteFile(Frozen):
    """Put a file of configuration, or a symlink, in place of what is there; a `new` that does not exist removes it."""

    path: str
    new: File
    old: File

    def inverse(self) -> WriteFile:
        return WriteFile(self.path, new=self.old, old=self.new)

    def __str__(self) -> str:
        if not self.new.exists:
            return f"delete file {self.path}"
        if self.new.content is None:
            return f"link {self.path} to {self.new.link}"
        instead = f" instead of the link to {self.old.link}" if self.old.link else ""
        return f"write {self.path}{instead}: {_changed_lines(self.old, self.new)}"


class SetLinkDns(Frozen):
    """Give a link these name servers and domains, and no others (systemd-resolved)."""

    link: str
    new: LinkDns
    old: LinkDns

    def inverse(self) -> SetLinkDns:
        return SetLinkDns(self.link, new=self.old, old=self.new)

    def __str__(self) -> str:
        kept = {"name servers": (self.old.servers, self.new.servers), "domains": (self.old.domains, self.new.domains)}
        changes = [f"{what} {word(old)} -> {word(new)}" for what, (old, new) in kept.items() if old != new]
        return f"set {self.link} {', '.join(changes) or 'name servers: others of them are configured'}"


class SetManager(Frozen):
    """Have a manager begin anew with the files as they are then, and with these links in its hands.

    `new` and `old` hold those that change hands. It takes back what it held as it was: it finds what it had kept of it.
    """

    name: str
    new: Manager
    old: Manager

    def inverse(self) -> SetManager:
        return SetManager(self.name, new=self.old, old=self.new)

    def __str__(self) -> str:
        pairs = (("lets go of", self.old, self.new), ("takes back", self.new, self.old))
        changes = [
            f"{what} {', '.join(sorted(links))}"
            for what, one, other in pairs
            if (links := [name for name, hold in one.holds.items() if other.holds.get(name) != hold])
        ]
        verb = "restart" if self.new.running and self.old.running else "start" if self.new.running else "tell"
        return f"{verb} {self.name}" + (f", which {' and '.join(changes)}" if changes else "")


_MOST_LINES: Final = 8


def _changed_lines(old: File, new: File) -> str:
    """`-old line; +new line`, as far as it fits."""
    had, has = old.lines, new.lines
    changed = [f"-{line}" for line in had if line not in has] + [f"+{line}" for line in has if line not in had]
    shown = "; ".join(changed[:_MOST_LINES]).encode("utf-8", "backslashreplace").decode()
    more = f" and {len(changed) - _MOST_LINES} more" if len(changed) > _MOST_LINES else ""
    return (shown or "in another order") + more


def _client(client: Client) -> str:
    others = {LLDP: "LLDP", ROUTERS: "router advertisements", ENDPOINTS: "MPTCP for new addresses"}
    what = others.get(client.family, f"DHCPv{client.family}")
    return f"{what} on {client.link}"
