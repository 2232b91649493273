"""Whatever a document holds: it is a network state, or an invalid policy that says why."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from netkernel import documents
from nncp_agent.errors import InvalidPolicy
from nncp_agent.wire import Decoded, decode, encode


def tree(value: Any) -> Decoded:
    return decode([documents.Document(value)])


WORDS = [
    "bond",
    "vlan",
    "up",
    "absent",
    "eth1",
    "10.0.0.1",
    "mac-address",
    "trunk",
    "List",
    "NodeNetworkConfigurationPolicy",
]
KEYS = [
    "interfaces",
    "name",
    "type",
    "state",
    "mtu",
    "ipv4",
    "ipv6",
    "address",
    "ip",
    "prefix-length",
    "enabled",
    "link-aggregation",
    "mode",
    "options",
    "miimon",
    "port",
    "ports-config",
    "bridge",
    "vlan",
    "trunk-tags",
    "id-range",
    "base-iface",
    "id",
    "veth",
    "peer",
    "routes",
    "config",
    "destination",
    "kind",
    "apiVersion",
    "spec",
    "desiredState",
    "items",
    "metadata",
    "lldp",
    "ethernet",
    "sr-iov",
    "ethtool",
    "dns-resolver",
    "identifier",
    "mac-address",
    "controller",
    "stp",
]
TYPES = ["bond", "vlan", "linux-bridge", "veth", "ethernet", "dummy", "loopback", "unknown", "x"]
leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(WORDS)
keys = st.text(max_size=5) | st.sampled_from(KEYS)
trees = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=6), max_leaves=40
)
interfaces = st.fixed_dictionaries(
    {"name": st.sampled_from(["eth1", "eth2", "bond1"])},
    optional={
        "type": st.sampled_from(TYPES),
        "state": st.sampled_from(["up", "down", "absent", "ignore"]),
        "link-aggregation": trees, "bridge": trees, "vlan": trees, "veth": trees, "ipv4": trees, "ipv6": trees,
    },
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(
    trees | st.fixed_dictionaries({"interfaces": st.lists(interfaces | trees, max_size=4)}, optional={"routes": trees})
)
def test_whatever_the_document_it_is_a_state_or_an_invalid_policy(value: Any) -> None:
    try:
        found = tree(value)
    except InvalidPolicy as error:
        assert error.problems
        assert all(each.message and "\n" not in str(each) for each in error.problems)
        return
    assert tree(encode(found.desired)).desired == found.desired
    assert msgspec.json.encode(encode(found.desired))
