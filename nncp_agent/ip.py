"""What may be said in `ipv4` and `ipv6` of an interface (nmstate.md 4.1), for static addresses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from netkernel.packets import duids, names
from netkernel.records import FOREVER, MAIN_TABLE
from nncp_agent.errors import Problem
from nncp_agent.model import IpAddress, IpStack

Path = tuple[str | int, ...]

DISABLED: Final = IpStack(enabled=False)
LONGEST: Final = {4: 32, 6: 128}
_ONLY: Final = {"autoconf": 6, "addr_gen_mode": 6, "token": 6, "privacy": 6, "dhcp_duid": 6, "dhcp_client_id": 4}
_AUTOMATIC: Final = (
    "auto_dns", "auto_gateway", "auto_routes", "auto_route_table_id", "auto_route_metric",
    "dhcp_client_id", "dhcp_duid", "dhcp_send_hostname", "dhcp_custom_hostname",
)  # fmt: skip
"""What they say counts only together with DHCP or autoconf."""
_OF_ROUTERS: Final = ("token", "privacy")
"""Only with autoconf."""
_OF_CLIENTS: Final = tuple([field for field in _AUTOMATIC if field.startswith("dhcp_")])
"""Only with DHCP."""


def problems(stack: IpStack, family: int, path: str) -> Iterator[Problem]:
    """What is wrong with `stack`; `path` is where it stands, as in `bond1: ipv4`."""
    for inner, message in faults(stack, family):
        yield Problem("".join([path, *(f"[{key}]" if isinstance(key, int) else f".{key}" for key in inner)]), message)


def faults(stack: IpStack, family: int) -> Iterator[tuple[Path, str]]:
    """What is wrong and where in the stack; `family` is 4 or 6. A disabled stack may say anything."""
    for field, only in _ONLY.items():
        if getattr(stack, field) is not None and only != family and not (field == "autoconf" and not stack.autoconf):
            yield (field.replace("_", "-"),), f"belongs to ipv{only}, wanted in ipv{family}: no such key"
    if stack.enabled is False:
        return
    if (duid := stack.dhcp_duid) and family == 6 and not _is_duid(duid):
        yield ("dhcp-duid",), f"found {duid[:40]!r}, wanted ll, llt, en, uuid, or 3 to 130 bytes like 00:04:12:34:56"
    if (name := stack.dhcp_custom_hostname) and not _is_host_name(name):
        yield ("dhcp-custom-hostname",), f"found {name[:40]!r}, wanted a host name like node7 or node7.example.org"
    if family == 6 and stack.token and stack.autoconf is False:
        yield (
            ("token",),
            f"found {stack.token} and autoconf false, wanted autoconf true: a token is half of its addresses",
        )
    if family == 6 and stack.autoconf and stack.auto_route_table_id not in (None, 0, MAIN_TABLE):
        words = "the kernel keeps them in the main table, or that of the interface's VRF, wanted 0"
        yield ("auto-route-table-id",), f"found {stack.auto_route_table_id} for routes from routers: {words}"
    yield from _addresses(stack, family)


def normalise(stack: IpStack, family: int) -> IpStack:
    """What of it is asked for: nothing beside `enabled: false`, no link-local addresses, none that is over already,
    nothing of DHCP's where there is none.
    """
    if stack.enabled is False:
        return DISABLED
    changes: dict[str, object] = {}
    is_off = stack.autoconf is False and not stack.dhcp if family == 6 else stack.dhcp is False
    if is_off:
        fields = (*_AUTOMATIC, *_OF_ROUTERS) if family == 6 else _AUTOMATIC
        changes |= {field: None for field in fields if getattr(stack, field) is not None}
    if stack.dhcp is False:
        changes |= {field: None for field in _OF_CLIENTS if getattr(stack, field) is not None}
    if family == 6 and stack.autoconf and stack.auto_route_table_id is not None:
        changes["auto_route_table_id"] = None  # the only one that there is
    if (stack.dhcp or (stack.autoconf and family == 6)) and stack.enabled is None:
        changes["enabled"] = True
    if stack.addr_gen_mode == "other":
        changes["addr_gen_mode"] = None
    if family == 4 and stack.autoconf is not None:
        changes["autoconf"] = None
    if stack.address is not None:
        changes["address"] = tuple(
            replace(each, valid_life_time=None) if each.valid_life_time == "forever" else each
            for each in stack.address
            if each.valid_life_time != "0sec" and not is_link_local(each)
        )
    return replace(stack, **changes) if changes else stack


def expires(address: IpAddress) -> bool:
    """Whether it has a finite lifetime ("30sec")."""
    return address.valid_life_time not in (None, "forever")


def is_lent(address: IpAddress, stack: IpStack, family: int) -> bool:
    """Whether the network gives and takes it, and no policy can: it expires, where DHCP or autoconf is on."""
    return expires(address) and bool(stack.dhcp or (family == 6 and stack.autoconf))


def seconds(lifetime: str | None) -> int:
    """How long an address is valid or preferred; FOREVER where nothing is said."""
    return FOREVER if lifetime in (None, "forever") else int(lifetime.removesuffix("sec"))


def is_link_local(address: IpAddress) -> bool:
    """Whether it is in fe80::/10."""
    return address.ip[:3] in ("fe8", "fe9", "fea", "feb") and ":" in address.ip


def _is_host_name(text: str) -> bool:
    return bool(names.name(text.encode()))


def _is_duid(word: str) -> bool:
    return word in ("ll", "llt", "en", "uuid") or bool(duids.read(word))


def _addresses(stack: IpStack, family: int) -> Iterator[tuple[Path, str]]:
    seen: set[tuple[str, int]] = set()
    for position, each in enumerate(stack.address or ()):
        found = 6 if ":" in each.ip else 4
        if found != family:
            yield ("address", position, "ip"), f"found the IPv{found} address {each.ip}, wanted an IPv{family} address"
            continue
        if (wanted := _not_ours(each.ip, family)) is not None:
            yield ("address", position, "ip"), f"found {each.ip}, {wanted}"
        if not 1 <= each.prefix_length <= LONGEST[family]:
            wanted = f"wanted 1 to {LONGEST[family]}"
            yield ("address", position, "prefix-length"), f"found {each.prefix_length}, {wanted}"
        valid_s, preferred_s = seconds(each.valid_life_time), seconds(each.preferred_life_time)
        if each.preferred_life_time not in (None, "forever") and preferred_s > valid_s:
            wanted = f"wanted no more than the valid-life-time of {valid_s}sec"
            yield ("address", position, "preferred-life-time"), f"found {each.preferred_life_time}, {wanted}"
        # IPv4 holds an address once for each prefix length, IPv6 once (kernel-facts.md 5).
        key = each.ip, each.prefix_length if family == 4 else 0
        if key in seen:
            yield ("address", position), f"found {each.ip} twice, wanted each address once"
        seen.add(key)


def _not_ours(ip: str, family: int) -> str | None:
    """Why no link can have the address."""
    first = ip.partition(".")[0]
    if ip in ("0.0.0.0", "::"):
        return "which means no address, wanted one"
    if (family == 6 and ip.startswith("ff")) or (family == 4 and 224 <= int(first) <= 239):
        return "a multicast address, wanted the address of one host"
    return "the broadcast address, wanted the address of one host" if ip == "255.255.255.255" else None
