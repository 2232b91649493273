"""What was captured, in a file: nmstatectl's form, so that files go to and fro.

```
uplink:
  metaInfo: {time: "2026-11-25T08:00:00Z", version: "0"}
  state: {interfaces: [...]}
```
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from netkernel.documents import yaml_writer
from nncp_agent.cli import files, json_text
from nncp_agent.cli.call import Call
from nncp_agent.cli.words import Usage
from nncp_agent.policy.resolver import Capture


def read(call: Call, path: str) -> dict[str, Any]:
    """The states in the file, by the names of their captures. Raises Usage, InvalidPolicy."""
    (document, *more) = files.documents(call, [path])
    tree = document.value
    if more or not isinstance(tree, Mapping):
        raise Usage(f"{path}: wanted what -o wrote: a mapping of captures")
    for name, each in tree.items():
        if not isinstance(each, Mapping) or not isinstance(each.get("state"), Mapping):
            raise Usage(f"{path}: {name}: wanted what -o wrote: a mapping with 'state'")
    return {str(name): each["state"] for name, each in tree.items()}


def write(captures: Sequence[Capture], known: Mapping[str, Any], path: str, *, as_json: bool) -> None:
    """All that is known of the captures, those that were read included. Raises Usage."""
    states = {**known, **{each.name: each.state for each in captures}}
    now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    meta = {"time": now, "version": "0"}
    tree = {name: {"metaInfo": meta, "state": state} for name, state in states.items()}
    try:
        with open(path, "w") as file:
            file.write(json_text.indented(tree) + "\n" if as_json else yaml_writer.write(tree))
    except OSError as error:
        raise Usage(f"{path}: cannot write it: {error.strerror}") from None
