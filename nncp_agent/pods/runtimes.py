"""What container runtimes remember of their calls: the cache of the CNI library, which Multus has, too.

containernetworking/cni, libcni: one file for each attachment below `results` of the cache directory.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from netkernel.frozen import Frozen

FOLDERS: Final = ("/var/lib/cni", "/var/lib/cni/multus")


class Call(Frozen):
    """One remembered ADD. `pod` is namespace/name, empty where the runtime did not say; `ports` are on the node."""

    container: str
    ifname: str
    network: str
    pod: str
    bridge: str
    ports: frozenset[str]


def calls(folders: Iterable[str] = FOLDERS) -> Iterator[Call]:
    """All that can be read; a file that cannot is nobody's news."""
    return (_call(value) for value in _remembered(folders))


def configurations(folders: Iterable[str] = FOLDERS) -> Iterator[tuple[Call, Any]]:
    """Those with the configuration they were made with, as far as it can be read."""
    for value in _remembered(folders):
        try:
            yield _call(value), json.loads(base64.b64decode(value["config"]))
        except (ValueError, KeyError, TypeError):
            continue


def _remembered(folders: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    for folder in folders:
        results = os.path.join(folder, "results")
        try:
            names = sorted(os.listdir(results))
        except OSError:
            continue
        for name in names:
            try:
                with open(os.path.join(results, name), "rb") as file:
                    value = json.loads(file.read())
            except (OSError, ValueError):
                continue
            if isinstance(value, dict):
                yield value


def _call(value: Mapping[str, Any]) -> Call:
    args = value.get("cniArgs")
    pairs = {each[0]: each[1] for each in args or () if isinstance(each, list) and len(each) == 2}
    names = [str(pairs.get(key) or "") for key in ("K8S_POD_NAMESPACE", "K8S_POD_NAME")]
    result = value.get("result")
    interfaces = result.get("interfaces") if isinstance(result, dict) else None
    found = [each for each in interfaces or () if isinstance(each, dict) and not each.get("sandbox")]
    links = [str(each.get("name") or "") for each in found]
    return Call(
        str(value.get("containerId") or ""),
        str(value.get("ifName") or ""),
        str(value.get("networkName") or ""),
        "/".join(names) if all(names) else "",
        links[0] if len(links) > 1 else "",
        frozenset(links[1:]),
    )
