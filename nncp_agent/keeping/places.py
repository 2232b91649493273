"""Where a service's clients lie in the state directory, and whether anybody runs them: what `show` needs of it."""

from __future__ import annotations

import _socket as socket  # as in netkernel.netlink
import os
import sys

from netkernel.records import Client
from netkernel.typed import Final
from nncp_agent import files
from nncp_agent.keeping import Service

CLIENT: Final = ".client.json"
SOCKET: Final = "keeper"
AGAIN: Final = b"again"
"""Says that what the workers share may have been overwritten."""
HEARD: Final = b"heard"
"""Asks for all that the workers have to say."""
ANSWER_S: Final = 30.0
"""Who writes to a slow disk may need seconds."""


def name_of(link: str, family: int, ending: str) -> str:
    return f"{link}.{family}{ending}"


def running(directory: str, service: Service) -> tuple[Client, ...]:
    """The clients that the service runs for this state directory, sorted; none where no process of it is there.

    Raises StoreBroken.
    """
    folder = os.path.join(directory, service.folder)
    try:
        names = sorted([name for name in os.listdir(folder) if name.endswith(CLIENT)])
    except (FileNotFoundError, PermissionError):
        return ()  # whoever may not read what we keep may not change anything either
    if not names or (keeper := connected(directory, service)) is None:
        return ()
    keeper.close()
    import json  # late: on most hosts there is nothing to decode

    found = []
    for name in names:
        path = os.path.join(folder, name)
        try:
            told = json.loads(files.read(path) or b"null")
            found += [Client(**told["client"])] if told else []
        except (ValueError, TypeError, KeyError) as error:
            raise files.not_ours(path, error) from error
    return tuple(sorted(found, key=lambda client: client.key))


def connected(directory: str, service: Service) -> socket.socket | None:
    """A conversation with its process; None without one. Paths of sockets are short, those of directories not."""
    try:
        folder = os.open(os.path.join(directory, service.folder), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return None
    ours = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_CLOEXEC)
    try:
        ours.connect(f"/proc/self/fd/{folder}/{SOCKET}")
    except OSError:
        ours.close()
        return None
    finally:
        os.close(folder)
    return ours


def heard(directory: str, service: Service) -> dict[str, tuple[bytes, ...]]:
    """What the service has to say, by link; nothing where no process of it is there, or not any more."""
    if (keeper := connected(directory, service)) is None:
        return {}
    found: dict[str, tuple[bytes, ...]] = {}
    try:
        keeper.settimeout(ANSWER_S)
        keeper.send(HEARD)
        while packet := keeper.recv(65536):
            link, _, said = packet.partition(b"\0")
            name = link.decode("utf-8", "surrogateescape")
            found[name] = (*found.get(name, ()), said)
    except OSError:
        return found
    finally:
        keeper.close()
    return found


def process_of(conversation: socket.socket) -> int:
    """The process at the other end (struct ucred, unix(7))."""
    return int.from_bytes(conversation.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)[:4], sys.byteorder)
