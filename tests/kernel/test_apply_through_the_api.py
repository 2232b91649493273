"""The whole way on a real kernel: documents in, a bond and a bridge out, and back again."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from nncp_agent import api
from nncp_agent.errors import Busy, InvalidPolicy, NothingPending, Unreachable

pytestmark = pytest.mark.needs_kernel("veth", "bonding", "bridge", "vlan", "ipv6")

NICS = """
for n in 2 3; do ip link add eth$n type veth peer name far$n; ip link set far$n up; ip link set eth$n up; done
"""
POLICY: dict[str, Any] = {
    "apiVersion": "nmstate.io/v1",
    "kind": "NodeNetworkConfigurationPolicy",
    "metadata": {"name": "bond1"},
    "spec": {
        "desiredState": {
            "interfaces": [
                {
                    "name": "bond1",
                    "type": "bond",
                    "state": "up",
                    "ipv4": {"enabled": True, "address": [{"ip": "192.0.2.9", "prefix-length": 24}]},
                    "link-aggregation": {"mode": "active-backup", "port": ["eth2", "eth3"]},
                }
            ]
        }
    },
}
BRIDGE: dict[str, Any] = {
    "interfaces": [
        {"name": "br1", "type": "linux-bridge", "state": "up", "bridge": {"port": [{"name": "bond1.93"}]}},
        {"name": "bond1.93", "type": "vlan", "state": "up", "vlan": {"base-iface": "bond1", "id": 93}},
    ]
}


@pytest.fixture
def state_dir(netns: str, tmp_path: Path) -> Path:
    subprocess.run(["sh", "-euc", NICS], check=True)
    return tmp_path / "state"


def test_what_show_gives_is_the_callers_to_change(state_dir: Path) -> None:
    lines = "".join(f"link add br{n} type bridge\n" for n in (8, 9))
    subprocess.run(["ip", "-batch", "-"], input=lines, text=True, check=True)
    shown = {each["name"]: each for each in api.show(state_dir=state_dir)["interfaces"]}
    for part, inner in (("bridge", "options"), ("ethtool", "feature")):
        assert shown["br8"][part] == shown["br9"][part]
        shown["br8"][part][inner].clear()
        assert shown["br9"][part][inner]
    again = {each["name"]: each for each in api.show(state_dir=state_dir)["interfaces"]}
    assert again["br9"]["ethtool"] == shown["br9"]["ethtool"]
    assert again["br9"]["bridge"]["options"].keys() == shown["br9"]["bridge"]["options"].keys()


def _names(state: dict[str, Any]) -> set[str]:
    return {interface["name"] for interface in state["interfaces"]}


def test_what_is_captured_is_the_host_before_the_change(state_dir: Path) -> None:
    capture = {
        "nic": 'interfaces.name == "eth2"',
        "moved": "capture.nic | interfaces.description := node.labels.rack",
    }
    asked = {"name": "br7", "type": "linux-bridge", "mac-address": "{{ capture.nic.interfaces.0.mac-address }}"}
    asked["description"] = "{{ capture.moved.interfaces.0.description }}"
    policy = {"capture": capture, "desiredState": {"interfaces": [asked]}}
    mac = next(each["mac-address"] for each in api.show(state_dir=state_dir)["interfaces"] if each["name"] == "eth2")
    assert api.apply(policy, node={"labels": {"rack": "r7"}}, state_dir=state_dir).committed
    bridge = next(each for each in api.show(state_dir=state_dir)["interfaces"] if each["name"] == "br7")
    assert (bridge["mac-address"], bridge["description"]) == (mac, "r7")
    with pytest.raises(InvalidPolicy, match="no interface here has name 'eth9'"):
        api.plan({"capture": {"a": "interfaces.name == eth9"}, "desiredState": {}}, state_dir=state_dir)


def test_documents_become_a_bond_and_a_bridge_and_stay_committed(state_dir: Path) -> None:
    planned = api.plan([BRIDGE, POLICY], state_dir=state_dir)
    outcome = api.apply([BRIDGE, POLICY], state_dir=state_dir)
    assert planned == [str(op) for op in outcome.ops]
    assert outcome.committed
    state = api.show(state_dir=state_dir)
    assert {"bond1", "bond1.93", "br1"} <= _names(state)
    assert api.plan([BRIDGE, POLICY], state_dir=state_dir) == []
    assert api.plan(state, state_dir=state_dir) == []


def test_what_is_shown_as_running_config_can_be_applied_and_changes_nothing(state_dir: Path) -> None:
    api.apply(POLICY, state_dir=state_dir)
    config = api.show(running_config=True, state_dir=state_dir)
    assert api.plan(config, state_dir=state_dir) == []
    assert api.differences(config, api.show(state_dir=state_dir)) == {}


def test_an_uncommitted_change_can_be_kept_or_taken_back(state_dir: Path) -> None:
    before = api.show(state_dir=state_dir)
    waiting = api.apply(POLICY, commit=False, state_dir=state_dir)
    with pytest.raises(Busy):
        api.apply(BRIDGE, state_dir=state_dir)
    assert api.rollback(waiting.checkpoint, state_dir=state_dir) == ()
    assert _names(api.show(state_dir=state_dir)) == _names(before)
    waiting = api.apply(POLICY, commit=False, state_dir=state_dir)
    assert api.commit(state_dir=state_dir) == waiting.checkpoint
    with pytest.raises(NothingPending):
        api.commit(state_dir=state_dir)


def test_the_history_leads_back(state_dir: Path) -> None:
    before = _names(api.show(state_dir=state_dir))
    for document in (POLICY, BRIDGE):
        api.apply(document, state_dir=state_dir)
    first, second = api.history(state_dir=state_dir)
    assert (first["number"], first["outcome"], first["policies"]) == (1, "committed", ["bond1"])
    foretold = api.plan_back(1, state_dir=state_dir)
    assert foretold
    outcome = api.go_back(1, state_dir=state_dir)
    assert [str(op) for op in outcome.ops] == foretold
    assert _names(api.show(state_dir=state_dir)) == before | {"bond1"}
    assert api.history(state_dir=state_dir)[2]["command"] == "nncp_agent.api.go_back"
    waiting = api.go_back(0, commit=False, state_dir=state_dir)
    assert _names(api.show(state_dir=state_dir)) == before
    assert api.rollback(waiting.checkpoint, state_dir=state_dir) == ()
    assert "bond1" in _names(api.show(state_dir=state_dir))
    assert second["plan"]


def test_a_bad_policy_is_refused_with_all_its_problems(state_dir: Path) -> None:
    bad = {"interfaces": [{"name": "bond9", "type": "bond", "state": "up", "mtu": "big", "link-aggregatoin": {}}]}
    with pytest.raises(InvalidPolicy) as caught:
        api.apply(bad, state_dir=state_dir)
    assert len(caught.value.problems) == 2
    assert "bond9" not in _names(api.show(state_dir=state_dir))


def test_an_endpoint_that_the_change_cuts_off_takes_it_back(state_dir: Path) -> None:
    class Cut:
        """Reached as long as there is no bond1."""

        def describe(self) -> str:
            return "the world without bond1"

        def try_once(self, timeout_s: float) -> bool:
            return "bond1" not in _names(api.show(state_dir=state_dir))

    with pytest.raises(Unreachable, match="the world without bond1") as caught:
        api.apply(POLICY, checks=[Cut()], state_dir=state_dir)
    assert caught.value.leftovers == ()
    assert "bond1" not in _names(api.show(state_dir=state_dir))


def test_a_namespace_can_be_named_from_outside(another_netns: Any, tmp_path: Path) -> None:
    there = another_netns()
    dummy = {"interfaces": [{"name": "br5", "type": "linux-bridge", "state": "up"}]}
    waiting = api.apply(dummy, commit=False, namespace=there, state_dir=tmp_path)
    assert "br5" in _names(api.show(namespace=there, state_dir=tmp_path))
    assert "br5" not in _names(api.show(state_dir=tmp_path))
    assert api.rollback(waiting.checkpoint, namespace=there, state_dir=tmp_path) == ()
    assert "br5" not in _names(api.show(namespace=there, state_dir=tmp_path))
