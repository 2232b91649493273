"""What a deleted policy leaves: how to make absent what only it has made, and what is committed without it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from netkernel.documents import Document
from netkernel.host import Host
from netkernel.link_local import is_link_local
from netkernel.records import Address
from nncp_agent import wire
from nncp_agent.committed import commit
from nncp_agent.model import NetworkState, RouteRules, Routes
from nncp_agent.node.memory import Record

Tree = Mapping[str, Any]

_ENTRIES = ("routes", "route-rules")


def removal(record: Record, others: Sequence[Tree], host: Host) -> NetworkState:
    """The state that takes away what the policy has made and no other asks for.

    Links that came with it, addresses, routes and rules it stated, name servers; what it only changed stays changed.
    """
    wanted = {name for tree in others for name in _up(tree)}
    gone = [name for name in record.made if name in host.links and name not in wanted]
    interfaces = [{"name": name, "state": "absent", **_type(record.asked, name)} for name in gone]
    for each in record.asked.get("interfaces") or ():
        if each["name"] in host.links and each["name"] not in gone:
            interfaces += _without_its_addresses(each, others, host)
    tree: dict[str, Any] = {"interfaces": interfaces}
    for section in _ENTRIES:
        theirs = [entry for other in others for entry in _config(other, section)]
        mine = [entry for entry in _config(record.asked, section) if entry.get("state") != "absent"]
        if absent := [
            {**entry, "state": "absent"}
            for entry in mine
            if entry not in theirs and entry.get("next-hop-interface") not in gone
        ]:
            tree[section] = {"config": absent}
    if record.asked.get("dns-resolver") and not any(other.get("dns-resolver") for other in others):
        tree["dns-resolver"] = {"config": {}}
    return wire.decode([Document(tree)]).desired


def without(committed: NetworkState, record: Record, others: Iterable[Tree]) -> NetworkState:
    """What is committed once the policy counts no more, and the others do as before."""
    names = {each["name"] for each in record.asked.get("interfaces") or ()}
    asked = wire.decode([Document(record.asked)]).desired if record.asked else NetworkState()
    ours = (asked.routes.config if asked.routes else None) or ()
    rules = (asked.route_rules.config if asked.route_rules else None) or ()
    left_routes = tuple(
        each for each in (committed.routes.config if committed.routes else None) or () if each not in ours
    )
    left_rules = tuple(
        each for each in (committed.route_rules.config if committed.route_rules else None) or () if each not in rules
    )
    state = replace(
        committed,
        interfaces=tuple(each for each in committed.interfaces or () if each.name not in names) or None,
        routes=Routes(config=left_routes) if left_routes else None,
        route_rules=RouteRules(config=left_rules) if left_rules else None,
        dns_resolver=None if asked.dns_resolver is not None else committed.dns_resolver,
        hostname=None if asked.hostname is not None else committed.hostname,
    )
    for tree in others:
        state = commit(state, wire.decode([Document(dict(tree))]).desired)
    return state


def _without_its_addresses(interface: Tree, others: Sequence[Tree], host: Host) -> list[dict[str, Any]]:
    """The interface with the addresses that are left when the policy's are gone; nothing where it stated none."""
    changes: dict[str, Any] = {}
    name = interface["name"]
    theirs = [each for tree in others for each in tree.get("interfaces") or () if each["name"] == name]
    for family, colon in (("ipv4", False), ("ipv6", True)):
        stated = _addresses(interface.get(family)) - {
            each for other in theirs for each in _addresses(other.get(family))
        }
        if stated:
            left = [
                {"ip": each.ip, "prefix-length": each.prefix}
                for each in host.addresses.get(name, ())
                if (":" in each.ip) is colon and (each.ip, each.prefix) not in stated and not _is_own(each)
            ]
            changes[family] = {"enabled": bool(left) or colon, "address": left}
    return [{"name": name, **_type_of(interface), **changes}] if changes else []


def _is_own(address: Address) -> bool:
    return is_link_local(address)


def _addresses(stack: Tree | None) -> set[tuple[str, int]]:
    return {(str(each["ip"]), int(each["prefix-length"])) for each in (stack or {}).get("address") or ()}


def _up(tree: Tree) -> Iterable[str]:
    return (each["name"] for each in tree.get("interfaces") or () if each.get("state", "up") == "up")


def _type(tree: Tree, name: str) -> dict[str, Any]:
    return next((_type_of(each) for each in tree.get("interfaces") or () if each["name"] == name), {})


def _type_of(interface: Tree) -> dict[str, Any]:
    return {"type": interface["type"]} if interface.get("type") else {}


def _config(tree: Tree, section: str) -> list[Tree]:
    return list((tree.get(section) or {}).get("config") or ())
