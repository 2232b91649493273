"""The closed vocabulary of reversible changes to a host's network.

Every op is a frozen value that knows its inverse and prints as one line; that line is the log, `nncp plan` and the
golden test files. Executing is `netkernel.kernel`'s business, modelling the effect `netkernel.simulation`'s.
"""

from __future__ import annotations

from collections.abc import Sequence

from netkernel.frozen import Frozen, replace
from netkernel.records import (
    ENDPOINT_FLAGS,
    FOREVER,
    LLDP,
    NO_ATTRS,
    ROUTERS,
    Address,
    Attrs,
    Client,
    Endpoint,
    File,
    LinkDns,
    Manager,
    Neighbour,
    Nexthop,
    Route,
    Rule,
    Value,
    VlanRange,
)
from netkernel.typed import Final

NO_PREFIX_ROUTE = 0x200
"""IFA_F_NOPREFIXROUTE (linux/if_addr.h)."""


def word(value: Value | None) -> str:
    """A value as a line of a plan says it."""
    match value:
        case None | "" | ():
            return "none"
        case bool():
            return "yes" if value else "no"
        case tuple():
            return ",".join(value)
        case _:
            return str(value)


def _changes(new: Attrs, old: Attrs) -> str:
    changed = {key: value for key, value in new.items() if key not in old or old[key] != value}
    return ", ".join(f"{key} {word(old.get(key))} -> {word(value)}" for key, value in changed.items())


class CreateLink(Frozen):
    """Make a link. `index` is the ifindex to take (0 lets the executor choose): a remade link gets its old one back.

    `peer_index` is that of the veth that comes with it.
    """

    name: str
    kind: str
    attrs: Attrs = NO_ATTRS
    index: int = 0
    peer_index: int = 0

    def inverse(self) -> DeleteLink:
        return DeleteLink(self.name, self.kind, self.attrs, self.index, self.peer_index)

    def __str__(self) -> str:
        attrs = "".join(f" {key}={word(value)}" for key, value in self.attrs.items())
        return f"create {self.kind} {self.name}{attrs}"


class DeleteLink(Frozen):
    """Remove a link; `attrs` is everything needed to make it again."""

    name: str
    kind: str
    attrs: Attrs = NO_ATTRS
    index: int = 0
    peer_index: int = 0

    def inverse(self) -> CreateLink:
        return CreateLink(self.name, self.kind, self.attrs, self.index, self.peer_index)

    def __str__(self) -> str:
        return f"delete {self.kind} {self.name}"


class SetLink(Frozen):
    """Change attributes of a link (keys of `link_kinds.COMMON` or of its kind). `old` has the same keys.

    Some drivers want to hear what stays, too (`LinkKind.whole`): it stands in both and in no text.
    """

    name: str
    kind: str
    new: Attrs
    old: Attrs

    def inverse(self) -> SetLink:
        return SetLink(self.name, self.kind, new=self.old, old=self.new)

    def __str__(self) -> str:
        return f"set {self.name} {_changes(self.new, self.old)}"


class SetPort(Frozen):
    """Change the options its controller (a link of `controller_kind`) keeps for a port."""

    name: str
    controller_kind: str
    new: Attrs
    old: Attrs

    def inverse(self) -> SetPort:
        return SetPort(self.name, self.controller_kind, new=self.old, old=self.new)

    def __str__(self) -> str:
        return f"set {self.controller_kind} port {self.name} {_changes(self.new, self.old)}"


class SetHardware(Frozen):
    """Change what a driver is set to, in one section of `ethtool`. What `old` lacks is not known: the link is new."""

    name: str
    section: str
    new: Attrs
    old: Attrs

    def inverse(self) -> SetHardware:
        return SetHardware(self.name, self.section, new=self.old, old=self.new)

    def __str__(self) -> str:
        changed = {key: value for key, value in self.new.items() if self.old.get(key) != value}  # not what goes along
        return f"set {self.name} {self.section} {_changes(changed, self.old)}"


class AddAddress(Frozen):
    """A link-local one may be there already: the kernel makes its own when a link comes up or gets its carrier."""

    address: Address

    def inverse(self) -> DeleteAddress:
        return DeleteAddress(self.address)

    def __str__(self) -> str:
        return f"add address {_address(self.address)}"


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
        if (self.new.valid_s == FOREVER) != (self.old.valid_s == FOREVER):
            changes.append("for good" if self.new.valid_s == FOREVER else f"for {self.new.valid_s} s")
        return f"set address {_address(self.new)} {', '.join(changes)}"


class AddClient(Frozen):
    """Start a client of an address server for a link, or listening on it."""

    client: Client

    def inverse(self) -> DeleteClient:
        return DeleteClient(self.client)

    def __str__(self) -> str:
        attrs = "".join(f" {key}={word(value)}" for key, value in self.client.attrs.items())
        return f"start {_client(self.client)}{attrs}"


class DeleteClient(Frozen):
    """Stop it. What it has put on the link stays there until somebody takes it off or its time is over."""

    client: Client

    def inverse(self) -> AddClient:
        return AddClient(self.client)

    def __str__(self) -> str:
        return f"stop {_client(self.client)}"


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


class AddVlans(Frozen):
    """Let VLANs through a bridge port, or through the bridge's own port when `link` is the bridge."""

    link: str
    vlans: VlanRange

    def inverse(self) -> DeleteVlans:
        return DeleteVlans(self.link, self.vlans)

    def __str__(self) -> str:
        return f"add vlan {self.vlans} to {self.link}"


class DeleteVlans(Frozen):
    link: str
    vlans: VlanRange

    def inverse(self) -> AddVlans:
        return AddVlans(self.link, self.vlans)

    def __str__(self) -> str:
        return f"delete vlan {self.vlans} from {self.link}"


class WriteSysctl(Frozen):
    """`path` is below /proc/sys, with slashes (interface names may hold dots)."""

    path: str
    new: str
    old: str

    def inverse(self) -> WriteSysctl:
        return WriteSysctl(self.path, new=self.old, old=self.new)

    def __str__(self) -> str:
        return f"write {self.path} {word(self.old)} -> {word(self.new)}"


class WriteFile(Frozen):
    """Put a file of configuration, or a symlink, in place of what is there; a `new` that does not exist removes it."""

    path: str
    new: File
    old: File

    def inverse(self) -> WriteFile:
        return WriteFile(self.path, new=self.old, old=self.new)

    def __str__(self) -> str:
        if not self.new.exists:
            return f"delete file {self.path}"
        if self.new.content is None:
            return f"link {self.path} to {self.new.link}"
        instead = f" instead of the link to {self.old.link}" if self.old.link else ""
        return f"write {self.path}{instead}: {_changed_lines(self.old, self.new)}"


class SetLinkDns(Frozen):
    """Give a link these name servers and domains, and no others (systemd-resolved)."""

    link: str
    new: LinkDns
    old: LinkDns

    def inverse(self) -> SetLinkDns:
        return SetLinkDns(self.link, new=self.old, old=self.new)

    def __str__(self) -> str:
        kept = {"name servers": (self.old.servers, self.new.servers), "domains": (self.old.domains, self.new.domains)}
        changes = [f"{what} {word(old)} -> {word(new)}" for what, (old, new) in kept.items() if old != new]
        return f"set {self.link} {', '.join(changes) or 'name servers: others of them are configured'}"


class SetManager(Frozen):
    """Have a manager begin anew with the files as they are then, and with these links in its hands.

    `new` and `old` hold those that change hands. It takes back what it held as it was: it finds what it had kept of it.
    """

    name: str
    new: Manager
    old: Manager

    def inverse(self) -> SetManager:
        return SetManager(self.name, new=self.old, old=self.new)

    def __str__(self) -> str:
        pairs = (("lets go of", self.old, self.new), ("takes back", self.new, self.old))
        changes = [
            f"{what} {', '.join(sorted(links))}"
            for what, one, other in pairs
            if (links := [name for name, hold in one.holds.items() if other.holds.get(name) != hold])
        ]
        verb = "restart" if self.new.running and self.old.running else "start" if self.new.running else "tell"
        return f"{verb} {self.name}" + (f", which {' and '.join(changes)}" if changes else "")


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


class MoveLink(Frozen):
    """Move a link to another network namespace; both are paths (`/run/netns/x`, `/proc/123/ns/net`)."""

    name: str
    source: str
    target: str
    index: int = 0

    def inverse(self) -> MoveLink:
        return MoveLink(self.name, source=self.target, target=self.source, index=self.index)

    def __str__(self) -> str:
        return f"move {self.name} from {self.source} to {self.target}"


Op = (
    CreateLink | DeleteLink | SetLink | SetPort | SetHardware
    | AddAddress | DeleteAddress | SetAddress | AddRoute | DeleteRoute | AddRule | DeleteRule
    | AddNeighbour | DeleteNeighbour | AddNexthop | DeleteNexthop
    | AddVlans | DeleteVlans | WriteSysctl | WriteFile | SetLinkDns | SetManager | MoveLink | AddClient | DeleteClient
    | AddEndpoint | DeleteEndpoint
)  # fmt: skip
Plan = Sequence[Op]
_MOST_LINES: Final = 8
RULE_ACTIONS: Final = {6: "blackhole", 7: "unreachable", 8: "prohibit"}
"""FR_ACT_* of linux/fib_rules.h that end the search for a route."""
TO_TABLE: Final = 1
"""FR_ACT_TO_TBL."""


def inverse(plan: Plan) -> tuple[Op, ...]:
    """The plan that takes `plan` back."""
    return tuple(op.inverse() for op in reversed(plan))


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


def _changed_lines(old: File, new: File) -> str:
    """`-old line; +new line`, as far as it fits."""
    had, has = old.lines, new.lines
    changed = [f"-{line}" for line in had if line not in has] + [f"+{line}" for line in has if line not in had]
    shown = "; ".join(changed[:_MOST_LINES]).encode("utf-8", "backslashreplace").decode()
    more = f" and {len(changed) - _MOST_LINES} more" if len(changed) > _MOST_LINES else ""
    return (shown or "in another order") + more


def _address(address: Address) -> str:
    peer = f" peer {address.peer}" if address.peer else ""
    return f"{address.ip}/{address.prefix}{peer} on {address.link}"


def _endpoint(endpoint: Endpoint) -> str:
    words = [word for word, bit in ENDPOINT_FLAGS.items() if endpoint.flags & bit]
    place = f"{f' port {endpoint.port}' if endpoint.port else ''}{f' on {endpoint.link}' if endpoint.link else ''}"
    return f"MPTCP endpoint {endpoint.ip}{place}: {', '.join(words) or 'no flags'}"


def _client(client: Client) -> str:
    what = {LLDP: "LLDP", ROUTERS: "router advertisements"}.get(client.family, f"DHCPv{client.family}")
    return f"{what} on {client.link}"


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
    words += [f"suppress-prefix-length {each}"] if (each := rule.suppress_prefix_length) is not None else []
    return " ".join(words)


def _nexthop(nexthop: Nexthop) -> str:
    via = f" via {nexthop.gateway}" if nexthop.gateway else ""
    on = f" on {nexthop.link}" if nexthop.link else ""
    group = " group " + "/".join(str(member) for member, _ in nexthop.group) if nexthop.group else ""
    return f"{nexthop.id}{via}{on}{group}"
