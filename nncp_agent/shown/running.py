"""Of what a host has, what somebody configured: without what can only be looked at, and what the network handed out."""

from __future__ import annotations

from nncp_agent.shown.base import Tree

QUERY_ONLY = ("min-mtu", "max-mtu", "permanent-mac-address", "driver")


def running_config(state: Tree) -> Tree:
    """The state as nmstate's running config has it (nmstate.md 5.7)."""
    interfaces = [_interface(each) for each in state.get("interfaces", ())]
    sections = {
        key: {inner: value for inner, value in each.items() if inner != "running"} if isinstance(each, dict) else each
        for key, each in state.items()
    }
    return {**sections, "interfaces": interfaces}


def _interface(tree: Tree) -> Tree:
    kept = {key: value for key, value in tree.items() if key not in QUERY_ONLY}
    for family in ("ipv4", "ipv6"):
        if (stack := kept.get(family)) and stack.get("address"):
            static = [_bare(each) for each in stack["address"] if "valid-life-time" not in each]
            kept[family] = {**stack, "address": static}
    if isinstance(lldp := kept.get("lldp"), dict):
        kept["lldp"] = {key: value for key, value in lldp.items() if key != "neighbors"}
    return kept


def _bare(address: Tree) -> Tree:
    return {key: value for key, value in address.items() if key != "flags"}
