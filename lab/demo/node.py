"""The node of the story and the rack behind it, and what iproute2 sees of them: the demo never asks the code it shows
whether a promise was kept.

The node has bond0 (eth0, eth1) with the default route; eth2 and eth3 are free. A second namespace plays the rack: the
switch behind all four, the gateway, and VLAN 93 on that switch.
"""

from __future__ import annotations

import difflib
import json
import subprocess
import time
from collections.abc import Callable
from typing import Any, Final

from netkernel.kernel import LinuxKernel

Dump = dict[str, list[dict[str, Any]]]

RACK: Final = "rack"
GATEWAY: Final = "192.0.2.1"
NODE: Final = """
link add bond0 type bond mode active-backup miimon 100
link set eth0 master bond0
link set eth1 master bond0
link set bond0 up
address add 192.0.2.10/24 dev bond0
route add default via 192.0.2.1
"""


def build_node() -> None:
    """eth0 … eth3 are veths whose far ends are ports of a switch in another namespace."""
    subprocess.run(["ip", "netns", "delete", RACK], check=False, stderr=subprocess.DEVNULL)
    ip("netns add " + RACK)
    for n in range(4):
        ip(f"link add eth{n} address 52:54:00:00:00:0{n} type veth peer name port{n} netns {RACK}")
    ip("link set lo up")
    for line in NODE.strip().splitlines():
        ip(line)
    rack = "link add tor type bridge\nlink set tor up\naddress add 192.0.2.1/24 dev tor\nlink set lo up\n"
    rack += "".join(f"link set port{n} master tor up\n" for n in range(4))
    for line in rack.splitlines():
        ip(f"-n {RACK} {line}")
    if not settled(lambda: reaches(GATEWAY)):
        raise SystemExit("demo: the gateway does not answer: the lab is broken")


def ip(line: str) -> None:
    subprocess.run(["ip", *line.split()], check=True)


def _json(*arguments: str) -> list[dict[str, Any]]:
    """What iproute2 sees: the demo never asks the code it demonstrates whether a promise was kept."""
    out = subprocess.run(["ip", "-j", "-d", *arguments], capture_output=True, check=True, text=True).stdout
    return list(json.loads(out or "[]"))


def link(name: str) -> dict[str, Any]:
    return next((link for link in _json("link") if link["ifname"] == name), {})


def addresses(name: str) -> str:
    return json.dumps(_json("address", "show", "dev", name))


def dump() -> Dump:
    """Everything configured, without counters and timers."""
    asked = {
        "links": ["address"],
        "routes": ["route", "show", "table", "all"],
        "routes6": ["-6", "route", "show", "table", "all"],
        "rules": ["rule"],
        "rules6": ["-6", "rule"],
    }
    return {
        table: [_steady(entry) for entry in _json(*words) if entry.get("protocol") != "kernel"]  # they follow addresses
        for table, words in asked.items()
    }


def differences(was: Dump, now: Dump) -> list[str]:
    """The lines of two dumps that are in one of them only."""
    before, after = (json.dumps(dump, indent=1, sort_keys=True).splitlines() for dump in (was, now))
    return [line for line in difflib.ndiff(before, after) if line[:1] in "+-"]


def _steady(entry: Any) -> Any:
    """The entry without what moves by itself: timers, lifetimes, learned MACs, what waits for carrier or DAD."""
    moving = {
        *("valid_life_time", "preferred_life_time", "tentative", "linkdown", "flags", "operstate", "state"),
        "fdb_n_learned",
    }
    if isinstance(entry, dict):
        return {key: _steady(value) for key, value in entry.items() if key not in moving and not key.endswith("_timer")}
    return [_steady(value) for value in entry] if isinstance(entry, list) else entry


def only(dump: Dump, *names: str) -> list[dict[str, Any]]:
    return [entry for table in dump.values() for entry in table if {entry.get("ifname"), entry.get("dev")} & {*names}]


def is_free(pristine: Dump) -> bool:
    """eth2 and eth3 as they were, but up: a port that leaves a bond stays usable."""

    def configured(dump: Dump) -> list[tuple[Any, ...]]:
        return [(link["address"], link["mtu"], link.get("master")) for link in only(dump, "eth2", "eth3")[:2]]

    return not link("bond1") and not link("br1") and configured(dump()) == configured(pristine)


def reaches(address: str) -> bool:
    return subprocess.run(["ping", "-c1", "-W1", address], stdout=subprocess.DEVNULL).returncode == 0


def settled(is_so: Callable[[], bool], deadline_s: float = 10.0) -> bool:
    """Wait for the claim, woken by each change that the kernel reports."""
    end = time.monotonic() + deadline_s
    with LinuxKernel() as kernel:
        while True:
            kernel.snapshot()
            if is_so():
                return True
            if time.monotonic() > end:
                return False
            kernel.wait(min(0.5, deadline_s))
