"""Whether the host looks as the policy asked: the stated keys, and only those (nmstate.md 5.5)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from netkernel.ethtool import ACTIVE, FIXED, part
from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.records import LLDP, Hardware, Link
from nncp_agent import ip
from nncp_agent.foreign import peer_is_elsewhere
from nncp_agent.kinds import by_link
from nncp_agent.kinds.base import Kind
from nncp_agent.kinds.loopback import Loopback
from nncp_agent.model import Interface, IpAddress, IpStack, Model, State
from nncp_agent.observe import Present
from nncp_agent.plan import Decision
from nncp_agent.resolve import kind_of
from nncp_agent.sections import dns, hostname, mptcp, routes, rules
from nncp_agent.sections.hardware import is_as_asked, place, stated
from nncp_agent.target.addresses import is_asked
from nncp_agent.target.clients import KEYS as CLIENT_KEYS
from nncp_agent.target.clients import OF_CLIENTS, ROUTER_KEYS

IFA_F_DADFAILED: Final = 0x08
"""linux/if_addr.h: another host has this address."""


def differences(decision: Decision, host: Host) -> tuple[str, ...]:
    """One line for each stated thing the host does not show, `bond1: mtu: wanted 1450, found 1500`; none is success."""
    resolved = decision.resolved
    seen = Present(_as_the_policy_sees_it(host, resolved.kept))
    found: list[str] = [f"{name}: wanted absent, found" for name in sorted(resolved.gone) if name in host.links]
    for name, iface in resolved.wanted.items():
        if name not in host.links:
            found.append(f"{name}: wanted {iface.state or State.UP}, not found")
        elif iface.state is State.ABSENT:
            found += _deconfigured(name, host)
        else:
            found += _interface(_without(iface, resolved.kept, host), seen[name], host, resolved.merged[name])
    found += (*routes.differences(resolved.routes, host), *rules.differences(resolved.rules, host))
    found += hostname.differences(resolved.desired.hostname, host)
    return (*found, *dns.differences(resolved.desired.dns_resolver, host))


def _as_the_policy_sees_it(host: Host, kept: frozenset[str]) -> Host:
    """The host without the ports no port list speaks for: a pod's, a VM's, ignored ones."""
    kept &= host.links.keys()
    if not kept:
        return host
    freed = {name: replace(host.links[name], attrs={**host.links[name].attrs, "master": ""}) for name in kept}
    return replace(host, links={**host.links, **freed})


def _without(iface: Interface, kept: frozenset[str], host: Host) -> Interface:
    """The interface without those ports in its list, which may name them: they are where they were."""
    kind = kind_of(iface, host.links[iface.name])
    ports = kind.ports(iface) if kept else None
    if not ports or kept.isdisjoint(ports):
        return iface
    return msgspec.structs.replace(
        iface, config=kind.with_ports(iface.config, [each for each in ports if each not in kept])
    )


def _deconfigured(name: str, host: Host) -> Iterator[str]:
    """A NIC asked to be absent is still there; it must only have lost its settings."""
    link = host.links[name]
    if by_link(link).is_virtual and not peer_is_elsewhere(link):
        yield f"{name}: wanted absent, found"
    if link.master:
        yield f"{name}: controller: wanted none, found {link.master}"


def _interface(iface: Interface, seen: Interface, host: Host, merged: Interface) -> Iterator[str]:
    name, link = iface.name, host.links[iface.name]
    if (iface.state is State.DOWN) == link.up:
        yield f"{name}: state: wanted {iface.state or State.UP}, found {'up' if link.up else 'down'}"
    for key, want, have in (
        ("mtu", iface.mtu, link.mtu),
        ("mac-address", iface.mac_address and iface.mac_address.upper(), link.address.upper()),
        ("controller", iface.controller, link.master),
        ("accept-all-mac-addresses", iface.accept_all_mac_addresses, bool(link.attrs.get("promisc"))),
    ):
        if want is not None and want != have:
            yield f"{name}: {key}: wanted {_word(want)}, found {_word(have)}"
    if iface.lldp is not None and iface.state is not State.DOWN:
        asked, found = bool(iface.lldp.enabled), host.client(name, LLDP) is not None
        if iface.lldp.enabled is not None and asked != found:
            yield f"{name}: lldp.enabled: wanted {_word(asked)}, found {_word(found)}"
    yield from _altnames(iface, link)
    yield from _hardware(iface, host)
    yield from mptcp.differences(iface, host)
    yield from _stack(name, "ipv4", iface.ipv4, seen.ipv4, merged.ipv4)
    yield from _stack(name, "ipv6", iface.ipv6, seen.ipv6, merged.ipv6)
    yield from _failed_duplicates(iface, host)
    if iface.config is not None and iface.state is not State.DOWN:
        yield from _config(iface, iface.config, seen.config, kind_of(iface, link))


def _altnames(iface: Interface, link: Link) -> Iterator[str]:
    """Those in the list are there or gone; others do not matter."""
    for each in iface.alt_names or ():
        if (each.name in link.altnames) is (each.state is not None):
            wanted = each.name if each.state is None else f"no {each.name}"
            yield f"{iface.name}: alt-names: wanted {wanted}, found {', '.join(link.altnames) or 'none'}"


def _config(iface: Interface, want: Model, have: Model | None, kind: Kind) -> Iterator[str]:
    have = kind.normalise(have) if have is not None else None
    for path, wanted, found in _compare(kind.normalise(kind.told(want)), have, kind.subtree or ""):
        yield f"{iface.name}: {path}: wanted {_word(wanted)}, found {_word(found)}"


def _hardware(iface: Interface, host: Host) -> Iterator[str]:
    """Of the parts that were looked at. What is negotiated may not be known yet."""
    have = host.hardware.get(iface.name, Hardware())
    for section, asked in stated(iface).items() if host.also else ():
        if part(section) not in host.also:
            continue
        known = have.settings.get(section, {})
        if section == "feature":
            known = {**have.facts.get(ACTIVE, {}), **have.facts.get(FIXED, {})}
        elif section == "link":
            known = {**have.facts.get("link", {}), **known}
        for key, value in asked.items():
            found = known.get(key)
            if found is None and (not value or (section == "link" and known.get("autoneg"))):
                continue
            if not is_as_asked(key, value, found):
                yield f"{iface.name}: {place(section, key)}: wanted {_word(value)}, found {_word(found)}"


def _stack(name: str, key: str, want: IpStack | None, have: IpStack | None, merged: IpStack | None) -> Iterator[str]:
    """Addresses: all stated ones are there; others do not matter unless the policy says so."""
    if want is None:
        return
    found = {f"{each.ip}/{each.prefix_length}": each for each in (have.address if have else None) or ()}
    if want.enabled is False:
        if found:
            yield f"{name}: {key}: wanted disabled, found {', '.join(found)}"
        return
    yield from _automatic(f"{name}: {key}", want, have)
    family = int(key[-1])
    asked = [each for each in want.address or () if is_asked(each, merged or want, family)]
    wanted = {f"{each.ip}/{each.prefix_length}": each for each in asked}
    for address in sorted(wanted.keys() - found.keys()):
        yield f"{name}: {key}.address: wanted {address}, not found"
    for address, each in wanted.items():
        if address in found and ip.expires(each) and not ip.expires(found[address]):
            yield f"{name}: {key}.address: wanted {address} for {each.valid_life_time}, found forever"
    if want.allow_extra_address is False and want.address is not None:
        for address, each in found.items():
            if address not in wanted and is_asked(each, merged or want, family) and not _is_its_own(name, each):
                yield f"{name}: {key}.address: wanted no other, found {address}"


def _is_its_own(name: str, address: IpAddress) -> bool:
    return name == "lo" and (address.ip, address.prefix_length) in Loopback.own_addresses


def _automatic(where: str, want: IpStack, have: IpStack | None) -> Iterator[str]:
    """Whether the client runs that was asked for, and was told what it should be; not whether a server has answered."""
    runs = bool(have and have.dhcp)
    if want.dhcp is not None and want.dhcp != runs:
        yield f"{where}.dhcp: wanted {_word(want.dhcp)}, found {_word(runs)}"
    if want.autoconf is not None and want.autoconf != bool(have and have.autoconf):
        yield f"{where}.autoconf: wanted {_word(want.autoconf)}, found {_word(bool(have and have.autoconf))}"
    by_client = CLIENT_KEYS if not want.autoconf else OF_CLIENTS
    for key in dict.fromkeys((*(by_client if runs else ()), *(ROUTER_KEYS if want.autoconf else ()))):
        field = key.replace("-", "_")
        wanted, found = getattr(want, field), getattr(have, field)
        if wanted is not None and wanted != found and (wanted or found) and (wanted, found) != ("disabled", None):
            yield f"{where}.{key}: wanted {_word(wanted)}, found {_word(found)}"


def _failed_duplicates(iface: Interface, host: Host) -> Iterator[str]:
    """A tentative address counts as there; one that another host answers for does not."""
    for each in host.addresses.get(iface.name, ()):
        if each.state & IFA_F_DADFAILED:
            yield f"{iface.name}: ipv6.address: {each.ip} is in use by another host (duplicate address detection)"


def _compare(want: Any, have: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    """Everything `want` states and `have` does not, with its path; lists of named things are compared by name."""
    if isinstance(want, msgspec.Struct):
        for field, key in zip(want.__struct_fields__, want.__struct_encode_fields__, strict=True):
            if (stated := getattr(want, field)) is not None:
                yield from _compare(stated, getattr(have, field, None), f"{path}.{key}")
    elif _is_named(want) and (not have or _is_named(have)):
        others = {each.name: each for each in have or ()}
        for each in want:
            if each.name not in others:
                yield path, each.name, None
            else:
                yield from _compare(each, others.pop(each.name), f"{path}.{each.name}")
        for name in others:
            yield path, None, name
    elif want != have and not (want in ("", (), False) and have is None):
        yield path, want, have


def _is_named(value: Any) -> bool:
    return isinstance(value, Sequence) and bool(value) and all(hasattr(each, "name") for each in value)


def _word(value: Any) -> str:
    """A value as a policy would write it."""
    match value:
        case None | "" | ():
            return "none"
        case bool():
            return "true" if value else "false"
        case tuple() | list():
            return ", ".join(_word(each) for each in value)
        case msgspec.Struct():
            stated = {key: getattr(value, field) for field, key in
                      zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True)}  # fmt: skip
            return " ".join(f"{key} {_word(each)}" for key, each in stated.items() if each is not None)
        case _:
            return str(value)
