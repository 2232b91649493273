"""How a change starts and stops clients: it asks the keeper, and brings one up where there is none."""

from __future__ import annotations

import errno
import os
import time

from netkernel.records import Client
from netkernel.typed import TYPE_CHECKING, Final
from nncp_agent.dhcp import files

if TYPE_CHECKING:
    import _socket

    from nncp_agent.dhcp.requests import Request

ANSWER_S: Final = 30.0
"""A keeper that writes to a slow disk may need seconds."""


class Door:
    """Implements `netkernel.keepers.Keepers` for a state directory; called in the namespace that the leases are for."""

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        self._directory = os.path.abspath(directory)

    def clients(self) -> tuple[Client, ...]:
        return files.running(self._directory)

    def start(self, client: Client) -> None:
        from nncp_agent.dhcp import launch  # late, as below: `show` starts nothing
        from nncp_agent.dhcp.requests import Request

        deadline = time.monotonic() + ANSWER_S
        while (keeper := files.connected(self._directory)) is None:
            if time.monotonic() >= deadline:
                raise OSError(errno.ETIMEDOUT, "no keeper of leases came up")
            launch.keeper(self._directory)
        _ask(keeper, Request(client, start=True))

    def stop(self, client: Client, release: bool = False) -> None:
        from nncp_agent.dhcp.requests import Request

        if (keeper := files.connected(self._directory)) is not None:
            _ask(keeper, Request(client, start=False, release=release))
            return
        try:
            os.unlink(os.path.join(self._directory, files.FOLDER, files.name_of(*client.key, files.CLIENT)))
        except FileNotFoundError:
            return


def _ask(keeper: _socket.socket, request: Request) -> None:
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
        raise OSError(errno.EPIPE, "the keeper of leases ended before it answered")
    if error := json.loads(answer).get("error"):
        raise OSError(errno.EIO, str(error))
