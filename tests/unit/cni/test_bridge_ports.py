"""What a port of a pod is told, decided on plain values: the VLANs it is in, and when it comes up."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cni.bridge.config import BridgeConfig, read
from cni.bridge.node import join, ranges
from cni.bridge.pod import first_host, network
from cni.skel import Call
from netkernel import pod_stamp as stamp
from netkernel.records import Link


def config(**asked: Any) -> BridgeConfig:
    said = {"cniVersion": "1.0.0", "name": "net", "bridge": "br1", **asked}
    return read(Call("ADD", "c1", "/ns", "net1", "", "", "net", "1.0.0", said, json.dumps(said).encode(), {}))


def told(default: int, filtering: bool = True, **asked: Any) -> list[str]:
    bridge = Link("br1", "bridge", {"vlan_filtering": int(filtering), "vlan_default_pvid": default})
    return [str(op) for op in join("veth1", config(**asked), bridge)]


JOINED = ["set veth1 master none -> br1", "set bridge port veth1 "]
UP = "set veth1 up no -> yes"


@pytest.mark.parametrize(
    ("default", "asked", "vlans"),
    [
        (1, {}, []),
        (1, {"vlan": 100}, ["delete vlan 1 pvid untagged from veth1", "add vlan 100 pvid untagged to veth1"]),
        (0, {"vlan": 100}, ["add vlan 100 pvid untagged to veth1"]),
        (100, {"vlan": 100}, ["add vlan 100 pvid untagged to veth1"]),
        (1, {"vlan": 100, "preserveDefaultVlan": True}, ["add vlan 100 pvid untagged to veth1"]),
        (7, {"vlanTrunk": [{"minID": 6, "maxID": 8}, {"id": 20}]}, [f"add vlan {n} to veth1" for n in (6, 8, 20)]),
        (1, {"vlanTrunk": [{"minID": 2, "maxID": 4094}]}, ["add vlan 2-4094 to veth1"]),
    ],
)
def test_vlans_are_right_before_the_port_comes_up(default: int, asked: dict[str, Any], vlans: list[str]) -> None:
    assert told(default, **asked) == [*JOINED, *vlans, UP]


@given(st.lists(st.integers(1, 4094), unique=True))
def test_ranges_hold_every_vlan_once_and_nothing_between_them(vlans: list[int]) -> None:
    found = ranges(sorted(vlans))
    assert [vlan for first, last in found for vlan in range(first, last + 1)] == sorted(vlans)
    assert all(after[0] - before[1] > 1 for before, after in pairwise(found))


@pytest.mark.parametrize(
    ("cidr", "net", "first"),
    [
        ("10.1.2.3/16", "10.1.0.0/16", "10.1.0.1"),
        ("10.1.2.3/32", "10.1.2.3/32", "10.1.2.4"),
        ("0.0.0.0/0", "0.0.0.0/0", "0.0.0.1"),
        ("fd00::5:6/112", "fd00::5:0/112", "fd00::5:1"),
    ],
)
def test_networks_and_their_first_hosts(cidr: str, net: str, first: str) -> None:
    assert (network(cidr), first_host(cidr)) == (net, first)


NAMES = st.from_regex(r"[a-zA-Z0-9][a-zA-Z0-9_.\-]{0,250}", fullmatch=True)


@given(NAMES, NAMES, st.integers(0, 4094))
def test_a_stamp_fits_in_an_alias_and_says_whose_the_port_is(container: str, name: str, vlan: int) -> None:
    mine = stamp.attachment(container, "net1", name, "longestbridge15", vlan)
    assert len(mine.alias) <= 255
    found = stamp.read(mine.alias)
    assert found == mine
    assert (found.bridge, found.vlan, found.is_of(name, mine.place)) == ("longestbridge15", vlan, True)


@pytest.mark.parametrize(
    "alias", ["", "uplink", "nncp:vmnet:vm1", "nncp:cni:a/b/c", "nncp:cni:a/b/c/@5", "nncp:cni:a/b/c/d@x"]
)
def test_what_is_nobodys_or_somebody_elses_is_no_attachment(alias: str) -> None:
    assert stamp.read(alias) is None
