"""Which shapes and features a state uses, in nmstate's form: a number says little about a node, this says what it has.

`topology` has a line for each stack of interfaces, from the addresses on top to the NIC: `static_ip4 -> vlan -> bond ->
ethernet`; a line that is part of another is left out. `features` are nmstate's words. Pure, on plain dicts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

State = Mapping[str, Any]

FEATURES: Final = (
    "dhcpv4-custom-hostname", "dhcpv6-custom-hostname", "iface-name-refered-by-sriov-vf-id", "lldp",
    "mac-based-identifier", "mptcp", "ovn-mapping", "ovs-bond", "ovs-db-global", "ovs-db-interface", "ovs-dpdk",
    "ovs-patch", "sriov", "static-dns-name-server", "static-dns-option", "static-dns-search", "static-hostname",
    "static-route", "static-route-rule", "static-route-rule-suppress-prefix-length", "iface-count10-plus",
    "iface-count50-plus", "iface-count100-plus", "iface-count200-plus", "iface-count500-plus",
)  # fmt: skip
"""nmstate's words, spelt as it spells them, in its order."""
COUNTS: Final = (10, 50, 100, 200, 500)
DEEPEST: Final = 32


def statistic(desired: State, current: State) -> dict[str, list[str]]:
    """What `desired` uses on a host that is `current`."""
    before = {each["name"]: each for each in current.get("interfaces") or ()}
    asked = {each["name"]: _merged(each, before.get(each["name"], {})) for each in desired.get("interfaces") or ()}
    features = set(_features(desired, asked))
    return {
        "topology": _topology(asked, {**before, **asked}),
        "features": [each for each in FEATURES if each in features],
    }


def _merged(new: State, old: State) -> dict[str, Any]:
    merged = {**old, **new}
    for key, value in new.items():
        if isinstance(value, Mapping) and isinstance(old.get(key), Mapping):
            merged[key] = {**old[key], **value}
    return merged


def _topology(asked: Mapping[str, State], everything: Mapping[str, State]) -> list[str]:
    controllers = {port: name for name, each in everything.items() for port in _ports(each)}
    controllers |= {name: each["controller"] for name, each in everything.items() if each.get("controller")}
    lines: dict[str, None] = {}
    for name, each in asked.items():
        if each.get("state", "up") == "up":
            stack = [*_above(name, everything, controllers), _type(each), *_below(each, everything)]
            lines[" -> ".join(stack)] = None
    found = sorted(lines, key=len)
    return [line for at, line in enumerate(found) if not any(line in longer for longer in found[at + 1 :])]


def _type(interface: State) -> str:
    return str(interface.get("type") or "unknown")


def _above(
    name: str, everything: Mapping[str, State], controllers: Mapping[str, str], depth: int = DEEPEST
) -> list[str]:
    """What holds it, from the top, with the addresses of that; its own addresses where nothing does."""
    controller = everything.get(controllers.get(name, ""))
    if controller is not None and depth:
        return [*_above(str(controller["name"]), everything, controllers, depth - 1), _type(controller)]
    addresses = ",".join(_addresses(everything.get(name, {})))
    return [addresses] if addresses else []


def _addresses(interface: State) -> Iterator[str]:
    for family, word in (("ipv4", "ip4"), ("ipv6", "ip6")):
        stack = interface.get(family) or {}
        if stack.get("enabled"):
            is_auto = bool(stack.get("dhcp") or stack.get("autoconf"))
            if stack.get("address") and not is_auto:
                yield f"static_{word}"
            if is_auto:
                yield f"auto_{word}"


def _below(interface: State, everything: Mapping[str, State], depth: int = DEEPEST) -> list[str]:
    """What it sits on; of several ports the one with the most below it."""
    if not depth:
        return []
    bases = [each["base-iface"] for each in interface.values() if isinstance(each, Mapping) and each.get("base-iface")]
    stacks = [
        [_type(everything[name]), *_below(everything[name], everything, depth - 1)]
        for name in bases or _ports(interface)
        if name in everything
    ]
    return max(stacks, key=len, default=[])


def _ports(interface: State) -> list[str]:
    found: list[str] = []
    for section in ("link-aggregation", "bridge", "vrf"):
        inner = interface.get(section)
        ports: Sequence[Any] = (inner.get("port") or inner.get("ports") or ()) if isinstance(inner, Mapping) else ()
        found += [each["name"] if isinstance(each, Mapping) else each for each in ports]
    return found


def _features(desired: State, asked: Mapping[str, State]) -> Iterator[str]:
    for interface in asked.values():
        yield from _of_interface(interface)
    yield from (f"iface-count{number}-plus" for number in COUNTS if len(asked) >= number)
    dns = (desired.get("dns-resolver") or {}).get("config") or {}
    words = {"server": "static-dns-name-server", "search": "static-dns-search", "options": "static-dns-option"}
    yield from (word for key, word in words.items() if dns.get(key))
    if (desired.get("hostname") or {}).get("config"):
        yield "static-hostname"
    if any(each.get("state") != "absent" for each in (desired.get("routes") or {}).get("config") or ()):
        yield "static-route"
    rules = (desired.get("route-rules") or {}).get("config") or ()
    wanted = [each for each in rules if each.get("state") != "absent"]
    if wanted:
        yield "static-route-rule"
    if any("suppress-prefix-length" in each or "suppress_prefixlength" in each for each in wanted):
        yield "static-route-rule-suppress-prefix-length"
    if (desired.get("ovn") or {}).get("bridge-mappings"):
        yield "ovn-mapping"
    if desired.get("ovs-db"):
        yield "ovs-db-global"


def _of_interface(interface: State) -> Iterator[str]:
    if interface.get("identifier") == "mac-address":
        yield "mac-based-identifier"
    if (interface.get("lldp") or {}).get("enabled"):
        yield "lldp"
    if (interface.get("mptcp") or {}).get("address-flags"):
        yield "mptcp"
    if ((interface.get("ethernet") or {}).get("sr-iov") or {}).get("total-vfs"):
        yield "sriov"
    for family, word in (("ipv4", "dhcpv4"), ("ipv6", "dhcpv6")):
        if (interface.get(family) or {}).get("dhcp-custom-hostname"):
            yield f"{word}-custom-hostname"
    if any(name.startswith("sriov:") for name in (str(interface.get("name")), *_ports(interface))):
        yield "iface-name-refered-by-sriov-vf-id"
    if interface.get("ovs-db"):
        yield "ovs-db-interface"
