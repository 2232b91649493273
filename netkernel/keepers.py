"""The seam to who keeps leases and knows neighbours: processes of the agent, which this floor starts and stops by ops
and knows no more."""

from __future__ import annotations

from collections.abc import Mapping

from netkernel.records import Client, LinkDns
from netkernel.typed import Protocol


class Keepers(Protocol):
    """Those of one network namespace; called by a thread that is in it."""

    def clients(self) -> tuple[Client, ...]:
        """The clients that run now, sorted."""
        ...

    def heard(self) -> Mapping[str, tuple[bytes, ...]]:
        """What the neighbours of links say by LLDP, behind the Ethernet header, by link."""
        ...

    def lent_names(self) -> Mapping[str, LinkDns]:
        """Which name servers and domains of a link systemd-resolved has from networks, as `keep_lent_names` was told.
        Raises NetworkError."""
        ...

    def keep_lent_names(self, link: str, names: LinkDns) -> None:
        """Raises NetworkError."""
        ...

    def look_again(self) -> None:
        """Name servers were written: whoever gives some puts right what is not as it gives them. Never raises."""
        ...

    def start(self, client: Client) -> None:
        """Start it, or let the one that runs do as it says. Raises OSError."""
        ...

    def stop(self, client: Client, release: bool = False) -> None:
        """Once it returns, the client touches the host no more; absent is success. With `release`, what it was lent
        goes off the link and back to the server. Raises OSError."""
        ...
