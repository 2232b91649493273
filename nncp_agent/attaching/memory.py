"""What was attached, with the configuration it was attached by: one file for each pod in the state directory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from netkernel.digests import sha256
from nncp_agent.attaching.chain import Asked, Pod
from nncp_agent.files import VERSION
from nncp_agent.store import Store

FOLDER = "attached"


class Attached(msgspec.Struct, frozen=True):
    """One interface. `definition` is namespace/name; `path` is where its plugins were found."""

    definition: str
    interface: str
    config: dict[str, Any]
    network: str
    result: dict[str, Any]
    path: str
    mac: str = ""
    ips: tuple[str, ...] = ()
    cni_args: Mapping[str, Any] = {}
    args: str = ""
    offers: Mapping[str, Any] = {}

    @property
    def asked(self) -> Asked:
        return Asked(
            self.config, self.network, self.interface, self.mac, self.ips, self.cni_args, self.args, self.offers
        )


class OfPod(msgspec.Struct, frozen=True):
    """The interfaces of a pod in the order they came. `is_ours` when its namespace was made by `attach --new`."""

    namespace: str
    name: str
    netns: str
    is_ours: bool = False
    interfaces: tuple[Attached, ...] = ()
    version: int = VERSION

    @property
    def pod(self) -> Pod:
        return Pod(self.namespace, self.name, container(self.namespace, self.name), self.netns)


def container(namespace: str, name: str) -> str:
    """The id of a pod's sandbox: as long as those of runtimes, and the same each time."""
    return sha256(f"{namespace}/{name}".encode()).hexdigest()


def remembered(store: Store, namespace: str, name: str) -> OfPod | None:
    """Raises StoreBroken."""
    return store.read_as(_file(namespace, name), OfPod)


def remember(store: Store, of_pod: OfPod) -> None:
    """Without interfaces it is forgotten. Raises StoreBroken."""
    file = _file(of_pod.namespace, of_pod.name)
    if of_pod.interfaces:
        store.write(file, msgspec.json.encode(of_pod))
    else:
        store.remove(file)


def _file(namespace: str, name: str) -> str:
    return f"{FOLDER}/{container(namespace, name)}.json"


def names(store: Store) -> dict[str, str]:
    """The pods that are remembered, by the ids of their sandboxes. Raises StoreBroken."""
    found = {}
    for file in store.names(FOLDER):
        if file.endswith(".json") and (of_pod := store.read_as(f"{FOLDER}/{file}", OfPod)):
            found[of_pod.pod.container] = str(of_pod.pod)
    return found
