"""Veths whose peers are in other network namespaces, asked for by those namespaces' names, on a real kernel."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nncp_agent import api
from nncp_agent.errors import InvalidPolicy
from tests.kernel.asked import Asked, State

pytestmark = pytest.mark.needs_kernel("veth", "dummy")

NAMESPACES = ("nncp-blue", "nncp-red")


@pytest.fixture
def host(netns: str, tmp_path: Path) -> Iterator[Asked]:
    for name in NAMESPACES:
        subprocess.run(["ip", "netns", "add", name], check=True)
    yield Asked(tmp_path / "state")
    for name in NAMESPACES:
        subprocess.run(["ip", "netns", "delete", name], check=True)


def veth(name: str = "v1", peer: str = "eth0", where: str = "nncp-blue", **keys: object) -> State:
    return {"name": name, "type": "veth", "state": "up", "veth": {"peer": peer, "peer-netns": where}, **keys}


def links(where: str) -> dict[str, Any]:
    command = ["ip", "-n", where, "-j", "-d", "link"]
    found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return {each["ifname"]: each for each in found if each.get("linkinfo", {}).get("info_kind") == "veth"}


def test_a_wire_into_a_namespace_is_made_shown_and_taken_away(host: Asked) -> None:
    address = {"enabled": True, "address": [{"ip": "192.0.2.1", "prefix-length": 24}]}
    host.becomes(veth(ipv4=address, mtu=1400))
    assert "UP" in links("nncp-blue")["eth0"]["flags"]
    assert host.show("v1")["veth"] == {"peer": "eth0", "peer-netns": "nncp-blue"}
    assert api.plan(api.show(state_dir=host.state_dir), state_dir=host.state_dir) == []
    host.remove("v1")
    assert links("nncp-blue") == {}


def test_undo_takes_the_wire_away_and_makes_it_again(host: Asked) -> None:
    host.apply(veth(), commit=False)
    host.rollback()
    assert (host.show("v1"), links("nncp-blue")) == ({}, {})
    host.apply(veth())
    host.apply({"name": "v1", "type": "veth", "state": "absent"}, commit=False)
    assert links("nncp-blue") == {}
    host.rollback()
    assert host.show("v1")["veth"] == {"peer": "eth0", "peer-netns": "nncp-blue"}
    assert list(links("nncp-blue")) == ["eth0"]


def test_a_wire_within_this_namespace_gets_its_peer_in_another_and_back_by_undo(host: Asked) -> None:
    host.apply({"name": "v1", "type": "veth", "veth": {"peer": "v2"}})
    host.apply(veth(peer="v2"), commit=False)
    assert (host.show("v2"), list(links("nncp-blue"))) == ({}, ["v2"])
    host.rollback()
    assert (host.show("v1")["veth"], host.show("v2")["veth"]) == ({"peer": "v2"}, {"peer": "v1"})
    assert links("nncp-blue") == {}


def test_wires_of_one_peers_name_go_to_several_namespaces_beside_a_link_that_is_called_so_here(host: Asked) -> None:
    host.becomes({"name": "eth0", "type": "dummy"}, veth(), veth("v2", where="nncp-red"))
    host.remove("v1")
    assert (host.show("eth0")["type"], list(links("nncp-red"))) == ("dummy", ["eth0"])


def test_what_somebody_else_joined_to_a_namespace_is_shown_and_stays(host: Asked) -> None:
    subprocess.run(["ip", "link", "add", "v1", "type", "veth", "peer", "eth0", "netns", "nncp-red"], check=True)
    assert host.show("v1")["veth"] == {"peer": "eth0", "peer-netns": "nncp-red"}
    with pytest.raises(InvalidPolicy, match=r"v1: veth\.peer: found 'eth0', but the peer is eth0 in nncp-red"):
        host.plan(veth())
    host.apply({"name": "v1", "type": "veth", "state": "absent"})
    assert list(links("nncp-red")) == ["eth0"]


def test_a_namespace_without_a_name_is_shown_by_its_number(host: Asked) -> None:
    other = subprocess.Popen(["unshare", "-n", "sh", "-c", "echo; cat"], stdin=-1, stdout=-1)
    try:
        assert other.stdout is not None and other.stdout.readline()
        command = ["ip", "link", "add", "v1", "type", "veth", "peer", "eth0", "netns", str(other.pid)]
        subprocess.run(command, check=True)
        assert host.show("v1")["veth"] == {"link-netnsid": 0}
        assert api.plan(api.show(state_dir=host.state_dir), state_dir=host.state_dir) == []
    finally:
        other.communicate(timeout=30)


def test_namespaces_that_are_not_there_or_our_own_are_refused(host: Asked) -> None:
    with pytest.raises(InvalidPolicy, match="no other network namespace here is called nowhere; there are nncp-blue, "):
        host.plan(veth(where="nowhere"))
    subprocess.run(["ip", "netns", "attach", "nncp-own", str(os.getpid())], check=True)
    try:
        with pytest.raises(InvalidPolicy, match="no other network namespace here is called nncp-own"):
            host.plan(veth(where="nncp-own"))
    finally:
        subprocess.run(["ip", "netns", "delete", "nncp-own"], check=True)
