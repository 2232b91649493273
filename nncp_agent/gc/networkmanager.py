"""NetworkManager: a keyfile for each interface (nm-settings-keyfile(5))."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from uuid import UUID, uuid5

from nncp_agent.gc.base import Generated, Pairs, Part, Sections, State, static, value_text, vlan_ranges

SPACE: Final = UUID("6c1a9a52-5d6f-4e0f-9d39-5d1c1ea1c4b1")
"""Our own: the same interface has the same profile, however often it is written."""
TYPES: Final = {
    "bond": "bond", "linux-bridge": "bridge", "vlan": "vlan", "ethernet": "ethernet", "dummy": "dummy",
    "veth": "veth", "vxlan": "vxlan", "vrf": "vrf", "mac-vlan": "macvlan", "mac-vtap": "macvlan",
    "loopback": "loopback", "hsr": "hsr", "ipvlan": "ipvlan",
}  # fmt: skip
BRIDGE: Final = {
    "group-forward-mask": "group-forward-mask", "mac-ageing-time": "ageing-time",
    "multicast-snooping": "multicast-snooping", "multicast-querier": "multicast-querier",
    "multicast-hash-max": "multicast-hash-max", "hash-max": "multicast-hash-max",
    "multicast-last-member-count": "multicast-last-member-count",
    "multicast-last-member-interval": "multicast-last-member-interval",
    "multicast-membership-interval": "multicast-membership-interval",
    "multicast-querier-interval": "multicast-querier-interval",
    "multicast-query-interval": "multicast-query-interval",
    "multicast-query-response-interval": "multicast-query-response-interval",
    "multicast-query-use-ifaddr": "multicast-query-use-ifaddr", "multicast-router": "multicast-router",
    "multicast-startup-query-count": "multicast-startup-query-count",
    "multicast-startup-query-interval": "multicast-startup-query-interval", "group-addr": "group-address",
    "vlan-protocol": "vlan-protocol", "vlan-default-pvid": "vlan-default-pvid",
}  # fmt: skip
STP: Final = {
    "enabled": "stp", "priority": "priority", "hello-time": "hello-time", "max-age": "max-age",
    "forward-delay": "forward-delay",
}  # fmt: skip
VLAN_FLAGS: Final = {"reorder-headers": 1, "gvrp": 2, "loose-binding": 4, "mvrp": 8}
MACVLAN_MODES: Final = {"vepa": 1, "bridge": 2, "private": 3, "passthru": 4, "source": 5}
IPVLAN_MODES: Final = {"l2": 1, "l3": 2, "l3s": 3}
METRIC: Final = {"route-type": "type", "cwnd": "cwnd", "initcwnd": "initcwnd", "initrwnd": "initrwnd", "mtu": "mtu"}
MPTCP = {"signal": 0x10, "subflow": 0x20, "backup": 0x40, "fullmesh": 0x80}
MPTCP_WITHOUT_ROUTE, MPTCP_OFF = 0x08, 0x01
"""NMMptcpFlags."""


def generate(state: State) -> Generated:
    """One keyfile for each interface."""
    files: dict[str, str] = {}
    for iface in state.interfaces:
        name, type = str(iface.take("name")), state.types[str(iface.peek("name"))]
        if type not in TYPES:
            state.skip(iface, f"NetworkManager's keyfiles make no {type}")
            continue
        if iface.peek("state") == "down":
            state.left_out.append(f"{name}: state: down: its profile is written and not activated")
        files[f"{name}.nmconnection"] = _text(_sections(iface, name, type, state))
    if state.hostname:
        state.left_out.append("hostname: write it to /etc/hostname")
    return state.done(files)


def _text(sections: Sections) -> str:
    return "\n".join(
        "".join([f"[{name}]\n", *(f"{key}={_value(value)}\n" for key, value in pairs)])
        for name, pairs in sections
        if pairs
    )


def _value(value: object) -> str:
    """Keyfiles say true and false, and put a semicolon after each item of a list."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "".join(f"{each};" for each in value) if isinstance(value, list) else value_text(value)


def _sections(iface: Part, name: str, type: str, state: State) -> Sections:
    by, mac = iface.take("identifier"), iface.take("mac-address")
    by_mac, match = by == "mac-address", _match(iface, by)
    connection: Pairs = [("id", iface.take("profile-name", name)), ("uuid", uuid5(SPACE, name)), ("type", TYPES[type])]
    if not by_mac and not match:
        connection.append(("interface-name", name))
    connection += [("autoconnect", iface.take("state") != "down"), ("autoconnect-slaves", 1)]
    controller = state.controllers.get(name)
    if controller:
        connection += [("master", controller), ("slave-type", TYPES.get(state.types.get(controller, ""), "bond"))]
    connection += _heard_and_reached(iface)
    wired: Pairs = [("mac-address", mac)] if by_mac and mac else [("cloned-mac-address", mac)] if mac else []
    wired += iface.pairs({"mtu": "mtu"})
    if iface.take("accept-all-mac-addresses") is not None:
        wired.append(("accept-all-mac-addresses", int(bool(iface.peek("accept-all-mac-addresses")))))
    iface.take("type"), iface.take("controller")
    waits = str(iface.take("wait-ip", "")).split("+")
    description = iface.take("description")
    sections: Sections = [
        ("connection", connection),
        ("match", match),
        *_kind(iface, type),
        ("ethernet", wired),
        *_port(name, state),
    ]
    if controller is None or state.types.get(controller) == "vrf":
        sections += [
            ("ipv4", _ip(iface.part("ipv4"), 4, name, state, "ipv4" in waits)),
            ("ipv6", _ip(iface.part("ipv6"), 6, name, state, "ipv6" in waits)),
        ]
    else:
        iface.part("ipv4").take("enabled"), iface.part("ipv6").take("enabled")
    return [*sections, ("user", [("nmstate.interface.description", description)] if description else [])]


def _heard_and_reached(iface: Part) -> Iterator[tuple[str, object]]:
    """LLDP, and the addresses for MPTCP: those without a default route, too, as nmstate wants it."""
    if (listens := iface.part("lldp").take("enabled")) is not None:
        yield "lldp", int(bool(listens))
    if (flags := iface.part("mptcp").take("address-flags")) is not None:
        yield "mptcp-flags", sum({*map(MPTCP.__getitem__, flags), MPTCP_WITHOUT_ROUTE}) if flags else MPTCP_OFF


def _match(iface: Part, by: str | None) -> Pairs:
    """Which link it is, where neither its name nor its MAC says so; there is no word for alternative names."""
    match by:
        case "pci-address":
            return [("path", [f"pci-{iface.take(by)}"])]
        case "driver":
            return [("driver", [iface.take(by)])]
    return []


def _kind(iface: Part, type: str) -> Iterator[tuple[str, Pairs]]:
    part = iface.part(
        type if type not in ("bond", "linux-bridge") else "link-aggregation" if type == "bond" else "bridge"
    )
    part.take("port")
    base: Pairs = [("parent", part.take("base-iface"))] if part.peek("base-iface") else []
    match type:
        case "bond":
            options = part.part("options")
            pairs = [(key, options.take(key)) for key in options.stated()]
            yield "bond", [("mode", part.take("mode")), *((key, _bond_value(value)) for key, value in pairs)]
        case "linux-bridge":
            options = part.part("options")
            options.take("group-fwd-mask")
            pairs = [*options.part("stp").pairs(STP), *options.pairs(BRIDGE)]
            filters = any(each.get("vlan") for each in part.peek("port") or ())
            yield "bridge", [*pairs, *((("vlan-filtering", True),) if filters else ())]
        case "vlan":
            words = [word for word in ("gvrp", "mvrp") if part.take("registration-protocol") == word]
            words += [word for word in ("loose-binding",) if part.take(word)]
            words += ["reorder-headers"] if part.take("reorder-headers", True) else []
            flags = sum(VLAN_FLAGS[word] for word in words)
            yield "vlan", [*base, *part.pairs({"id": "id", "protocol": "protocol"}), ("flags", flags)]
        case "vxlan":
            words_of = {"id": "id", "local": "local", "remote": "remote", "learning": "learning"}
            yield "vxlan", [*base, *part.pairs({**words_of, "destination-port": "destination-port"})]
        case "vrf":
            yield "vrf", part.pairs({"route-table-id": "table"})
        case "veth":
            yield "veth", part.pairs({"peer": "peer"})
        case "mac-vlan" | "mac-vtap":
            mode = MACVLAN_MODES.get(str(part.take("mode")), 2)
            promiscuous = part.take("promiscuous", True)
            yield "macvlan", [*base, ("mode", mode), ("promiscuous", promiscuous), ("tap", type == "mac-vtap")]
        case "ipvlan":
            mode = IPVLAN_MODES.get(str(part.take("mode")), 2)
            flags_of: Pairs = [(word, True) for word in ("private", "vepa") if part.take(word)]
            yield "ipvlan", [*base, ("mode", mode), *flags_of]
        case "hsr":
            words_of = {"port1": "port1", "port2": "port2", "multicast-spec": "multicast-spec"}
            yield "hsr", [*part.pairs(words_of), ("prp", part.take("protocol") == "prp")]


def _bond_value(value: Any) -> object:
    numbers = {"delivered": 1, "dropped": 0, True: 1, False: 0}
    return numbers.get(value, value) if isinstance(value, str | bool) else value


def _port(name: str, state: State) -> Iterator[tuple[str, Pairs]]:
    """What a bridge or bond has for the port."""
    for controller in state.interfaces:
        bond = controller.peek("link-aggregation") or {}
        for each in bond.get("ports-config") or ():
            controller.part("link-aggregation").take("ports-config")
            if each.get("name") == name:
                words = {"queue-id": "queue-id", "priority": "prio"}
                yield "bond-port", [(word, each[key]) for key, word in words.items() if key in each]
        for each in (controller.peek("bridge") or {}).get("port") or ():
            if each.get("name") == name:
                words = {"stp-hairpin-mode": "hairpin-mode", "stp-path-cost": "path-cost", "stp-priority": "priority"}
                pairs: Pairs = [(word, each[key]) for key, word in words.items() if key in each]
                vlans = list(_vlans(each.get("vlan") or {}))
                yield "bridge-port", [*pairs, *([("vlans", ", ".join(vlans))] if vlans else [])]


def _vlans(vlan: Mapping[str, Any]) -> Iterator[str]:
    if vlan.get("tag") and (vlan.get("mode") == "access" or vlan.get("enable-native")):
        yield f"{vlan['tag']} pvid untagged"
    yield from vlan_ranges(vlan.get("trunk-tags") or ())


def _ip(stack: Part, family: int, name: str, state: State, is_awaited: bool) -> Pairs:
    is_on, dhcp, autoconf = bool(stack.take("enabled")), bool(stack.take("dhcp")), bool(stack.take("autoconf"))
    addresses = static(stack.take("address", ())) if is_on else []
    stack.take("allow-extra-address")
    if not is_on:
        return [("method", "disabled")]
    method = (
        "auto" if autoconf or (dhcp and family == 4) else "dhcp" if dhcp else "manual" if addresses else "link-local"
    )
    pairs: Pairs = [("method", method)]
    pairs += [("may-fail", False)] if is_awaited else []
    pairs += [(f"address{number}", each) for number, each in enumerate(addresses, 1)]
    pairs += _automatic(stack, family)
    if (mode := stack.take("addr-gen-mode")) in ("eui64", "stable-privacy"):
        pairs.append(("addr-gen-mode", mode))
    pairs += stack.pairs({"token": "token"})
    pairs += list(_routes(name, family, state))
    pairs += list(_rules(name, family, state))
    if name == _resolving(state):
        servers = [each for each in state.dns.take("server", ()) if (":" in each) == (family == 6)]
        pairs += [("dns", servers)] if servers else []
        search = state.dns.take("search", [])
        pairs += [("dns-search", search)] if search else []
        options = state.dns.take("options", [])
        pairs += [("dns-options", options)] if options else []
    return pairs


def _automatic(stack: Part, family: int) -> Pairs:
    pairs: Pairs = []
    for key, word in {
        "auto-dns": "ignore-auto-dns",
        "auto-routes": "ignore-auto-routes",
        "auto-gateway": "never-default",
    }.items():
        if stack.take(key, True) is False:
            pairs.append((word, True))
    words = {"auto-route-table-id": "route-table", "auto-route-metric": "route-metric", "dhcp-duid": "dhcp-duid"}
    pairs += stack.pairs({**words, "dhcp-send-hostname": "dhcp-send-hostname", "dhcp-custom-hostname": "dhcp-hostname"})
    client = {"ll": "mac", "iaid+duid": "duid"}
    if (identifier := stack.take("dhcp-client-id")) is not None:
        pairs.append(("dhcp-client-id", client.get(identifier, identifier)))
    return pairs


def _resolving(state: State) -> str:
    """Which profile has the name servers: that of the default route, else the first."""
    ways_out = [each for each in state.routes if each.peek("destination") in ("0.0.0.0/0", "::/0")]
    names = [str(each.peek("next-hop-interface")) for each in ways_out]
    return next((name for name in [*names, *state.types] if name in state.types), "")


def _routes(name: str, family: int, state: State) -> Iterator[tuple[str, object]]:
    number = 0
    for route in state.routes:
        destination = str(route.peek("destination") or "")
        if route.peek("next-hop-interface") != name or (":" in destination) != (family == 6):
            continue
        number += 1
        route.take("destination"), route.take("next-hop-interface")
        gateway, metric = route.take("next-hop-address"), route.take("metric")
        words = [destination]
        if gateway and gateway not in ("0.0.0.0", "::"):
            words.append(gateway)
        if metric not in (None, -1, 0):
            words += [*([] if len(words) > 1 else ["0.0.0.0" if family == 4 else "::"]), str(metric)]
        yield f"route{number}", ",".join(words)
        options = [f"table={table}"] if (table := route.take("table-id")) not in (None, 0, 254) else []
        options += [f"src={source}"] if (source := route.take("source")) else []
        options += [f"weight={weight}"] if (weight := route.take("weight")) else []
        options += [f"{key}={value_text(value)}" for key, value in route.pairs(METRIC)]
        if options:
            yield f"route{number}_options", ",".join(options)


def _rules(name: str, family: int, state: State) -> Iterator[tuple[str, object]]:
    """Rules stand with the first profile that has a route in their table, else with the first of all."""
    number = 0
    for rule in state.rules:
        words = [str(rule.peek(key) or "") for key in ("ip-from", "ip-to", "family")]
        is_v6 = ":" in words[0] + words[1] or words[2] == "ipv6"
        table = rule.peek("route-table")
        links = [each.peek("next-hop-interface") for each in state.routes if each.peek("table-id") == table]
        home = next((link for link in links if link in state.types), next(iter(state.types), ""))
        if is_v6 != (family == 6) or home != name or rule.peek("action"):
            continue
        number += 1
        rule.take("family")
        mask = rule.take("fwmask")
        text = [f"priority {rule.take('priority', 29999 + number)}"]
        text += [f"from {rule.take('ip-from')}"] if rule.peek("ip-from") else []
        text += [f"to {rule.take('ip-to')}"] if rule.peek("ip-to") else []
        text += [f"fwmark {rule.take('fwmark')}" + (f"/{mask}" if mask else "")] if rule.peek("fwmark") else []
        text += [f"iif {rule.take('iif')}"] if rule.peek("iif") else []
        text += [f"table {rule.take('route-table', 254)}"]
        yield f"routing-rule{number}", " ".join(text)
