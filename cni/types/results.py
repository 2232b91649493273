"""What a plugin found or made: interfaces, addresses, routes, DNS; one value, whatever version it is written in.

The value has the form of 1.x (CNI specification 1.1.0, section 5, "ADD Success"). Older forms lose what they have no
place for; `read` and `written` convert as the Go library does (containernetworking/cni, pkg/types/{020,040,100}).
"""

from __future__ import annotations

import _socket as socket
from collections.abc import Mapping, Sequence

from cni.types import go_json
from cni.types.errors import INCOMPATIBLE_VERSION, INTERNAL, UNDECODABLE, CniError
from cni.types.go_json import Integer, Misfit, Plain, Several, Structure, Text
from cni.types.versions import SUPPORTED, UNSTATED, is_at_least
from netkernel.frozen import Frozen, replace
from netkernel.typed import Any, Final

__all__ = ["NO_DNS", "Dns", "Interface", "Ip", "Result", "Route", "cidr", "read", "replace", "written"]


class Interface(Frozen):
    """`sandbox` is the namespace's path as the runtime gave it; empty for one on the host."""

    name: str
    mac: str = ""
    mtu: int = 0
    sandbox: str = ""
    socket_path: str = ""
    pci_id: str = ""


class Ip(Frozen):
    """`address` is in CIDR form, `interface` a position in the result's interfaces."""

    address: str
    gateway: str = ""
    interface: int | None = None

    @property
    def family(self) -> int:
        return 6 if ":" in self.address else 4


class Route(Frozen):
    """`scope` is one of `RT_SCOPE_*` (linux/rtnetlink.h)."""

    dst: str
    gw: str = ""
    mtu: int = 0
    advmss: int = 0
    priority: int = 0
    table: int | None = None
    scope: int | None = None

    @property
    def family(self) -> int:
        return 6 if ":" in self.dst else 4


class Dns(Frozen):
    nameservers: Sequence[str] = ()
    domain: str = ""
    search: Sequence[str] = ()
    options: Sequence[str] = ()


NO_DNS: Final = Dns()


class Result(Frozen):
    interfaces: Sequence[Interface] = ()
    ips: Sequence[Ip] = ()
    routes: Sequence[Route] = ()
    dns: Dns = NO_DNS


def _several(of: go_json.Shape, go: str) -> Several:
    return Several(of, f"[]{go}")


_TEXTS: Final = _several(Text(), "string")
DNS_SHAPE: Final = Structure(
    "DNS", {"nameservers": _TEXTS, "domain": Text(), "search": _TEXTS, "options": _TEXTS}, "types.DNS"
)
_ROUTE: Final = Structure(
    "Route",
    {
        "dst": Text(),
        "gw": Text(),
        "mtu": Integer(),
        "advmss": Integer(),
        "priority": Integer(),
        "table": Integer(),
        "scope": Integer(),
    },
    "types.Route",
)
_INTERFACE: Final = Structure(
    "Interface",
    {"name": Text(), "mac": Text(), "mtu": Integer(), "sandbox": Text(), "socketPath": Text(), "pciID": Text()},
    "types100.Interface",
)
_IP: Final = Structure(
    "IPConfig", {"address": Text(), "gateway": Text(), "interface": Integer(), "version": Text()}, "types100.IPConfig"
)
_NEW_FORM: Final = Structure(
    "Result",
    {
        "cniVersion": Text(),
        "interfaces": _several(_INTERFACE, "*types100.Interface"),
        "ips": _several(_IP, "*types100.IPConfig"),
        "routes": _several(_ROUTE, "*types.Route"),
        "dns": DNS_SHAPE,
    },
)
_OLD_IP: Final = Structure(
    "IPConfig", {"ip": Text(), "gateway": Text(), "routes": _several(_ROUTE, "types.Route")}, "types020.IPConfig"
)
_OLD_FORM: Final = Structure("Result", {"cniVersion": Text(), "ip4": _OLD_IP, "ip6": _OLD_IP, "dns": DNS_SHAPE})


def version_of(value: Plain) -> str:
    """The version a result says that it is in; 0.1.0 when it says nothing. Raises CniError for one that is no text."""
    try:
        return str(go_json.fitted(value, Structure("", {"cniVersion": Text()})).get("cniVersion", "")) or UNSTATED
    except Misfit as misfit:
        raise CniError(UNDECODABLE, f"decoding version from network config: {misfit}") from None


def read(value: Plain, version: str) -> Result:
    """The result in a decoded JSON value that is in `version`. Raises CniError for what is none."""
    if version not in SUPPORTED:
        raise CniError(INCOMPATIBLE_VERSION, f'unsupported CNI result version "{version}"')
    try:
        if not is_at_least(version, "0.3.0"):
            return _from_old(go_json.fitted(value, _OLD_FORM))
        return _from_new(go_json.fitted(value, _NEW_FORM))
    except Misfit as misfit:
        raise CniError(UNDECODABLE, str(misfit), misfit.where) from None


def written(result: Result, version: str) -> dict[str, Any]:
    """The result as a plain value in a supported version. Raises CniError when that version cannot say it."""
    if not is_at_least(version, "0.3.0"):
        return _to_old(result, version)
    is_newest = is_at_least(version, "1.0.0")
    made: dict[str, Any] = {"cniVersion": version}
    if result.interfaces:
        made["interfaces"] = [_interface(each, is_newest) for each in result.interfaces]
    if result.ips:
        made["ips"] = [_ip(each, is_newest) for each in result.ips]
    if result.routes:
        made["routes"] = [_route(each) for each in result.routes]
    if result.dns != NO_DNS or not is_newest:
        made["dns"] = _dns(result.dns)
    return made


def cidr(text: str) -> str:
    """An address with its prefix length, in the form that everybody prints (RFC 5952). Raises Misfit as Go says it."""
    address, separator, prefix = text.partition("/")
    spoken = _address(address) if separator else ""
    most = 128 if ":" in spoken else 32
    is_short = prefix.isascii() and prefix.isdigit() and len(prefix) <= 3
    if not spoken or not is_short or int(prefix) > most or prefix != str(int(prefix)):
        raise Misfit(f"invalid CIDR address: {text}")
    return f"{spoken}/{prefix}"


def _address(text: str) -> str:
    """The address in its canonical form, empty for what is none."""
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    try:
        return socket.inet_ntop(family, socket.inet_pton(family, text))
    except (OSError, ValueError):
        return ""


def _gateway(text: str) -> str:
    if text and not (spoken := _address(text)):
        raise Misfit(f"invalid IP address: {text}")
    return spoken if text else ""


def _from_new(found: Mapping[str, Any]) -> Result:
    return Result(
        interfaces=tuple(
            Interface(
                each.get("name", ""),
                each.get("mac", ""),
                each.get("mtu", 0),
                each.get("sandbox", ""),
                each.get("socketPath", ""),
                each.get("pciID", ""),
            )
            for each in found.get("interfaces", ())
        ),
        ips=tuple(
            Ip(cidr(each.get("address", "")), _gateway(each.get("gateway", "")), each.get("interface"))
            for each in found.get("ips", ())
        ),
        routes=_routes(found),
        dns=dns(found.get("dns", {})),
    )


def _from_old(found: Mapping[str, Any]) -> Result:
    of_family = [found[key] for key in ("ip4", "ip6") if key in found]
    return Result(
        ips=tuple(Ip(cidr(each.get("ip", "")), _gateway(each.get("gateway", ""))) for each in of_family),
        routes=tuple(route for each in of_family for route in _routes(each)),
        dns=dns(found.get("dns", {})),
    )


def _routes(found: Mapping[str, Any]) -> tuple[Route, ...]:
    return tuple(
        Route(
            cidr(each.get("dst", "")),
            _gateway(each.get("gw", "")),
            each.get("mtu", 0),
            each.get("advmss", 0),
            each.get("priority", 0),
            each.get("table"),
            each.get("scope"),
        )
        for each in found.get("routes", ())
    )


def dns(found: Mapping[str, Any]) -> Dns:
    """The value of a fitted `dns`."""
    lists = {key: tuple(found.get(key, ())) for key in ("nameservers", "search", "options")}
    return Dns(lists["nameservers"], found.get("domain", ""), lists["search"], lists["options"])


def _stated(**values: Any) -> dict[str, Any]:
    return {
        key: value for key, value in values.items() if value or (value == 0 and key in ("interface", "table", "scope"))
    }


def _interface(each: Interface, is_newest: bool) -> dict[str, Any]:
    made = _stated(mac=each.mac, mtu=each.mtu if is_newest else 0, sandbox=each.sandbox)
    if is_newest:
        made |= _stated(socketPath=each.socket_path, pciID=each.pci_id)
    return {"name": each.name, **made}


def _ip(each: Ip, is_newest: bool) -> dict[str, Any]:
    version = {} if is_newest else {"version": str(each.family)}
    place = {} if each.interface is None else {"interface": each.interface}
    return {**version, **place, "address": each.address, **_stated(gateway=each.gateway)}


def _route(each: Route) -> dict[str, Any]:
    made = _stated(gw=each.gw, mtu=each.mtu, advmss=each.advmss, priority=each.priority)
    made |= {key: value for key, value in (("table", each.table), ("scope", each.scope)) if value is not None}
    return {"dst": each.dst, **made}


def _dns(each: Dns) -> dict[str, Any]:
    lists = {key: list(getattr(each, key)) for key in ("nameservers", "search", "options")}
    made = _stated(nameservers=lists["nameservers"], domain=each.domain, search=lists["search"])
    return {**made, **_stated(options=lists["options"])}


def _to_old(result: Result, version: str) -> dict[str, Any]:
    made: dict[str, Any] = {"cniVersion": version}
    for key, family in (("ip4", 4), ("ip6", 6)):
        first = next((each for each in result.ips if each.family == family), None)
        if first is None:
            continue
        routes = [_stated(dst=each.dst, gw=each.gw) for each in result.routes if each.family == family]
        made[key] = {"ip": first.address, **_stated(gateway=first.gateway, routes=routes)}
    if not made.keys() & {"ip4", "ip6"}:
        lost = "results before 0.3.0 hold addresses and nothing else"
        raise CniError(INTERNAL, "cannot convert: no valid IP addresses", lost)
    return {**made, "dns": _dns(result.dns)}
