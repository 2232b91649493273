"""The whole network of this namespace as iproute2, ethtool and /proc/sys show it: an oracle without any code of ours.

Left out is what comes and goes by itself, and only that (timers, liveness, learned neighbours, kernel routes' order).
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any, Final

Dump = dict[str, list[Any]]

COMMANDS: Final = (
    ("ip", "-d", "-j", "link", "show"),
    ("ip", "-d", "-j", "addr", "show"),
    ("ip", "-d", "-j", "-4", "route", "show", "table", "all"),
    ("ip", "-d", "-j", "-6", "route", "show", "table", "all"),
    ("ip", "-d", "-j", "-4", "rule", "show"),
    ("ip", "-d", "-j", "-6", "rule", "show"),
    ("ip", "-d", "-j", "neigh", "show", "nud", "permanent"),
    ("ip", "-d", "-j", "neigh", "show", "proxy"),
    ("ip", "-d", "-j", "nexthop", "show"),
    ("bridge", "-d", "-j", "vlan", "show"),
    ("ip", "-j", "mptcp", "endpoint", "show"),
)
VOLATILE: Final = frozenset(
    (
        "gc_timer", "hello_timer", "tcn_timer", "topology_change_timer", "topology_change", "topology_change_detected",
        "hold_timer", "message_age_timer", "forward_delay_timer", "config_pending", "topology_change_ack",
        "promiscuity", "allmulti", "operstate", "mii_status", "active_slave", "partner_mac", "expires",
        "link_failure_count", "ad_aggregator_id", "ad_info", "queue_id", "state", "designated_cost", "id", "no",
        "designated_port", "root_port", "root_path_cost",
    )
)  # fmt: skip
VOLATILE_FLAGS: Final = frozenset(("LOWER_UP", "NO-CARRIER", "RUNNING", "M-DOWN", "dead", "linkdown"))


def dump() -> Dump:
    """One list for each table; compare two with ==, or with `changes` to see where they differ."""
    tables = {" ".join(command): _clean(_run(command)) for command in COMMANDS}
    for name, rows in tables.items():
        if any(word in name for word in ("route", "vlan", "mptcp")):  # in the order in which they were made
            rows.sort(key=lambda row: json.dumps(row, sort_keys=True))
    links = [row["ifname"] for row in tables["ip -d -j link show"]]
    tables["ethtool"] = [{"ifname": name, **{option: _ethtool(option, name) for option in "kl"}} for name in links]
    for family in ("ipv4", "ipv6"):
        tables[f"net/{family}/conf"] = _sysctls(Path("/proc/sys/net") / family / "conf")
    return tables


def _ethtool(option: str, link: str) -> str:
    """As text: not every ethtool(8) writes JSON; nothing where the driver has none of it."""
    command = ["ethtool", f"-{option}", link]
    return subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout


def changes(before: Dump, after: Dump) -> str:
    """What differs, one line each, "" for nothing; for a failing test to show."""
    lines: list[str] = []
    for name, rows in before.items():
        gone = [row for row in rows if row not in after[name]]
        new = [row for row in after[name] if row not in rows]
        lines += (
            _of_links(name, gone, new) if all("ifname" in row for row in (*gone, *new)) else _of_rows(name, gone, new)
        )
    return "\n".join(lines or ([] if before == after else ["the same rows in another order"]))


def _of_rows(name: str, gone: list[Any], new: list[Any]) -> list[str]:
    return [f"{name}: gone: {row}" for row in gone] + [f"{name}: new: {row}" for row in new]


def _of_links(name: str, gone: list[Any], new: list[Any]) -> list[str]:
    """By link and key, so that a line is short enough to read."""
    one, other = ({(row["ifname"], key): value for row in rows for key, value in _flat(row)} for rows in (gone, new))
    keys = [key for key in {**one, **other} if one.get(key) != other.get(key)]
    return [f"{name}: {link}: {key}: {one.get((link, key))} -> {other.get((link, key))}" for link, key in keys]


def _flat(value: Any, path: str = "") -> list[tuple[str, Any]]:
    if not isinstance(value, dict):
        return [(path, value)]
    return [pair for key, item in value.items() for pair in _flat(item, f"{path}.{key}" if path else key)]


def _run(command: tuple[str, ...]) -> list[Any]:
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = json.loads(done.stdout or "[]")
    return [row for row in rows if row]


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {key: _clean(item) for key, item in value.items() if key not in VOLATILE}
        return kept
    if isinstance(value, list):
        return [_clean(item) for item in value if not (isinstance(item, str) and item in VOLATILE_FLAGS)]
    return value


def _sysctls(folder: Path) -> list[tuple[str, str]]:
    rows = []
    for path in sorted(folder.glob("*/*")):
        try:
            rows.append((f"{path.parent.name}/{path.name}", path.read_text().strip()))
        except OSError:  # stable_secret has none, and says EIO
            continue
    return rows
