"""Which API server, and as whom: a kubeconfig as kubectl reads it, or the identity that a pod is given."""

from __future__ import annotations

import os
import socket
from typing import Any, Final

from netkernel import documents
from netkernel.frozen import Frozen
from nncp_agent.kube.errors import NoAccess

DEFAULT: Final = "~/.kube/config"
CONNECTIONS: Final = 16
"""At most so many stay open for the next request; each watch has one of its own."""
SILENT_S: Final = 15
TRIES: Final = 3
GIVEN_UP_MS: Final = 30_000
"""A connection whose other end is gone without a word is given up after so long; a watch would wait for ever."""


class Access(Frozen):
    """Where the identity is. `kubeconfig` may be several files, with colons between, as in $KUBECONFIG."""

    kubeconfig: str = ""
    context: str = ""
    in_cluster: bool = False


def configuration(access: Access) -> Any:
    """A `kubernetes.client.Configuration`, read anew from the files each time. Raises NoAccess."""
    from kubernetes import client, config  # 35 MB, for who has a cluster

    _readable(access)
    load: Any = config  # its functions have no types
    made: Any = client.Configuration()
    files = _files(access)
    try:
        if access.in_cluster:
            load.load_incluster_config(client_configuration=made)
        else:
            load.load_kube_config(
                config_file=files, context=access.context or None, client_configuration=made, persist_config=False
            )
    except (config.ConfigException, OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        # a file of another shape surprises the official reader in as many ways
        where = "this pod's identity" if access.in_cluster else files
        raise NoAccess(f"{where}: {error}") from error
    made.retries = False  # who asks knows better when to ask again
    made.connection_pool_maxsize = CONNECTIONS
    made.socket_options = list(_socket_options())
    return made


def _readable(access: Access) -> None:
    """The official reader knows no error for a file that is no YAML."""
    for name in [] if access.in_cluster else filter(None, _files(access).split(os.pathsep)):
        path = os.path.expanduser(name)
        if os.path.exists(path):
            try:
                with open(path, "rb") as file:
                    documents.read(file.read(), path)
            except (documents.Unreadable, OSError) as error:
                raise NoAccess(str(error)) from error


def _files(access: Access) -> str:
    return access.kubeconfig or os.environ.get("KUBECONFIG") or DEFAULT


def _socket_options() -> tuple[tuple[int, int, int], ...]:
    tcp = socket.IPPROTO_TCP
    return (
        (tcp, socket.TCP_NODELAY, 1),
        (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
        (tcp, socket.TCP_KEEPIDLE, SILENT_S),
        (tcp, socket.TCP_KEEPINTVL, SILENT_S // TRIES),
        (tcp, socket.TCP_KEEPCNT, TRIES),
        (tcp, socket.TCP_USER_TIMEOUT, GIVEN_UP_MS),
    )
