"""systemd-networkd: a .netdev for what is made, a .network for everything (systemd.netdev(5), systemd.network(5))."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from nncp_agent.gc import networkd_netdev
from nncp_agent.gc.base import Generated, Pairs, Part, Sections, State, ini, static, vlan_ranges

PREFIX: Final = "50-nncp-"
CONTROLLERS: Final = {"bond": "Bond", "linux-bridge": "Bridge", "vrf": "VRF"}
ABOVE: Final = {
    "vlan": "VLAN", "mac-vlan": "MACVLAN", "mac-vtap": "MACVTAP", "ipvlan": "IPVLAN", "vxlan": "VXLAN",
}  # fmt: skip
ROUTE: Final = {
    "destination": "Destination", "metric": "Metric", "table-id": "Table", "source": "PreferredSource",
    "route-type": "Type", "initcwnd": "InitialCongestionWindow", "initrwnd": "InitialAdvertisedReceiveWindow",
    "mtu": "MTUBytes", "quickack": "QuickAck", "advmss": "TCPAdvertisedMaximumSegmentSize",
}  # fmt: skip
RULE: Final = {
    "priority": "Priority", "ip-from": "From", "ip-to": "To", "route-table": "Table", "iif": "IncomingInterface",
    "suppress-prefix-length": "SuppressPrefixLength", "action": "Type",
}  # fmt: skip
GENERATED: Final = "# written by nncp gc\n"


def generate(state: State) -> Generated:
    """Two files at most for each interface."""
    files: dict[str, str] = {}
    for iface in state.interfaces:
        name = iface.take("name")
        netdev = networkd_netdev.sections(iface, state.types[name])
        if netdev is None:
            state.skip(iface, f"networkd makes no {state.types[name]}")
            continue
        if netdev:
            files[f"{PREFIX}{name}.netdev"] = GENERATED + ini(netdev)
        files[f"{PREFIX}{name}.network"] = GENERATED + ini(_network(iface, name, state))
        for peer in [each for section, pairs in netdev if section == "Peer" for key, each in pairs if key == "Name"]:
            files.setdefault(f"{PREFIX}{peer}.network", GENERATED + ini([("Match", [("Name", peer)])]))
    for base in sorted(state.above.keys() - state.types.keys()):
        words = ", ".join(f"{ABOVE[type]}={name}" for type, name in state.above[base] if type in ABOVE)
        state.left_out.append(f"{base}: no interface of the state: its .network needs {words} in [Network]")
    if state.hostname:
        state.left_out.append("hostname: write it to /etc/hostname")
    return state.done(files)


def _match(iface: Part, name: str, by: str | None, mac: str | None) -> Pairs:
    """Which link it is; `Name` is compared with alternative names, too."""
    match by:
        case "mac-address":
            return [("PermanentMACAddress", mac)]
        case "pci-address":
            return [("Path", f"pci-{iface.take(by)}")]
        case "driver":
            return [("Driver", iface.take(by))]
        case "alt-name":
            return [("Name", iface.take(by))]
    return [("Name", iface.take("name") or name)]


def _network(iface: Part, name: str, state: State) -> Sections:
    by = iface.take("identifier")
    by_mac, mac = by == "mac-address", iface.take("mac-address")
    match = _match(iface, name, by, mac)
    is_made = state.types[name] in networkd_netdev.KINDS
    link: Pairs = [("MACAddress", mac)] if mac and not by_mac and not is_made else []
    link += iface.pairs({"mtu": "MTUBytes"})
    if iface.take("accept-all-mac-addresses"):
        link.append(("Promiscuous", True))
    if waits := iface.take("wait-ip"):
        link.append(("RequiredFamilyForOnline", "both" if waits == "ipv4+ipv6" else waits))
    if iface.take("state") == "down":
        link.append(("ActivationPolicy", "down"))
    iface.take("type"), iface.take("controller"), iface.take("profile-name")
    network, further = _addressing(iface, name, state)
    return [
        ("Match", match),
        ("Link", link),
        ("Network", [*_place(iface, name, state), *network]),
        *further,
        *_port(name, state),
        *_routes(name, state),
        *_rules(name, state),
    ]


def _place(iface: Part, name: str, state: State) -> Pairs:
    """What it belongs to, and what sits on it."""
    pairs = iface.pairs({"description": "Description"})
    if (listens := iface.part("lldp").take("enabled")) is not None:
        pairs.append(("LLDP", bool(listens)))
    controller = state.controllers.get(name)
    if controller in state.types and state.types[controller] in CONTROLLERS:
        pairs.append((CONTROLLERS[state.types[controller]], controller))
    pairs += [(ABOVE[type], above) for type, above in state.above.get(name, ()) if type in ABOVE]
    if name in networkd_netdev.primaries(state):
        pairs.append(("PrimarySlave", True))
    return pairs


def _addressing(iface: Part, name: str, state: State) -> tuple[Pairs, Sections]:
    v4, v6 = iface.part("ipv4"), iface.part("ipv6")
    is_on = {4: bool(v4.take("enabled")), 6: bool(v6.take("enabled"))}
    dhcp = {4: bool(v4.take("dhcp")) and is_on[4], 6: bool(v6.take("dhcp")) and is_on[6]}
    listens = is_on[6] and (bool(v6.take("autoconf")) or dhcp[6])
    v6.take("autoconf")
    modes = {(True, True): "yes", (True, False): "ipv4", (False, True): "ipv6"}
    pairs: Pairs = [("DHCP", modes[dhcp[4], dhcp[6]])] if any(dhcp.values()) else []
    pairs += [("LinkLocalAddressing", "ipv6" if is_on[6] else "no"), ("IPv6AcceptRA", listens)]
    mode = v6.take("addr-gen-mode")
    if is_on[6] and mode in ("eui64", "stable-privacy"):
        pairs.append(("IPv6LinkLocalAddressGenerationMode", mode))
    for stack, family in ((v4, 4), (v6, 6)):
        addresses = static(stack.take("address", ()))
        pairs += [("Address", each) for each in addresses] if is_on[family] else []
        stack.take("allow-extra-address")
    if name == _resolving(state):
        pairs += [("DNS", each) for each in state.dns.take("server", ())]
        pairs += [("Domains", state.dns.take("search"))] if state.dns.take("search") else []
    sections = (("DHCPv4", _from_dhcp4(v4)), ("DHCPv6", _from_dhcp6(v6)), ("IPv6AcceptRA", _from_routers(v6)))
    return pairs, [section for section in sections if section[1]]


def _from_dhcp4(stack: Part) -> Pairs:
    """What of a DHCP server's answer is used; what is not said is."""
    words = {"auto-dns": "UseDNS", "auto-gateway": "UseGateway", "auto-routes": "UseRoutes"}
    pairs: Pairs = [(name, False) for key, name in words.items() if stack.take(key, True) is False]
    pairs += stack.pairs({"auto-route-table-id": "RouteTable", "auto-route-metric": "RouteMetric"})
    pairs += stack.pairs({"dhcp-send-hostname": "SendHostname", "dhcp-custom-hostname": "Hostname"})
    identifiers = {"ll": "mac", "iaid+duid": "duid"}
    if (client := stack.take("dhcp-client-id")) in identifiers:
        pairs.append(("ClientIdentifier", identifiers[client]))
    elif client:
        stack.leave("dhcp-client-id")
    return pairs


def _from_dhcp6(stack: Part) -> Pairs:
    pairs: Pairs = [("UseDNS", False)] if stack.peek("auto-dns") is False else []
    pairs += stack.pairs({"dhcp-send-hostname": "SendHostname", "dhcp-custom-hostname": "Hostname"})
    duids = {"ll": "link-layer", "llt": "link-layer-time", "en": "vendor", "uuid": "uuid"}
    if (duid := stack.take("dhcp-duid")) in duids:
        pairs.append(("DUIDType", duids[duid]))
    elif duid:
        stack.leave("dhcp-duid")
    return pairs


def _from_routers(stack: Part) -> Pairs:
    words = {"auto-dns": "UseDNS", "auto-gateway": "UseGateway", "auto-routes": "UseRoutePrefix"}
    pairs: Pairs = [(name, False) for key, name in words.items() if stack.take(key, True) is False]
    return pairs + stack.pairs(
        {"auto-route-table-id": "RouteTable", "auto-route-metric": "RouteMetric", "token": "Token"}
    )


def _resolving(state: State) -> str:
    """Whose name servers they are: of the link of the default route, else of the first that has a name."""
    ways_out = [each for each in state.routes if each.peek("destination") in ("0.0.0.0/0", "::/0")]
    names = [str(each.peek("next-hop-interface")) for each in ways_out]
    return next((name for name in [*names, *state.types] if name in state.types), "")


def _port(name: str, state: State) -> Iterator[tuple[str, Pairs]]:
    """Settings that a bridge has for the port."""
    for bridge in state.interfaces:
        for port in [Part(each, "") for each in (bridge.peek("bridge") or {}).get("port") or ()]:
            if port.take("name") != name:
                continue
            words = {"stp-hairpin-mode": "HairPin", "stp-path-cost": "Cost", "stp-priority": "Priority"}
            yield "Bridge", port.pairs(words)
            yield from _vlans(port.take("vlan") or {})


def _vlans(vlan: Mapping[str, Any]) -> Iterator[tuple[str, Pairs]]:
    native = vlan.get("tag") if vlan.get("mode") == "access" or vlan.get("enable-native") else None
    if native:
        yield "BridgeVLAN", [("VLAN", native), ("PVID", native), ("EgressUntagged", native)]
    for each in vlan_ranges(vlan.get("trunk-tags") or ()):
        yield "BridgeVLAN", [("VLAN", each)]


def _routes(name: str, state: State) -> Iterator[tuple[str, Pairs]]:
    """Each route of the interface; one with several legs is with the first of them."""
    legs: dict[tuple[Any, ...], list[Part]] = {}
    for route in state.routes:
        key = tuple(route.peek(each) for each in ("destination", "table-id", "metric"))
        legs.setdefault(key, []).append(route)
    for several in legs.values():
        first = several[0]
        if first.peek("next-hop-interface") != name and not (name == "lo" and first.peek("route-type")):
            continue
        pairs = [(key, value) for key, value in first.pairs(ROUTE) if not (key == "Table" and value in (0, 254))]
        pairs = [(key, value) for key, value in pairs if not (key == "Metric" and value in (0, -1))]
        yield "Route", [*pairs, *_hops(several)]


def _hops(legs: list[Part]) -> Pairs:
    found: Pairs = []
    for leg in legs:
        address, link, weight = leg.take("next-hop-address"), leg.take("next-hop-interface"), leg.take("weight")
        if len(legs) > 1:
            leg.pairs(ROUTE)
            found.append(("MultiPathRoute", f"{address}@{link}" + (f" {weight}" if weight else "")))
        elif address and address not in ("0.0.0.0", "::"):
            found.append(("Gateway", address))
    return found


def _rules(name: str, state: State) -> Iterator[tuple[str, Pairs]]:
    """Rules have no link: they stand with the first that has a route in their table, else with the first of all."""
    for rule in state.rules:
        table = rule.peek("route-table")
        links = [route.peek("next-hop-interface") for route in state.routes if route.peek("table-id") == table]
        if next((link for link in links if link in state.types), next(iter(state.types), "")) != name:
            continue
        family = rule.take("family")
        pairs = rule.pairs(RULE)
        mark, mask = rule.take("fwmark"), rule.take("fwmask")
        if mark is not None:
            pairs.append(("FirewallMark", mark if mask is None else f"{mark}/{mask}"))
        yield "RoutingPolicyRule", [*pairs, *([("Family", family)] if family else [])]
