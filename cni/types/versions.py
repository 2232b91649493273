"""The versions of the specification that we speak, and what each of them allows."""

from __future__ import annotations

from cni.types.errors import INCOMPATIBLE_VERSION, CniError
from netkernel.typed import Final

SUPPORTED: Final = ("0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0")
NEWEST: Final = SUPPORTED[-1]
UNSTATED: Final = SUPPORTED[0]
"""What a configuration without `cniVersion`, or with an empty one, is in."""

_SINCE: Final = {"CHECK": "0.4.0", "GC": "1.1.0", "STATUS": "1.1.0"}


def spoken() -> bytes:
    """The answer to VERSION, for whoever asks."""
    known = ",".join(f'"{each}"' for each in SUPPORTED)
    return f'{{"cniVersion":"{NEWEST}","supportedVersions":[{known}]}}\n'.encode()


def is_at_least(version: str, other: str) -> bool:
    """Both are supported ones."""
    return SUPPORTED.index(version) >= SUPPORTED.index(other)


def checked(stated: str, command: str) -> str:
    """The version a configuration is in. Raises CniError when we do not speak it, or it has no such command."""
    version = stated or UNSTATED
    since = _SINCE.get(command)
    if version not in SUPPORTED:
        known = " ".join(f'"{each}"' for each in SUPPORTED)
        said = f'config is "{version}", plugin supports [{known}]'
        raise CniError(INCOMPATIBLE_VERSION, "incompatible CNI versions", said)
    if since is not None and not is_at_least(version, since):
        wanted = f'config is "{version}", {command} came with "{since}"'
        raise CniError(INCOMPATIBLE_VERSION, f"config version does not allow {command}", wanted)
    return version
