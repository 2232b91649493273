"""The host as models: what a policy is merged over and compared with (`shown` made into models)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec.structs import replace

from netkernel.host import Host
from nncp_agent import model, shown
from nncp_agent.identity import known_by
from nncp_agent.kinds import KINDS
from nncp_agent.model import (
    Dispatch,
    DnsResolver,
    Hostname,
    Interface,
    IpStack,
    NetworkState,
    RouteRules,
    Routes,
    RuleEntry,
    State,
)
from nncp_agent.shown import Note, secrets
from nncp_agent.shown.base import Tree

DISABLED: Final = IpStack(enabled=False)
_BLANK, _WITH_IPV6 = Note(), Note(has_ipv6=True)


def present(host: Host, committed: NetworkState | None = None) -> NetworkState:
    """Everything the host has, in `show`'s words. Descriptions and `state: ignore` are remembered from `committed`."""
    return of_tree(shown.state(host, notes(committed)))


def of_tree(state: Tree) -> NetworkState:
    """What `shown.state` gave, as a model."""
    interfaces = tuple(_interface(each) for each in state["interfaces"])
    rules = tuple(_rule(each) for each in state["route-rules"]["config"])
    return NetworkState(
        interfaces=interfaces,
        routes=model.of_tree(Routes, state["routes"]),
        route_rules=RouteRules(config=rules),
        dns_resolver=model.of_tree(DnsResolver, state["dns-resolver"]) if "dns-resolver" in state else None,
        hostname=model.of_tree(Hostname, state["hostname"]) if "hostname" in state else None,
    )


class Present(Mapping[str, Interface]):
    """The interfaces of `present`, each translated when it is first asked for: most plans look at few of them."""

    def __init__(self, host: Host, committed: NetworkState | None = None) -> None:
        self._host = host
        self._notes = shown.by_kernel_name(host, notes(committed))
        self._seen: dict[str, Interface] = {}

    def __getitem__(self, name: str) -> Interface:
        if name not in self._seen:
            tree = shown.interface(self._host.links[name], self._host, self._notes.get(name, _BLANK))
            self._seen[name] = _interface(tree)
        return self._seen[name]

    def __contains__(self, name: object) -> bool:
        return name in self._host.links

    def __iter__(self) -> Iterator[str]:
        return iter(shown.names(self._host))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def notes(committed: NetworkState | None) -> dict[str, Note]:
    """What is remembered of interfaces beside the kernel, by the policies' names."""
    return {each.name: _note(each) for each in (committed.interfaces if committed else None) or ()}


def _note(iface: Interface) -> Note:
    by, value = known_by(iface)
    said = iface.description, iface.profile_name, iface.dispatch
    if said == (None, None, None) and not by and iface.state in (None, State.UP) and iface.type not in secrets.KEYS:
        return _WITH_IPV6 if iface.ipv6 and iface.ipv6.enabled else _BLANK  # as most are
    return Note(
        description=iface.description,
        is_ignored=iface.state is State.IGNORE,
        has_ipv6=bool(iface.ipv6 and iface.ipv6.enabled),
        called=iface.profile_name or (iface.name if by else ""),
        identity=(by, value),
        type=iface.type if by else None,
        dispatch=_scripts(iface.dispatch),
        is_up=iface.state in (None, State.UP),
        wait_ip=iface.wait_ip,
        secrets=secrets.of({"type": iface.type, str(iface.type): _section(iface)})
        if iface.type in secrets.KEYS
        else {},
    )


def _scripts(dispatch: Dispatch | None) -> dict[str, str]:
    if dispatch is None:
        return {}
    words = {"post-activation": dispatch.post_activation, "post-deactivation": dispatch.post_deactivation}
    return {key: script for key, script in words.items() if script}


def _rule(tree: Tree) -> RuleEntry:
    """Marks are shown as text."""
    numbers: Tree = {key: int(tree[key], 16) for key in ("fwmark", "fwmask") if key in tree}
    return model.of_tree(RuleEntry, {**tree, **numbers})


def _section(iface: Interface) -> Tree:
    config = iface.config
    if config is None:
        return {}
    keys = zip(config.__struct_encode_fields__, config.__struct_fields__, strict=True)
    return {key: getattr(config, field) for key, field in keys}


def _interface(tree: Tree) -> Interface:
    kind = KINDS.get(tree["type"])
    config = tree.get(kind.subtree or "") if kind is not None else None
    iface = model.of_tree(Interface, tree)
    if kind is None or kind.Config is None or config is None:
        return iface
    return replace(iface, config=model.of_tree(kind.Config, config))
