"""The subtree `wireguard`: what the link says of itself, in the words of wg(8); never a secret (nmstate has none)."""

from __future__ import annotations

from netkernel.host import Host
from netkernel.records import Link
from nncp_agent.shown.base import Tree
from nncp_agent.shown.secrets import HIDDEN


def config(link: Link, host: Host) -> Tree | None:
    """None where nobody could ask it."""
    facts = link.facts
    if "peers" not in facts:
        return None
    lines = facts["peers"]
    return {
        **({"private-key": HIDDEN} if facts.get("private_key") else {}),
        **({"public-key": facts["public_key"]} if "public_key" in facts else {}),
        "listen-port": facts.get("listen_port", 0),
        "fwmark": facts.get("fwmark", 0),
        "peers": [_peer(line) for line in lines] if isinstance(lines, tuple) else [],
    }


def _peer(line: str) -> Tree:
    public, preshared, endpoint, networks, keepalive = line.split("\t")
    return {
        "public-key": public,
        **({"preshared-key": HIDDEN} if preshared != "(none)" else {}),
        **({"endpoint": endpoint} if endpoint != "(none)" else {}),
        "allowed-ips": networks.split(",") if networks != "(none)" else [],
        "persistent-keepalive": int(keepalive) if keepalive != "off" else 0,
    }
