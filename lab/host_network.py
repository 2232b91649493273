"""The user's own network, before and after: whatever a verb does in namespaces and test kernels must not show there."""

from __future__ import annotations

import difflib
import json
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

DUMPS: Final[Mapping[str, Sequence[str]]] = {
    "links": ("ip", "-d", "-j", "link"),
    "addresses": ("ip", "-j", "addr"),
    "IPv4 routes": ("ip", "-4", "-j", "route", "show", "table", "all"),
    "IPv6 routes": ("ip", "-6", "-j", "route", "show", "table", "all"),
    "IPv4 rules": ("ip", "-4", "-j", "rule"),
    "IPv6 rules": ("ip", "-6", "-j", "rule"),
    "bridge VLANs": ("bridge", "-j", "vlan"),
    "queues": ("tc", "-j", "qdisc"),
    "packet filter": ("nft", "-s", "list", "ruleset"),
}
COUNTED_DOWN: Final = frozenset(
    {"valid_life_time", "preferred_life_time", "expires", "operstate", "used", "gc_timer", "fdb_n_learned"}
)
"""What changes by itself: lifetimes, how many MACs a bridge has learned, and carrier on the other end of a cable."""
TIMERS: Final = re.compile(r"_timer$")
SYSCTLS: Final = (Path("/proc/sys/net/ipv4/conf"), Path("/proc/sys/net/ipv6/conf"), Path("/proc/sys/net/core"))


@dataclass(frozen=True, slots=True)
class Snapshot:
    lines: Mapping[str, tuple[str, ...]]

    def differences(self, later: Snapshot) -> list[str]:
        """One line for each thing that is not as it was."""
        found: list[str] = []
        for what, lines in self.lines.items():
            compared = difflib.unified_diff(lines, later.lines.get(what, ()), lineterm="", n=0)
            found += [f"{what}: {line}" for line in list(compared)[2:] if not line.startswith("@@")]
        return found


def take() -> Snapshot:
    """Everything ip, bridge, tc, nft and sysctl show of this process's namespace; about 50 ms."""
    shown = {what: tuple(_dump(command)) for what, command in DUMPS.items()}
    return Snapshot({**shown, "sysctls": tuple(_sysctls())})


def _dump(command: Sequence[str]) -> Iterator[str]:
    done = subprocess.run(command, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    try:
        entries = json.loads(done.stdout or "[]")
    except ValueError:
        yield from done.stdout.splitlines()
        return
    for entry in entries:
        yield json.dumps(_steady(entry), sort_keys=True)


def _steady(value: object) -> object:
    if isinstance(value, dict):
        kept = {key: _steady(item) for key, item in value.items() if key not in COUNTED_DOWN and not TIMERS.search(key)}
        return {key: item for key, item in kept.items()}
    if isinstance(value, list):
        return [_steady(item) for item in value if item not in ("NO-CARRIER", "LOWER_UP")]
    return value


def _sysctls() -> Iterator[str]:
    for root in SYSCTLS:
        for file in sorted(path for path in root.rglob("*") if path.is_file()):
            try:
                yield f"{file} = {file.read_text().strip()}"
            except OSError:
                continue  # write-only files (stable_secret, flush) and links that went away meanwhile
