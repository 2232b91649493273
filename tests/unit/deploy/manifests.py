"""The manifests of deploy/ as values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from netkernel.documents import read

DEPLOY: Final = Path(__file__).parents[3] / "deploy"
Object = Mapping[str, Any]


def objects(folder: str) -> Iterator[Object]:
    """What the files say that a folder's kustomization names."""
    (head,) = read((DEPLOY / folder / "kustomization.yaml").read_bytes(), folder)
    for name in head.value["resources"]:
        for document in read((DEPLOY / folder / name).read_bytes(), name):
            yield document.value


def one(kind: str, name: str, folder: str = "base") -> Any:
    (found,) = [each for each in objects(folder) if (each["kind"], each["metadata"]["name"]) == (kind, name)]
    return found


def daemon_pod() -> Any:
    return one("DaemonSet", "nncp-daemon")["spec"]["template"]["spec"]


def capabilities() -> list[str]:
    """What the daemon's container may do."""
    (container,) = daemon_pod()["containers"]
    added: list[str] = container["securityContext"]["capabilities"]["add"]
    return added
