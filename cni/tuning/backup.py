"""What an interface was like before: a small file per container and interface, in the form of the Go plugin.

`<dataDir>/<containerID>_<ifname>.json` holds the old values of the attributes that were asked for. Ours says the
network beside them, so that GC of one network leaves the files of others alone; the Go plugin does not look at it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping
from contextlib import suppress

from cni.types import go_json
from cni.types.errors import IO_FAILURE, CniError
from cni.types.go_json import Boolean, Integer, Misfit, Structure, Text
from netkernel.typed import Any, Final

Attributes = Mapping[str, Any]
_WORDS: Final = {
    "mac": "address",
    "promisc": "promisc",
    "mtu": "mtu",
    "allmulti": "allmulti",
    "txQLen": "txqlen",
}
"""By the key in the file, the name that records have for it."""
_SHAPE: Final = Structure(
    "configToRestore",
    {
        "mac": Text(),
        "promisc": Boolean(),
        "mtu": Integer(),
        "allmulti": Boolean(),
        "txQLen": Integer(),
        "network": Text(),
    },
)
_SUFFIX: Final = ".json"


def name(container: str, ifname: str) -> str:
    return f"{container}_{ifname}{_SUFFIX}"


def write(folder: str, file: str, network: str, before: Attributes) -> None:
    """Raises CniError. A reader finds the whole file or none."""
    said = {key: before[word] for key, word in _WORDS.items() if word in before} | {"network": network}
    path = os.path.join(folder, file)
    fresh = f"{path}.{os.getpid()}"
    try:
        os.makedirs(folder, 0o700, exist_ok=True)
        fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            os.write(fd, json.dumps(said).encode())
        finally:
            os.close(fd)
        os.rename(fresh, path)
    except OSError as error:
        with suppress(OSError):
            os.unlink(fresh)
        message = f"failed to create the backup of the interface: {path}: {error.strerror}"
        raise CniError(IO_FAILURE, message, "nothing was changed; dataDir says where backups go") from None


def read(folder: str, file: str) -> tuple[Attributes, str] | None:
    """The old values, and the network they belong to; None when there is no such file or nobody can read it."""
    try:
        with open(os.path.join(folder, file), "rb") as opened:
            found = go_json.fitted(go_json.decoded(opened.read()), _SHAPE)
    except (OSError, Misfit):
        return None
    return {word: found[key] for key, word in _WORDS.items() if key in found}, found.get("network", "")


def remove(folder: str, file: str) -> None:
    """Absent is success."""
    with suppress(OSError):
        os.unlink(os.path.join(folder, file))


def collect(folder: str, network: str, valid: Collection[str]) -> None:
    """Remove the files of a network that belong to none of the `valid` names; those that do not say theirs stay."""
    try:
        files = os.listdir(folder)
    except OSError:
        return
    for file in files:
        if file.endswith(_SUFFIX) and file not in valid and (found := read(folder, file)) and found[1] == network:
            remove(folder, file)
