"""A bond, a bridge and VLANs with addresses: made, and applied again when nothing is to be done; as whole processes.

The rows "engine" are what remains of both without what they take when there is nothing in their files. The rows "floor"
say what the goal leaves room for: an interpreter that does nothing, one that only imports what reads policies and
YAML, and the kernel's own work, asked for by `ip`.
"""

from __future__ import annotations

import json
import subprocess
from functools import partial

from tests.bench import ifupdown2, nncp
from tests.bench.contest import Contest, Side

PORTS = ("d0", "d1")
GOAL = 1 / 20


def contests(python: str, vlans: int = 200, rounds: int = 5) -> list[Contest]:
    """`python` is the interpreter that has `nncp` installed."""
    ready, made = partial(_ours_ready, python, vlans), partial(_ours_made, python, vlans)
    peer_ready, peer_made = partial(_peer_ready, vlans), partial(_peer_made, vlans)
    start = partial(_start, python)
    is_made = partial(_is_made, vlans)
    create = Side("nncp apply", ready, nncp.apply, is_made, start=start)
    again = Side("nncp apply", made, nncp.apply, is_made, runs=3, start=start)
    batch = Side("ip -batch", partial(_batch, vlans), _ip_batch, is_made)
    bare = _python("bare python", python, "-ISEc", "pass")
    readers = _python("python with msgspec and PyYAML", python, "-c", "import msgspec, yaml")
    peer = Side("ifreload -a", peer_ready, ifupdown2.reload, is_made, start=_peer_start)
    peer_again = Side("ifreload -a", peer_made, ifupdown2.reload, is_made, start=_peer_start)
    what = f"bond+bridge+{vlans} VLANs"
    return [
        Contest(
            f"{what}: create", create, (peer, batch), (GOAL, None), rounds=rounds, floors=(bare, batch), joined=True
        ),
        Contest(f"{what}: no-op", again, (peer_again,), (GOAL,), rounds=rounds, floors=(bare, readers)),
    ]


def _python(name: str, *command: str) -> Side:
    return Side(name, lambda: command, _run, lambda: True, runs=10)


def _ip(vlan: int) -> str:
    return f"10.{1 + (vlan >> 8)}.{vlan & 255}.1"


def policy(count: int) -> dict[str, object]:
    """The network state document of the contest."""
    bond = {
        "name": "bond0", "type": "bond", "state": "up",
        "link-aggregation": {"mode": "active-backup", "options": {"miimon": 100}, "port": list(PORTS)},
    }  # fmt: skip
    bridge = {
        "name": "br0", "type": "linux-bridge", "state": "up",
        "bridge": {"options": {"stp": {"enabled": False}}, "port": [{"name": "bond0"}]},
    }  # fmt: skip
    vlans = [
        {
            "name": f"v{i}", "type": "vlan", "state": "up", "vlan": {"base-iface": "br0", "id": i + 1},
            "ipv4": {"enabled": True, "address": [{"ip": _ip(i), "prefix-length": 24}]},
        }
        for i in range(1, count + 1)
    ]  # fmt: skip
    return {"interfaces": [bond, bridge, *vlans]}


def _make_ports() -> None:
    for port in PORTS:
        subprocess.run(["ip", "link", "add", port, "type", "dummy"], check=True)


def _ours_ready(python: str, vlans: int) -> list[str]:
    _make_ports()
    return nncp.command(python, policy(vlans))


def _ours_made(python: str, vlans: int) -> list[str]:
    command = _ours_ready(python, vlans)
    nncp.apply(command)
    return command


def _start(python: str) -> None:
    nncp.apply(nncp.command(python, {"interfaces": []}))


def _peer_start() -> None:
    ifupdown2.configure("")
    ifupdown2.reload(None)


def _peer_ready(vlans: int) -> None:
    _make_ports()
    stanzas = [
        "auto bond0\niface bond0\n    bond-slaves d0 d1\n    bond-mode active-backup\n    bond-miimon 100\n",
        "auto br0\niface br0\n    bridge-ports bond0\n    bridge-stp off\n",
    ]
    for i in range(1, vlans + 1):
        stanzas.append(
            f"auto v{i}\niface v{i}\n    vlan-id {i + 1}\n    vlan-raw-device br0\n    address {_ip(i)}/24\n"
        )
    ifupdown2.configure("\n".join(stanzas))


def _peer_made(vlans: int) -> None:
    _peer_ready(vlans)
    ifupdown2.reload(None)


def _batch(count: int) -> str:
    _make_ports()
    lines = ["link add bond0 type bond mode active-backup miimon 100"]
    lines += [f"link set {port} master bond0" for port in PORTS]
    lines += ["link add br0 type bridge stp_state 0", "link set bond0 master br0 up", "link set br0 up"]
    for i in range(1, count + 1):
        lines += [f"link add v{i} link br0 up type vlan id {i + 1}", f"address add {_ip(i)}/24 dev v{i}"]
    return "\n".join(lines) + "\n"


def _run(command: object) -> None:
    subprocess.run(command, check=True)  # type: ignore[call-overload]


def _ip_batch(text: object) -> None:
    subprocess.run(["ip", "-batch", "-"], input=str(text), text=True, check=True)


def _is_made(count: int) -> bool:
    shown = json.loads(subprocess.run(["ip", "-j", "addr"], capture_output=True, check=True).stdout)
    vlans = [link for link in shown if link.get("link") == "br0" and link["addr_info"]]
    ports = [link for link in shown if link.get("master") == "bond0"]
    return len(vlans) == count and len(ports) == len(PORTS)
