"""What a service's process was told to do, on the disk: whoever follows it goes on where it was.

`FOLDER/LINK.FAMILY.client.json` is one client, told in this boot or an earlier one.
"""

from __future__ import annotations

from typing import TypeVar

from netkernel import frozen_json
from netkernel.frozen import Frozen
from netkernel.records import Client
from nncp_agent.files import VERSION, not_ours
from nncp_agent.keeping import Service
from nncp_agent.keeping.places import CLIENT, name_of
from nncp_agent.store import Store

K = TypeVar("K", bound=Frozen)


class KeptClient(Frozen):
    client: Client
    boot: str
    version: int = VERSION


class Told:
    """Of one state directory. `boot` is which boot of the machine this is."""

    def __init__(self, store: Store, service: Service, boot: str) -> None:
        self._store = store
        self._folder = service.folder
        self._boot = boot

    def clients(self) -> tuple[Client, ...]:
        """Those of this boot. Raises StoreBroken."""
        names = [name for name in self._store.names(self._folder) if name.endswith(CLIENT)]
        kept = [read(self._store, f"{self._folder}/{name}", KeptClient) for name in names]
        return tuple(each.client for each in kept if each is not None and each.boot == self._boot)

    def keep(self, client: Client) -> None:
        """Raises StoreBroken."""
        self._store.write(self._place(client), frozen_json.encode(KeptClient(client, self._boot)))

    def forget(self, client: Client) -> None:
        self._store.remove(self._place(client))

    def _place(self, client: Client) -> str:
        return f"{self._folder}/{name_of(*client.key, CLIENT)}"


def read(store: Store, place: str, kind: type[K]) -> K | None:
    """What we wrote there; None where nothing is. Raises StoreBroken."""
    data = store.read(place)
    if data is None:
        return None
    try:
        return frozen_json.decode(data, kind)
    except ValueError as error:
        raise not_ours(store.path(place), error) from error
