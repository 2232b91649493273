"""Ops on what links carry: addresses, routes, rules, neighbours, nexthops, endpoints of MPTCP."""

from __future__ import annotations

from netkernel.frozen import Frozen, replace
from netkernel.records import ENDPOINT_FLAGS, FOREVER, VRF_RULES, Address, Endpoint, Neighbour, Nexthop, Route, Rule
from netkernel.typed import Final

NO_PREFIX_ROUTE = 0x200
"""IFA_F_NOPREFIXROUTE (linux/if_addr.h)."""


class AddAddress(Frozen):
    """A link-local one may be there already: the kernel makes its own when a link comes up or gets its carrier."""

    address: Address

    def inverse(self) -> DeleteAddress:
        return DeleteAddress(self.address)

    def __str__(self) -> str:
        new = self.address
        lifetime = f" {_lasting(new.valid_s)}" if new.valid_s != FOREVER else ""
        lifetime += f" preferred {_lasting(new.preferred_s)}" if new.preferred_s not in (FOREVER, new.valid_s) else ""
        return f"add address {_address(new)}{lifetime}"


class DeleteAddress(Frozen):
    address: Address

    def inverse(self) -> AddAddress:
        return AddAddress(self.address)

    def __str__(self) -> str:
        return f"delete address {_address(self.address)}"


class SetAddress(Frozen):
    """Change an address in place, in what the kernel lets change (`is_set_in_place`): its prefix route and whatever
    needs the address stay. `old` has the same key and peer."""

    new: Address
    old: Address

    def inverse(self) -> SetAddress:
        return SetAddress(new=self.old, old=self.new)

    def __str__(self) -> str:
        pairs = ((word, getattr(self.old, word), getattr(self.new, word)) for word in ("metric", "protocol", "flags"))
        changes = [f"{word} {old} -> {new}" for word, old, new in pairs if old != new]
        if self.new.valid_s != self.old.valid_s:
            changes.append(_lasting(self.new.valid_s))
        if self.new.preferred_s not in (self.old.preferred_s, self.new.valid_s):
            changes.append(f"preferred {_lasting(self.new.preferred_s)}")
        return f"set address {_address(self.new)} {', '.join(changes)}"


class AddRoute(Frozen):
    """`beside` lets it stand beside others of the same table, destination, tos and metric, behind them."""

    route: Route
    beside: bool = False

    def inverse(self) -> DeleteRoute:
        return DeleteRoute(self.route)

    def __str__(self) -> str:
        return f"add route {_route(self.route)}" + " beside others" * self.beside


class DeleteRoute(Frozen):
    """Removed with its full key: all legs, metric, tos and type."""

    route: Route

    def inverse(self) -> AddRoute:
        return AddRoute(self.route)

    def __str__(self) -> str:
        return f"delete route {_route(self.route)}"


class AddRule(Frozen):
    """`beside` lets it stand beside one that the kernel takes for the same (see `simulation.rules`)."""

    rule: Rule
    beside: bool = False

    def inverse(self) -> DeleteRule:
        return DeleteRule(self.rule)

    def __str__(self) -> str:
        return f"add rule {_rule(self.rule)}" + " beside others" * self.beside


class DeleteRule(Frozen):
    rule: Rule

    def inverse(self) -> AddRule:
        return AddRule(self.rule)

    def __str__(self) -> str:
        return f"delete rule {_rule(self.rule)}"


class AddNeighbour(Frozen):
    neighbour: Neighbour

    def inverse(self) -> DeleteNeighbour:
        return DeleteNeighbour(self.neighbour)

    def __str__(self) -> str:
        return f"add neighbour {self.neighbour.ip} is {self.neighbour.address or 'proxied'} on {self.neighbour.link}"


class DeleteNeighbour(Frozen):
    neighbour: Neighbour

    def inverse(self) -> AddNeighbour:
        return AddNeighbour(self.neighbour)

    def __str__(self) -> str:
        return f"delete neighbour {self.neighbour.ip} on {self.neighbour.link}"


class AddNexthop(Frozen):
    nexthop: Nexthop

    def inverse(self) -> DeleteNexthop:
        return DeleteNexthop(self.nexthop)

    def __str__(self) -> str:
        return f"add nexthop {_nexthop(self.nexthop)}"


class DeleteNexthop(Frozen):
    nexthop: Nexthop

    def inverse(self) -> AddNexthop:
        return AddNexthop(self.nexthop)

    def __str__(self) -> str:
        return f"delete nexthop {_nexthop(self.nexthop)}"


class AddEndpoint(Frozen):
    """Let MPTCP use an address for more paths."""

    endpoint: Endpoint

    def inverse(self) -> DeleteEndpoint:
        return DeleteEndpoint(self.endpoint)

    def __str__(self) -> str:
        return f"add {_endpoint(self.endpoint)}"


class DeleteEndpoint(Frozen):
    """Let it do so no more: the kernel closes the paths that began there."""

    endpoint: Endpoint

    def inverse(self) -> AddEndpoint:
        return AddEndpoint(self.endpoint)

    def __str__(self) -> str:
        return f"delete {_endpoint(self.endpoint)}"


RULE_ACTIONS: Final = {6: "blackhole", 7: "unreachable", 8: "prohibit"}
"""FR_ACT_* of linux/fib_rules.h that end the search for a route."""
TO_TABLE: Final = 1
"""FR_ACT_TO_TBL."""


def is_set_in_place(old: Address, new: Address) -> bool:
    """Whether the kernel makes `new` of `old` when told, and `old` of `new`: it answers OK to all else and changes
    nothing, of an IPv6 address also to metric 0, and Linux 6.1 to another protocol of an IPv4 one
    (inet_rtm_newaddr, inet6_addr_modify).
    """
    if replace(old, metric=new.metric, protocol=new.protocol, flags=new.flags) != new:
        return False
    if new.family == 4:
        return (old.flags, old.protocol) == (new.flags, new.protocol)
    return old.flags ^ new.flags in (0, NO_PREFIX_ROUTE) and bool(old.metric) == bool(new.metric)


def _address(address: Address) -> str:
    peer = f" peer {address.peer}" if address.peer else ""
    return f"{address.ip}/{address.prefix}{peer} on {address.link}"


def _lasting(lifetime_s: int) -> str:
    return "for good" if lifetime_s == FOREVER else f"for {lifetime_s} s"


def _endpoint(endpoint: Endpoint) -> str:
    words = [word for word, bit in ENDPOINT_FLAGS.items() if endpoint.flags & bit]
    place = f"{f' port {endpoint.port}' if endpoint.port else ''}{f' on {endpoint.link}' if endpoint.link else ''}"
    return f"MPTCP endpoint {endpoint.ip}{place}: {', '.join(words) or 'no flags'}"


def _route(route: Route) -> str:
    words = [route.destination] if route.kind == "unicast" else [route.kind, route.destination]
    if route.nexthop:
        words += ["nexthop-id", str(route.nexthop)]
    for hop in route.hops if not route.nexthop else ():
        words += [*(["via", hop.gateway] if hop.gateway else []), *(["on", hop.link] if hop.link else [])]
        words += [f"weight {hop.weight}"] if len(route.hops) > 1 else []
    words += [f"source {route.source}"] if route.source else []
    words += [f"metric {route.metric}"] if route.metric else []
    words += [f"table {route.table}"] if route.table != 254 else []
    return " ".join(words)


def _rule(rule: Rule) -> str:
    words = [f"{rule.priority}:", "ipv6" if rule.family == 6 else "ipv4", *(["not"] if rule.invert else [])]
    words += [f"from {rule.source}"] if rule.source else []
    words += [f"to {rule.destination}"] if rule.destination else []
    words += [f"iif {rule.iif}"] if rule.iif else []
    words += [f"oif {rule.oif}"] if rule.oif else []
    words += [f"tos {rule.tos:#x}"] if rule.tos else []
    words += [f"fwmark {rule.fwmark:#x}/{rule.fwmask:#x}"] if rule.fwmark or rule.fwmask else []
    words += [RULE_ACTIONS.get(rule.action, f"action {rule.action}")] if rule.action != TO_TABLE else []
    words += [f"table {rule.table}"] if rule.table else []
    words += ["l3mdev"] if rule.extra == VRF_RULES[0].extra else []
    words += [f"suppress-prefix-length {each}"] if (each := rule.suppress_prefix_length) is not None else []
    return " ".join(words)


def _nexthop(nexthop: Nexthop) -> str:
    via = f" via {nexthop.gateway}" if nexthop.gateway else ""
    on = f" on {nexthop.link}" if nexthop.link else ""
    group = " group " + "/".join(str(member) for member, _ in nexthop.group) if nexthop.group else ""
    return f"{nexthop.id}{via}{on}{group}"
