"""Whether a policy can hold on this host: everything that needs the host or more than one interface to tell."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping

from netkernel.host import Host
from netkernel.records import Attrs
from nncp_agent.errors import Problem
from nncp_agent.judge import altnames, cautions, foundations, hardware, mtu, rules, takers
from nncp_agent.judge import routes as route_list
from nncp_agent.kinds import by_link
from nncp_agent.kinds.base import Context, Kind
from nncp_agent.model import Interface, IpStack, State
from nncp_agent.resolve import Resolved, kind_of
from nncp_agent.resolve.names import unknown
from nncp_agent.sections import dns, hostname, mptcp, routes, wait_ip
from nncp_agent.target import changed, context_of

Refusals = Callable[[str, Attrs], Mapping[str, str]]
"""`refusals(link_kind, attrs)`: the attributes the running kernel refuses or does not report back, with why.
The key "" is the kind itself."""


def problems(resolved: Resolved, before: Host, refusals: Refusals) -> list[Problem]:
    """Everything that stands between the policy and this host, at once."""
    context = context_of(resolved, before)
    refusals = _once(refusals)
    found = list(resolved.problems)
    for name, iface in resolved.wanted.items():
        kind, merged = kind_of(iface, before.links.get(name)), resolved.merged[name]
        own = [*kind.problems(iface, merged, context), *_addresses_on_a_port(iface, merged, before, resolved)]
        own += [*_mac_source(iface, before, resolved), *_token_without_autoconf(iface, merged)]
        own += [*_dhcp_without_frames(iface, merged, kind, before)]
        own += [*wait_ip.problems(iface, merged)] if not _is_bare_port(merged, resolved, before) else []
        own += [*mptcp.problems(iface, resolved.present.get(name), before)]
        found += own or _refused(iface, kind, context, before, refusals)
    found += _claims(resolved, before)
    found += altnames.problems(resolved, before)
    found += foundations.problems(resolved, before)
    found += takers.problems(resolved, before)
    found += mtu.problems(resolved, before)
    found += route_list.problems(resolved, before)
    found += rules.problems(resolved)
    found += hardware.problems(resolved, before)
    found += hostname.problems(resolved.desired.hostname, before)
    found += dns.problems(resolved.desired.dns_resolver, before, resolved.merged)
    return list(dict.fromkeys(found))


def conflicts(before: Host, after: Host, resolved: Resolved) -> list[Problem]:
    """What the host would not hold side by side, seen when all is known: routes, name servers."""
    found = list(dns.conflicts(resolved.desired.dns_resolver, after))
    if after.routes == before.routes:
        return found
    known = set(before.routes)
    return found + [
        Problem(
            f"routes: {new.destination}",
            f"{routes.legs(new)[0]} and {routes.legs(old)[0]} have the same metric {new.metric}: "
            "give one another metric, both a weight, or remove one (state: absent)",
        )
        for old, new in routes.conflicts(after.routes)
        if old not in known or new not in known
    ]


def warnings(resolved: Resolved, before: Host, after: Host) -> list[Problem]:
    """What will work and still surprise, of what changes: what is so already is no news to who asks for it again."""
    context = context_of(resolved, before)
    found: list[Problem] = []
    for name, iface in resolved.wanted.items():
        kind, merged = kind_of(iface, before.links.get(name)), resolved.merged[name]
        if not _is_so_already(kind, merged, resolved.present.get(name)):
            found += kind.warnings(iface, merged, context)
    found += mtu.warnings(resolved, before)
    found += hardware.warnings(resolved, before)
    found += cautions.warnings(resolved, before, after)
    found += mptcp.warnings(after, before)
    found += dns.warnings(resolved.desired.dns_resolver, before)
    return list(dict.fromkeys(found))


def _is_so_already(kind: Kind, merged: Interface, present: Interface | None) -> bool:
    """Whether the interface's own settings stay what they are."""
    if merged.config is None or present is None or present.config is None:
        return False
    return merged.config == present.config or kind.normalise(merged.config) == kind.normalise(present.config)


def _is_bare_port(merged: Interface, resolved: Resolved, before: Host) -> bool:
    """Whether it is the port of something that takes its addresses."""
    controller = merged.controller
    if not controller or controller not in resolved.merged:
        return False
    return not kind_of(resolved.merged[controller], before.links.get(controller)).ports_hold_ip


def _addresses_on_a_port(iface: Interface, merged: Interface, before: Host, resolved: Resolved) -> Iterator[Problem]:
    controller = merged.controller
    if iface.state is State.ABSENT or not _is_bare_port(merged, resolved, before):
        return
    for family, stack in (("ipv4", iface.ipv4), ("ipv6", iface.ipv6)):
        if _asks_for_addresses(stack):
            yield Problem(
                f"{iface.name}: {family}", f"a port of {controller} holds no addresses: state them on {controller}"
            )


def _asks_for_addresses(stack: IpStack | None) -> bool:
    if stack is None or stack.enabled is False:
        return False
    return bool(stack.enabled or stack.address or stack.dhcp or stack.autoconf)


def _token_without_autoconf(iface: Interface, merged: Interface) -> Iterator[Problem]:
    token = iface.ipv6.token if iface.ipv6 is not None else None
    if token and iface.state is not State.ABSENT and not (merged.ipv6 and merged.ipv6.autoconf):
        yield Problem(f"{iface.name}: ipv6.token", f"found {token} without autoconf: wanted autoconf true")


def _dhcp_without_frames(iface: Interface, merged: Interface, kind: Kind, before: Host) -> Iterator[Problem]:
    if iface.state in (State.DOWN, State.ABSENT) or merged.ipv4 is None or not merged.ipv4.dhcp:
        return
    if not kind.frames(merged, before.links.get(iface.name)):
        message = f"found true, but {iface.name} carries IP packets, and DHCP asks with Ethernet frames; wanted false"
        yield Problem(f"{iface.name}: ipv4.dhcp", message)


def _mac_source(iface: Interface, before: Host, resolved: Resolved) -> Iterator[Problem]:
    source = iface.copy_mac_from
    if source and source not in before.links:
        known = source in resolved.merged
        message = f"{source} is not there yet: its MAC address is not known" if known else unknown(source, before.links)
        yield Problem(f"{iface.name}: copy-mac-from", message)


def _once(refusals: Refusals) -> Refusals:
    """The kernel is asked once about the same options: two hundred bridges are mostly alike."""
    known: dict[Hashable, Mapping[str, str]] = {}

    def asked(kind: str, attrs: Attrs) -> Mapping[str, str]:
        key = kind, frozenset(attrs.items())
        if key not in known:
            known[key] = refusals(kind, attrs)
        return known[key]

    return asked


def _refused(iface: Interface, kind: Kind, context: Context, before: Host, refusals: Refusals) -> list[Problem]:
    """Options of a bond or bridge that would change and that the running kernel does not take."""
    if not kind.probed or iface.config is None or iface.state in (State.DOWN, State.ABSENT):
        return []
    attrs = kind.wanted(iface, context.merged[iface.name], context).attrs
    news = changed(attrs, before.links.get(iface.name))
    if not news:
        return []
    refused = refusals(kind.link_kind(iface), attrs)
    if reason := refused.get(""):
        return [Problem(f"{iface.name}: type", f"found {kind.name}: {reason}")]
    return [
        Problem(f"{iface.name}: {kind.option(attr)}", f"found {attrs.get(attr)}: {reason}")
        for attr, reason in refused.items()
        if attr in news
    ]


def _claims(resolved: Resolved, before: Host) -> Iterator[Problem]:
    """Two interfaces that want the one thing only one can have, such as the same VLAN id on the same base."""
    holders: dict[Hashable, str] = {}
    news: dict[str, Hashable] = {}
    twice: list[tuple[str, str]] = []
    for name, iface in resolved.wanted.items():
        kind = kind_of(iface, before.links.get(name))
        claim = kind.claim(resolved.merged[name]) if iface.state is not State.ABSENT else None
        if claim is None:
            continue
        other = holders.setdefault((kind.name, claim), name)
        twice += [(name, other)] if other != name else []
        if name not in before.links or resolved.present[name].config != resolved.merged[name].config:
            news[name] = (kind.name, claim)
    for name, other in twice:
        if name in news or other in news:  # else the kernel has taken both already
            yield Problem(name, f"is the same as {other}")
    afloat = _claims_of_the_afloat(news, resolved, before)
    for name, claim in news.items():
        for other in _unnamed_beside(resolved, before, name):
            kind = kind_of(resolved.merged[other], before.links[other])
            if (kind.name, kind.claim(resolved.merged[other])) == claim:
                yield Problem(name, f"is the same as {other}, which is there already")
        if claim in afloat:
            yield Problem(name, f"is the same as {afloat[claim]}, which is there already")


def _unnamed_beside(resolved: Resolved, before: Host, name: str) -> Iterator[str]:
    """Links the policy does not name that sit where `name` will: the only ones it can collide with."""
    iface = resolved.merged[name]
    for below in kind_of(iface, before.links.get(name)).below(iface):
        for other in before.above(below):
            if other not in resolved.wanted and other not in resolved.gone:
                yield other


def _claims_of_the_afloat(news: Iterable[str], resolved: Resolved, before: Host) -> dict[Hashable, str]:
    """What is claimed by links that sit on nothing and that the policy does not name, of the kinds that `news` have."""
    kinds = [kind_of(resolved.merged[name], before.links.get(name)) for name in news]
    words = {word for kind in kinds for word in kind.link_kinds}
    unnamed = (each for each in before.links.values() if each.kind in words and not each.below)
    found: dict[Hashable, str] = {}
    for link in unnamed:
        if link.name not in resolved.wanted and link.name not in resolved.gone:
            kind = by_link(link)
            if (claim := kind.claim(resolved.merged[link.name])) is not None:
                found[kind.name, claim] = link.name
    return found
