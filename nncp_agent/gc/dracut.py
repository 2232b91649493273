"""dracut: kernel arguments with which an initramfs, or an installer, brings the network up (dracut.cmdline(7)).

Two programs read them, dracut's own scripts and NetworkManager's nm-initrd-generator; what only one of them takes as it
is meant is said with what is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_interface
from typing import Final

from nncp_agent.gc.base import Generated, Part, State, ports, static

FILE: Final = "cmdline"
MADE: Final = ("bond", "linux-bridge", "vlan")
THERE: Final = ("ethernet", "veth", "loopback", "unknown")


def generate(state: State) -> Generated:
    """One line in one file: what is made, from below upwards in dracut's own order, then the addresses."""
    words: list[str] = []
    for iface in state.interfaces:
        type = state.types[str(iface.peek("name"))]
        if type == "vlan" and (why := _misnamed(iface)):
            state.skip(iface, why)
        elif type in MADE:
            words.append(_made(iface, type, state))
        elif type not in THERE:
            state.skip(iface, f"dracut makes no {type}")
    for iface in state.written():
        if state.types[str(iface.peek("name"))] in (*MADE, *THERE):
            words += _addresses(iface, state)
    words += [f"nameserver={_bracketed(each)}" for each in state.dns.take("server", ())]
    words += [f"rd.route={each}" for each in _routes(state)]
    files = {FILE: " ".join(words) + "\n"} if words else {}
    return state.done(files)


def _misnamed(iface: Part) -> str:
    """Why dracut would make another VLAN: it takes the id from the name."""
    id, base = iface.peek("vlan").get("id"), iface.peek("vlan").get("base-iface")
    if re.fullmatch(rf"(vlan|{re.escape(str(base))}\.)0*{id}", iface.peek("name")):
        return ""
    return f"dracut takes a VLAN's id from its name: call it {base}.{id}"


def _made(iface: Part, type: str, state: State) -> str:
    name, mtu = iface.peek("name"), f":{iface.take('mtu')}" if iface.peek("mtu") else ""
    if type == "vlan":
        part = iface.part("vlan")
        part.take("id")
        return f"vlan={name}:{part.take('base-iface')}"
    if type == "bond":
        bond, options = iface.part("link-aggregation"), iface.part("link-aggregation").part("options")
        listed = ",".join(ports({"type": type, "link-aggregation": {"port": bond.take("port", ())}}))
        stated = [f"mode={bond.take('mode')}"]
        stated += [f"{key}={_option(key, options.take(key))}" for key in options.stated()]
        if any(";" in each for each in stated):
            state.left_out.append(f"{name}: several arp_ip_target: NetworkManager takes one, dracut's own scripts all")
        return f"bond={name}:{listed}:{','.join(stated)}{mtu}"
    listed_ports = iface.part("bridge").take("port", ())
    state.left_out += [
        f"{name}: bridge.port[{each['name']}].{key}: no word for it there"
        for each in listed_ports
        for key in each
        if key != "name" and each[key]
    ]
    return f"bridge={name}:{','.join(each['name'] for each in listed_ports)}"


def _option(key: str, value: object) -> str:
    """As /sys takes it. A comma parts options, so items of a list (arp_ip_target) are parted by a semicolon."""
    if key == "all_slaves_active":
        return "1" if value in ("delivered", True) else "0"
    return str(int(value)) if isinstance(value, bool) else str(value).replace(",", ";")


def _addresses(iface: Part, state: State) -> Iterator[str]:
    name = str(iface.take("name"))
    if iface.peek("wait-ip") == "any":  # as it waits by itself
        iface.take("wait-ip")
    if iface.take("identifier") == "mac-address":
        yield f"ifname={name}:{str(iface.peek('mac-address')).lower()}"
        iface.take("mac-address")
    elif iface.peek("identifier") not in (None, "name"):
        iface.leave("identifier")
    controller = iface.peek("controller") or state.controllers.get(name)
    for key in ("type", "state", "controller"):
        iface.take(key)
    tail = _tail(iface)
    v4, v6 = iface.part("ipv4"), iface.part("ipv6")
    on = {stack: bool(stack.take("enabled")) for stack in (v4, v6)}
    asked = ["dhcp"] if on[v4] and v4.take("dhcp") else []
    asked += ["dhcp6"] if on[v6] and v6.take("dhcp") else ["auto6"] if on[v6] and v6.take("autoconf") else []
    several = ":::::" if len(asked) > 1 else ""  # dracut's scripts take two ways in the long form only
    words = [f"ip={several}{name}:{','.join(asked)}{tail}"] if asked else []
    for stack, family in ((v4, 4), (v6, 6)):
        for number, address in enumerate(static(stack.take("address", ())) if on[stack] else ()):
            gateway = _gateway(name, family, state) if not number else ""
            where = ip_interface(address)
            mask = str(where.netmask) if family == 4 else str(where.network.prefixlen)
            host = state.hostname.partition(".")[0] if not number else ""
            words.append(f"ip={_bracketed(str(where.ip))}::{_bracketed(gateway)}:{mask}:{host}:{name}:none{tail}")
    if len(words) > 1:
        state.left_out.append(f"{name}: a second ip=, at which dracut's own scripts stop: NetworkManager takes it")
    if not words and state.types[name] in MADE and not controller:
        state.left_out.append(f"{name}: that it has no address: NetworkManager then asks by DHCP")
    yield from words


def _tail(iface: Part) -> str:
    """`[:MTU][:MAC]`."""
    mtu, mac = iface.take("mtu"), iface.take("mac-address")
    return f":{mtu or ''}" + (f":{mac.lower()}" if mac else "") if mtu or mac else ""


def _gateway(name: str, family: int, state: State) -> str:
    for route in state.routes:
        everywhere = "0.0.0.0/0" if family == 4 else "::/0"
        if route.peek("destination") == everywhere and route.peek("next-hop-interface") == name:
            for key in ("destination", "next-hop-interface"):
                route.take(key)
            if route.peek("metric") in (None, 0, -1):
                route.take("metric")
            if route.peek("table-id") in (None, 0, 254):
                route.take("table-id")
            return str(route.take("next-hop-address", ""))
    return ""


def _routes(state: State) -> Iterator[str]:
    """The others; what has a table, a metric or a type of its own is left out."""
    for route in state.routes:
        if route.peek("destination") in ("0.0.0.0/0", "::/0") or route.peek("route-type"):
            continue
        destination, gateway = str(route.take("destination")), str(route.take("next-hop-address", ""))
        link = route.take("next-hop-interface", "")
        for key in ("metric", "table-id"):
            if route.peek(key) in (None, 0, -1, 254):
                route.take(key)
        yield f"{_bracketed(destination)}:{_bracketed(gateway)}" + (f":{link}" if link else "")


def _bracketed(address: str) -> str:
    """IPv6 has colons of its own."""
    inner, slash, prefix = address.partition("/")
    return f"[{address}]" if ":" in inner and slash else f"[{inner}]{slash}{prefix}" if ":" in inner else address
