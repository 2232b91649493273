"""Much of everything: a thousand VLANs with two hundred bridges, ten thousand routes; as whole processes."""

from __future__ import annotations

import json
import subprocess
from functools import partial
from typing import Any

from tests.bench import nncp
from tests.bench.contest import Contest, Side

CREATE_GOAL = 1.2
ROUTES = 10_000
_GATEWAY, _OTHER = "192.0.2.254", "192.0.2.253"


def contests(python: str, vlans: int = 1000, bridges: int = 200) -> list[Contest]:
    """`python` is the interpreter that has `nncp` installed."""
    made = partial(_is_made, vlans, bridges)
    create = Side("nncp apply", partial(_ready, python, vlans, bridges), nncp.apply, made)
    batch = Side("ip -batch", partial(_batch, vlans, bridges), _ip_batch, made)
    found = [Contest(f"{vlans} VLANs, {bridges} bridges: create", create, (batch,), (CREATE_GOAL,), rounds=3)]
    for what, before, asked, lines in _route_steps():
        ours = Side(
            "nncp apply", partial(_routes_ready, python, before, asked), nncp.apply, partial(_routes_are, asked)
        )
        peer = Side("ip -batch", partial(_routes_batch, before, lines), _ip_batch, partial(_routes_are, asked))
        found.append(Contest(f"{ROUTES} routes: {what}", ours, (peer,), (None,), rounds=1))
    return found


def policy(vlans: int, bridges: int) -> dict[str, Any]:
    """VLANs of one link; the first of them are ports of a bridge each, the others have addresses."""
    interfaces: list[dict[str, Any]] = []
    for i in range(1, vlans + 1):
        vlan = {"name": f"v{i}", "type": "vlan", "state": "up", "vlan": {"base-iface": "d0", "id": i + 1}}
        address = {"ipv4": {"enabled": True, "address": [{"ip": _ip(i), "prefix-length": 24}]}}
        interfaces.append(vlan | (address if i > bridges else {}))
    for i in range(1, bridges + 1):
        bridge = {"options": {"stp": {"enabled": False}}, "port": [{"name": f"v{i}"}]}
        interfaces.append({"name": f"b{i}", "type": "linux-bridge", "state": "up", "bridge": bridge})
    return {"interfaces": interfaces}


def _ip(number: int) -> str:
    return f"10.{1 + (number >> 8)}.{number & 255}.1"


def _destination(number: int) -> str:
    return f"10.{number >> 8}.{number & 255}.0/24"


def routes(gateway: str) -> list[dict[str, Any]]:
    """Ten thousand of them over one gateway."""
    return [
        {"destination": _destination(i), "next-hop-address": gateway, "next-hop-interface": "d0", "metric": 100}
        for i in range(ROUTES)
    ]


def _route_steps() -> list[tuple[str, str, list[dict[str, Any]], list[str]]]:
    """What is done, over which gateway they go before, what is asked of us, and of ip(8)."""
    away = [{"state": "absent", "next-hop-interface": "d0", "next-hop-address": _GATEWAY}]
    every = range(ROUTES)
    return [
        ("add", "", routes(_GATEWAY), [_line("add", i, _GATEWAY) for i in every]),
        ("change", _GATEWAY, [*away, *routes(_OTHER)], [_line("replace", i, _OTHER) for i in every]),
        ("remove", _GATEWAY, away, [_line("del", i, _GATEWAY) for i in every]),
    ]


def _line(verb: str, number: int, gateway: str) -> str:
    return f"route {verb} {_destination(number)} via {gateway} dev d0 metric 100 proto static"


def _base() -> None:
    lines = "link add d0 up type dummy\naddress add 192.0.2.1/24 dev d0\n"
    subprocess.run(["ip", "-batch", "-"], input=lines, text=True, check=True)


def _ready(python: str, vlans: int, bridges: int) -> list[str]:
    _base()
    return nncp.command(python, policy(vlans, bridges))


def _routes_ready(python: str, before: str, asked: list[dict[str, Any]]) -> list[str]:
    _base()
    _ip_batch("\n".join(_line("add", i, before) for i in range(ROUTES)) if before else "")
    return nncp.command(python, {"routes": {"config": asked}})


def _routes_batch(before: str, lines: list[str]) -> str:
    _base()
    _ip_batch("\n".join(_line("add", i, before) for i in range(ROUTES)) if before else "")
    return "\n".join(lines)


def _batch(vlans: int, bridges: int) -> str:
    _base()
    lines = [f"link add v{i} link d0 up type vlan id {i + 1}" for i in range(1, vlans + 1)]
    lines += [f"address add {_ip(i)}/24 dev v{i}" for i in range(bridges + 1, vlans + 1)]
    for i in range(1, bridges + 1):
        lines += [f"link add b{i} up type bridge stp_state 0", f"link set v{i} master b{i}"]
    return "\n".join(lines) + "\n"


def _ip_batch(text: object) -> None:
    subprocess.run(["ip", "-batch", "-"], input=str(text), text=True, check=True)


def _is_made(vlans: int, bridges: int) -> bool:
    shown = json.loads(subprocess.run(["ip", "-j", "addr"], capture_output=True, check=True).stdout)
    tagged = [each for each in shown if each.get("link") == "d0"]
    ports = [each for each in tagged if each.get("master")]
    numbered = [each for each in tagged if any(ip["family"] == "inet" for ip in each["addr_info"])]
    return (len(tagged), len(ports), len(numbered)) == (vlans, bridges, vlans - bridges)


def _routes_are(asked: list[dict[str, Any]]) -> bool:
    wanted = {(each["destination"], each["next-hop-address"]) for each in asked if "destination" in each}
    shown = json.loads(subprocess.run(["ip", "-j", "route"], capture_output=True, check=True).stdout)
    return {(each["dst"], each["gateway"]) for each in shown if each.get("gateway")} == wanted
