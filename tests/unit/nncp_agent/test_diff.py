"""What one state says that is not so in another."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nncp_agent import api
from nncp_agent.diff import differences
from nncp_agent.errors import InvalidPolicy

OLD: dict[str, Any] = {
    "interfaces": [
        {
            "name": "eth0",
            "type": "ethernet",
            "state": "up",
            "mtu": 1500,
            "min-mtu": 68,
            "mac-address": "52:54:00:AB:00:01",
            "ipv4": {
                "enabled": True,
                "dhcp": False,
                "address": [{"ip": "192.0.2.1", "prefix-length": 24}, {"ip": "192.0.2.2", "prefix-length": 24}],
            },
            "ipv6": {"enabled": True, "autoconf": False},
        },
        {"name": "bond1", "type": "bond", "state": "up", "link-aggregation": {"mode": "802.3ad", "port": ["a", "b"]}},
    ],
    "routes": {"running": [{"destination": "0.0.0.0/0"}], "config": [{"destination": "0.0.0.0/0", "metric": 1}]},
}


def one(**changes: Any) -> dict[str, Any]:
    return {"interfaces": [{"name": "eth0", "type": "ethernet", "state": "up", **changes}]}


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (one(mtu=1500), {}),
        (one(mtu=9000), one(mtu=9000)),
        ({"interfaces": [{"name": "eth0", "mtu": 9000}]}, one(mtu=9000)),
        (one(**{"min-mtu": 70}), {}),
        (one(**{"mac-address": "52:54:00:ab:00:01"}), {}),
        (one(ipv6={"enabled": False, "autoconf": True}), one(ipv6={"enabled": False})),
        (one(ipv4={"enabled": True, "dhcp": True}), one(ipv4={"dhcp": True})),
        (one(ipv4={"address": list(reversed(OLD["interfaces"][0]["ipv4"]["address"]))}), {}),
        (one(ipv4={"address": []}), one(ipv4={"address": []})),
        (one(lldp={"enabled": True}), one(lldp={"enabled": True})),
        ({"interfaces": [{"name": "gone", "state": "absent"}]}, {}),
        (
            {"interfaces": [{"name": "eth0", "state": "absent"}]},
            {"interfaces": [{"name": "eth0", "type": "ethernet", "state": "absent"}]},
        ),
        ({"interfaces": [{"name": "bond1", "link-aggregation": {"port": ["b", "a"], "mode": "802.3ad"}}]}, {}),
        ({"routes": {"config": [{"destination": "0.0.0.0/0"}]}}, {}),
        (
            {"routes": {"config": [{"destination": "0.0.0.0/0", "metric": 2}], "running": [{"destination": "::/0"}]}},
            {"routes": {"config": [{"destination": "0.0.0.0/0", "metric": 2}]}},
        ),
        ({"routes": {"config": [{"state": "absent", "destination": "10.0.0.0/8"}]}}, {}),
        (
            {"routes": {"config": [{"state": "absent"}]}},
            {"routes": {"config": [{"state": "absent"}]}},
        ),
        ({"hostname": {"running": "a"}}, {"hostname": {"running": "a"}}),
    ],
)
def test_only_what_is_stated_otherwise_is_a_difference(new: dict[str, Any], expected: dict[str, Any]) -> None:
    assert differences(new, OLD) == expected


def test_a_new_interface_is_shown_entire() -> None:
    new = {"name": "br1", "type": "linux-bridge", "bridge": {"port": []}}
    assert differences({"interfaces": [new]}, OLD) == {"interfaces": [new]}


def test_an_interface_found_by_its_mac_keeps_it_for_context() -> None:
    new = one(identifier="mac-address", **{"mac-address": "52:54:00:AB:00:01"}, mtu=9000)
    assert differences(new, OLD) == new


def test_true_is_not_one() -> None:
    assert differences({"x": {"a": 1}}, {"x": {"a": True}}) == {"x": {"a": 1}}


VALUE = st.recursive(
    st.booleans() | st.integers() | st.text("ab"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["enabled", "a", "b"]), inner),
    max_leaves=8,
)
INTERFACE = st.dictionaries(st.sampled_from(["mtu", "ipv4", "x"]), VALUE)
STATE = st.dictionaries(st.sampled_from("pqr"), INTERFACE).map(
    lambda found: {"interfaces": [{"name": name, **rest} for name, rest in found.items()]}
)


@given(STATE)
def test_a_state_does_not_differ_from_itself(state: dict[str, Any]) -> None:
    assert differences(state, state) == {}


def test_what_no_policy_can_ask_for_yet_is_compared_as_it_stands() -> None:
    automatic = {"enabled": True, "dhcp": True, "auto-dns": True, "auto-route-table-id": 0}
    old = one(ipv4=automatic, ipv6={**automatic, "autoconf": True}) | {"dns-resolver": {"config": {"server": ["::1"]}}}
    assert api.differences(one(ipv4={"enabled": True, "dhcp": True}, ipv6={"enabled": False}), old) == one(
        ipv6={"enabled": False}
    )
    server = {"dns-resolver": {"config": {"server": ["192.0.2.53"]}}}
    assert api.differences({**one(ipv4=automatic), **server}, old) == server
    tunnel = {"interfaces": [{"name": "vxlan0", "type": "vxlan", "state": "up", "vxlan": {"id": 7}}]}
    assert api.differences(tunnel, old) == tunnel
    with pytest.raises(InvalidPolicy) as caught:
        api.differences(one(ipv4={"dhcp": True}, mtu="big"), old)
    assert [problem.path for problem in caught.value.problems] == ["eth0: mtu"]


def test_what_is_understood_is_compared_in_canonical_words() -> None:
    said = {"interfaces": [{"name": "bond1", "link-aggregation": {"mode": 4, "slaves": ["a", "b"]}}]}
    dhcp = {"name": "eth0", "ipv4": {"dhcp": True}}
    assert api.differences({"interfaces": [*said["interfaces"], dhcp]}, OLD) == one(ipv4={"dhcp": True})
