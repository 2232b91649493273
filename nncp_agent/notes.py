"""What `show` needs of the committed state: descriptions, and what is ignored; read without any models."""

from __future__ import annotations

import os
from collections.abc import Mapping

from netkernel.typed import Any
from nncp_agent import files
from nncp_agent.shown import NO_NOTES, Note, identifiers, secrets


def read(directory: str, include_secrets: bool = False) -> Mapping[str, Note]:
    """By interface, from committed.json in a state directory; none when nothing was committed. Raises StoreBroken.

    Without `include_secrets` they say which secrets there are, and not what they are.
    """
    path = os.path.join(directory, files.COMMITTED)
    data = files.read(path)
    if data is None:
        return NO_NOTES
    import json  # late: on a host that nncp never changed there is nothing to decode

    try:
        found: Any = json.loads(data)
        if found["version"] != files.VERSION:
            raise files.of_another_format(path, found["version"])
        return dict(_note(each, include_secrets) for each in found["state"].get("interfaces") or ())
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise files.not_ours(path, error) from error


def _note(interface: dict[str, Any], include_secrets: bool) -> tuple[str, Note]:
    description = interface.get("description")
    if not isinstance(description, str | None):
        raise TypeError(f"a description of type {type(description).__name__}")
    name, (by, value) = str(interface["name"]), identifiers.identity(interface)
    return name, Note(
        description=description,
        is_ignored=interface.get("state") == "ignore",
        has_ipv6=bool((interface.get("ipv6") or {}).get("enabled")),
        called=str(interface.get("profile-name") or (name if by else "")),
        identity=(by, value),
        type=interface.get("type") if by else None,
        dispatch={str(key): str(each) for key, each in (interface.get("dispatch") or {}).items() if each},
        is_up=interface.get("state") in (None, "up"),
        wait_ip=interface.get("wait-ip"),
        secrets=secrets.of(interface) if include_secrets else secrets.hidden(secrets.of(interface)),
    )
