"""A host that is asked for network states and looked at again, as somebody who knows only nmstate's form would do."""

from __future__ import annotations

import copy
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from nncp_agent import api

State = dict[str, Any]
NIC: Final = """
ip link add {name} type veth peer name far-{name}
ip link set far-{name} netns {far}
nsenter --net={far} ip link set far-{name} up
"""
_QUERIES: Final = ("gc-timer", "hello-timer")
"""Bridge options that never stand still."""


class Asked:
    """Applies states on this namespace's kernel and compares what `show` prints with them."""

    def __init__(self, state_dir: Path) -> None:
        self.state_dir = state_dir

    def apply(self, *interfaces: State, **options: Any) -> api.Outcome:
        """One document with these interfaces."""
        return api.apply(
            {"interfaces": list(copy.deepcopy(interfaces))}, checks=None, state_dir=self.state_dir, **options
        )

    def plan(self, *interfaces: State) -> list[str]:
        return api.plan({"interfaces": list(copy.deepcopy(interfaces))}, state_dir=self.state_dir)

    def rollback(self) -> None:
        """Take back what waits for a commit, all of it."""
        assert api.rollback(state_dir=self.state_dir) == ()

    def show(self, name: str) -> State:
        """One interface as shown; empty when it is not there."""
        state = api.show(state_dir=self.state_dir)
        return next((each for each in state["interfaces"] if each["name"] == name), {})

    def becomes(self, *interfaces: State) -> None:
        """Apply, find everything asked in what is shown, and nothing to do the second time."""
        self.apply(*interfaces)
        self.holds(*interfaces)
        assert self.plan(*interfaces) == []

    def holds(self, *interfaces: State) -> None:
        """What is asked is in what is shown: mappings in part, lists in whole."""
        living = [each for each in interfaces if each.get("state") != "absent"]
        odd = [each for wanted in living for each in lacking(wanted, self.show(wanted["name"]), wanted["name"])]
        assert not odd, "\n".join(odd)

    def remove(self, *names: str) -> None:
        """Make them absent, and see that they are gone."""
        self.apply(*({"name": name, "state": "absent"} for name in names))
        assert [name for name in names if self.show(name)] == []


def make_nics(*names: str, far: str) -> None:
    """Links with carrier that nobody can delete from here: their other ends are in the namespace `far`."""
    for name in names:
        subprocess.run(["sh", "-euc", NIC.format(name=name, far=far)], check=True)


def lacking(wanted: Any, shown: Any, path: str = "") -> Iterator[str]:
    """What of `wanted` is not so in `shown`, a line for each: ports in any order, tags one by one, MACs in
    capitals, no link-local addresses.
    """
    wanted, shown = _plain(wanted), _plain(shown)
    if isinstance(wanted, dict) and isinstance(shown, dict):
        for key in wanted:
            if key not in ("state", "copy-mac-from"):
                yield from lacking(wanted[key], shown.get(key), f"{path}.{key}")
    elif isinstance(wanted, list) and isinstance(shown, list) and len(wanted) == len(shown):
        for position, (one, other) in enumerate(zip(wanted, shown, strict=True)):
            yield from lacking(one, other, f"{path}[{position}]")
    elif wanted != shown and not (wanted in ({}, "") and shown is None):
        yield f"{path}: wanted {wanted!r}, shown {shown!r}"


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        meant = (item for item in value if not (isinstance(item, dict) and str(item.get("ip")).startswith("fe80:")))
        return sorted((each for item in meant for each in _tags(item)), key=lambda each: str(_key(each)))
    if isinstance(value, dict):
        kept = {key: each for key, each in value.items() if key not in _QUERIES}
        return kept | ({"type": "ethernet"} if kept.get("type") == "veth" else {})
    if isinstance(value, str):
        return int(value) if value.isdigit() else value.upper() if value.count(":") == 5 else value
    return value


def _key(value: Any) -> Any:
    return (
        next((value[key] for key in ("name", "id", "ip", "from") if key in value), None)
        if isinstance(value, dict)
        else value
    )


def _tags(item: Any) -> list[Any]:
    span = item.get("id-range") if isinstance(item, dict) else None
    return [{"id": tag} for tag in range(int(span["min"]), int(span["max"]) + 1)] if span else [item]
