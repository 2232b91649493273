"""What a plugin made, in words that two of them can be compared in: sorted, without what is random in it."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from netkernel import netns as namespaces
from tests.faults.raw import VOLATILE

STATED: Final = re.compile(r"02:00:00:00:|00:00:00:00:00:00|ff:ff:ff:ff:ff:ff|01:00:5e|33:33", re.I)
"""Beginnings of MAC addresses that somebody wrote down; all others are random."""
_MAC: Final = re.compile(r"\b[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b", re.I)
_LINK_LOCAL: Final = re.compile(r"\bfe80::(?!/)[0-9a-f:]+")
_VETH: Final = re.compile(r"\bveth[0-9a-f]{8}\b")
_SANDBOX: Final = re.compile(r"/proc/\d+/fd/\d+")
_LINK: Final = ("ifname", "mtu", "address", "master", "txqlen", "ifalias", "linkinfo")
_BY_ITSELF: Final = VOLATILE | {
    "group_addr",
    "port_id",
    "port_no",
    "bridge_id",
    "root_id",
    "designated_bridge",
    "index",
}
"""What changes by itself, and numbers."""
_FLAGS: Final = ("UP", "PROMISC", "ALLMULTI", "pervasive", "onlink")
_PASSING: Final = ("fe80::", "<link-local>", "ff00::/8")
"""Link-local addresses and their routes come and go with the carrier."""


def masked(text: str) -> str:
    """Without random MACs, random names of veths, link-local addresses and paths of namespaces."""
    text = _MAC.sub(lambda found: found[0].lower() if STATED.match(found[0]) else "<mac>", text)
    text = _LINK_LOCAL.sub("<link-local>", text)
    return _SANDBOX.sub("<netns>", _VETH.sub("<veth>", text))


def facts(namespace: str) -> list[str]:
    """Links, addresses, routes, VLANs and settings of a namespace, a line each."""
    with namespaces.inside(namespace):
        links, routes4, routes6 = _ip("addr", "-4 route", "-6 route")
        found = [f"link {_link(row)}" for row in links if row["ifname"] != "lo"]
        found += [f"address {row['ifname']} {each}" for row in links for each in _addresses(row["addr_info"])]
        found += [f"route {_text(row)}" for row in (*routes4, *routes6)]
        found += [f"setting {each}" for each in _settings([row["ifname"] for row in links])]
    return sorted(line for each in found if not any(word in (line := masked(each)) for word in _PASSING))


def rules(namespace: str) -> list[str]:
    """The VLANs of ports, and what nftables and iptables hold."""
    with namespaces.inside(namespace):
        found = [f"vlans {row['ifname']} {_text(row['vlans'])}" for row in json.loads(_run(["bridge", "-j", "vlan"]))]
        found += [f"rule {each}" for each in _rules(_run(["nft", "list", "ruleset"]))]
    return sorted(map(masked, found))


def names(namespace: str) -> list[str]:
    """The links that are there."""
    with namespaces.inside(namespace):
        return sorted(name for _, name in socket.if_nameindex())


def _ip(*asked: str) -> list[list[dict[str, Any]]]:
    """One process for all: each answer is a JSON list in a line of its own, or nothing at all."""
    answers = [_run(["ip", "-d", "-j", *each.split()]) for each in asked]
    return [[row for row in json.loads(each or "[]") if row] for each in answers]


def _run(command: list[str], given: str = "") -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, input=given).stdout


def _link(row: dict[str, Any]) -> str:
    is_up = [flag for flag in row["flags"] if flag in _FLAGS]
    return f"{row['ifname']} {_text({**{key: row[key] for key in _LINK if key in row}, 'flags': is_up})}"


def _addresses(rows: list[dict[str, Any]]) -> Iterator[str]:
    for row in rows:
        if row["local"] not in ("127.0.0.1", "::1"):
            marks = [mark for mark in ("tentative", "nodad", "noprefixroute") if row.get(mark)]
            yield f"{row['local']}/{row['prefixlen']} {row['scope']} {' '.join(marks)}"


def _text(value: Any) -> str:
    return json.dumps(_clean(value), sort_keys=True)


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _clean(item) for key, item in value.items() if key not in _BY_ITSELF}
    if isinstance(value, list):
        return [_clean(item) for item in value if item not in ("linkdown", "dead")]
    return value


def _settings(links: list[str]) -> Iterator[str]:
    """Those that are not as a link has them by default."""
    for family in ("ipv4", "ipv6"):
        for link in links:
            if link != "lo":
                yield from (f"{family}/{link}/{key}={value}" for key, value in _values(family, link) - _default(family))
    yield f"ip_forward={_read('/proc/sys/net/ipv4/ip_forward')}"


@cache
def _default(family: str) -> set[tuple[str, str]]:
    """The same in every namespace that is new."""
    return _values(family, "default")


def _values(family: str, link: str) -> set[tuple[str, str]]:
    folder = f"/proc/sys/net/{family}/conf/{link}"
    return {(name, _read(f"{folder}/{name}")) for name in os.listdir(folder) if name not in ("stable_secret", "mtu")}


def _read(file: str) -> str:
    opened = os.open(file, os.O_RDONLY)
    try:
        return os.read(opened, 4096).decode().strip()
    finally:
        os.close(opened)


def _rules(ruleset: str) -> Iterator[str]:
    """Each rule with its table and chain."""
    where: list[str] = []
    for line in (" ".join(line.split()) for line in ruleset.splitlines()):
        if line.endswith("{"):
            where.append(line.removesuffix(" {"))
            yield " / ".join(where)
        elif line == "}":
            where.pop()
        elif line:
            yield " / ".join([*where, line])
