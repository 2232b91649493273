"""A bond, a bridge and 200 VLANs with addresses: made, and applied again when nothing is to be done."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench import ifupdown2
from tests.bench.contest import Contest, Side

VLANS = 200
PORTS = ("d0", "d1")


def contests() -> list[Contest]:
    made = Side("nncp apply", _ours_ready, _apply, _is_made)
    again = Side("nncp apply, nothing to do", _ours_made, _apply, _is_made)
    batch = Side("ip -batch", _batch, _ip_batch, _is_made)
    peer = Side("ifreload -a", _peer_ready, ifupdown2.reload, _is_made)
    peer_again = Side("ifreload -a, nothing to do", _peer_made, ifupdown2.reload, _is_made)
    return [
        Contest(f"bond, bridge, {VLANS} VLANs: create", made, (peer, batch), (1 / 20, None), rounds=3),
        Contest(f"bond, bridge, {VLANS} VLANs: no-op", again, (peer_again,), (1 / 20,), rounds=3),
    ]


def _ip(vlan: int) -> str:
    return f"10.1.{vlan}.1"


def policy() -> dict[str, object]:
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
        for i in range(1, VLANS + 1)
    ]  # fmt: skip
    return {"interfaces": [bond, bridge, *vlans]}


def _make_ports() -> None:
    for port in PORTS:
        subprocess.run(["ip", "link", "add", port, "type", "dummy"], check=True)


def _ours_ready() -> list[str]:
    _make_ports()
    directory = Path(tempfile.mkdtemp(dir="/dev/shm"))
    document = directory / "policy.json"
    document.write_text(json.dumps(policy()))
    return [
        sys.executable, "-m", "nncp_agent.cli", "--state-dir", str(directory / "state"), "-q",
        "apply", "--no-check", str(document),
    ]  # fmt: skip


def _ours_made() -> list[str]:
    command = _ours_ready()
    _apply(command)
    return command


def _apply(command: object) -> None:
    done = subprocess.run(command, capture_output=True, text=True)  # type: ignore[call-overload]
    if done.returncode:
        raise SystemExit(f"bench: nncp apply: {done.stderr}")


def _peer_ready() -> None:
    _make_ports()
    stanzas = [
        "auto bond0\niface bond0\n    bond-slaves d0 d1\n    bond-mode active-backup\n    bond-miimon 100\n",
        "auto br0\niface br0\n    bridge-ports bond0\n    bridge-stp off\n",
    ]
    for i in range(1, VLANS + 1):
        stanzas.append(
            f"auto v{i}\niface v{i}\n    vlan-id {i + 1}\n    vlan-raw-device br0\n    address {_ip(i)}/24\n"
        )
    ifupdown2.configure("\n".join(stanzas))


def _peer_made() -> None:
    _peer_ready()
    ifupdown2.reload(None)


def _batch() -> str:
    _make_ports()
    lines = ["link add bond0 type bond mode active-backup miimon 100"]
    lines += [f"link set {port} master bond0" for port in PORTS]
    lines += ["link add br0 type bridge stp_state 0", "link set bond0 master br0 up", "link set br0 up"]
    for i in range(1, VLANS + 1):
        lines += [f"link add v{i} link br0 up type vlan id {i + 1}", f"address add {_ip(i)}/24 dev v{i}"]
    return "\n".join(lines) + "\n"


def _ip_batch(text: object) -> None:
    subprocess.run(["ip", "-batch", "-"], input=str(text), text=True, check=True)


def _is_made() -> bool:
    shown = json.loads(subprocess.run(["ip", "-j", "addr"], capture_output=True, check=True).stdout)
    vlans = [link for link in shown if link.get("link") == "br0" and link["addr_info"]]
    ports = [link for link in shown if link.get("master") == "bond0"]
    return len(vlans) == VLANS and len(ports) == len(PORTS)
