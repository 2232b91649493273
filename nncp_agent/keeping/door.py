"""How a change starts and stops clients: it asks their service's process, and brings one up where there is none."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Mapping

from netkernel.records import Client, LinkDns
from netkernel.typed import TYPE_CHECKING
from nncp_agent.keeping import LEASES, NEIGHBOURS, SERVICES, Service, places, service_of
from nncp_agent.keeping.places import ANSWER_S

if TYPE_CHECKING:
    import _socket

    from nncp_agent.keeping.requests import Request


class Door:
    """Implements `netkernel.keepers.Keepers` for a state directory; called in the namespace that the links are in."""

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        self._directory = os.path.abspath(directory)

    def clients(self) -> tuple[Client, ...]:
        found = [client for service in SERVICES for client in places.running(self._directory, service)]
        return tuple(sorted(found, key=lambda client: client.key))

    def heard(self) -> Mapping[str, tuple[bytes, ...]]:
        return places.heard(self._directory, NEIGHBOURS)

    def lent_names(self) -> Mapping[str, LinkDns]:
        from nncp_agent.keeping import lent  # late: on few hosts systemd-resolved is asked

        return lent.names(self._directory)

    def keep_lent_names(self, link: str, names: LinkDns) -> None:
        from nncp_agent.keeping import lent

        lent.keep(self._directory, link, names)

    def look_again(self) -> None:
        if (keeper := places.connected(self._directory, LEASES)) is None:
            return
        try:
            keeper.settimeout(ANSWER_S)
            keeper.send(places.AGAIN)
            keeper.recv(65536)
        except OSError:  # it ends, and whoever follows it looks by itself
            return
        finally:
            keeper.close()

    def start(self, client: Client) -> None:
        from nncp_agent.keeping import launch  # late, as below: `show` starts nothing
        from nncp_agent.keeping.requests import Request

        service = service_of(client)
        deadline = time.monotonic() + ANSWER_S
        while (keeper := places.connected(self._directory, service)) is None:
            if time.monotonic() >= deadline:
                raise OSError(errno.ETIMEDOUT, f"no {service.name} came up")
            launch.keeper(self._directory, service)
        _ask(keeper, Request(client, start=True), service)

    def stop(self, client: Client, release: bool = False) -> None:
        from nncp_agent.keeping.requests import Request

        service = service_of(client)
        if (keeper := places.connected(self._directory, service)) is not None:
            _ask(keeper, Request(client, start=False, release=release), service)
            return
        try:
            os.unlink(os.path.join(self._directory, service.folder, places.name_of(*client.key, places.CLIENT)))
        except FileNotFoundError:
            return


def _ask(keeper: _socket.socket, request: Request, service: Service) -> None:
    """Raises OSError with the keeper's words when it says no."""
    import json

    from netkernel import frozen_json

    try:
        keeper.settimeout(ANSWER_S)
        keeper.send(frozen_json.encode(request))
        answer = keeper.recv(65536)
    finally:
        keeper.close()
    if not answer:
        raise OSError(errno.EPIPE, f"the {service.name} ended before it answered")
    if error := json.loads(answer).get("error"):
        raise OSError(errno.EIO, str(error))
