"""bond: several links as one (nmstate.md 3.1; drivers/net/bonding)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from msgspec.structs import replace

from netkernel.host import Host
from netkernel.records import Attrs, Link, Value
from nncp_agent.errors import Problem
from nncp_agent.kinds import bond_rules
from nncp_agent.kinds.base import ETHERNET, INFINIBAND, Context, Kind, Wanted
from nncp_agent.kinds.bond_config import BondConfig, BondOptions
from nncp_agent.model import Interface, Model, merge, stated
from nncp_agent.shown.bond import NUMBERS
from nncp_agent.shown.bond_options import OPTIONS

USUAL_MIIMON: Final = 100
"""Milliseconds between looks at the carrier. The kernel's own default, 0, never notices a dead port."""


class Bond(Kind):
    name = "bond"
    family = "bond"
    link_kinds = ("bond",)
    subtree = "link-aggregation"
    Config = BondConfig
    takes_ports = True
    needs = (ETHERNET, INFINIBAND)
    copies_mac = True
    probed = True

    def problems(self, iface: Interface, merged: Interface, context: Context) -> Iterator[Problem]:
        """A bond without a mode, options its mode does not take, timers that contradict each other, port settings."""
        before = self._before(iface, context)
        return bond_rules.problems(iface, _in_force(merged), before)

    def warnings(self, iface: Interface, merged: Interface, context: Context) -> Iterator[Problem]:
        """Options without effect, monitoring that sees nothing."""
        return bond_rules.warnings(iface, _in_force(merged))

    def brief(self, iface: Interface) -> str:
        """How it shares its load."""
        return (iface.config.mode or "") if isinstance(iface.config, BondConfig) else ""

    def ports(self, iface: Interface) -> tuple[str, ...] | None:
        """`port`, or the names in `ports-config` where that stands alone."""
        config = iface.config
        if not isinstance(config, BondConfig):
            return None
        if config.port is None and config.ports_config is not None:
            return tuple(each.name for each in config.ports_config)
        return config.port

    def with_ports(self, config: Model | None, ports: Sequence[str]) -> Model | None:
        """`config` with exactly these ports, and what it says about those it keeps."""
        mine = config if isinstance(config, BondConfig) else BondConfig()
        kept = mine.ports_config
        if kept is not None:
            kept = tuple(each for each in kept if each.name in set(ports))
        options = mine.options
        if options is not None and options.primary and options.primary not in ports:
            options = replace(options, primary=None)
        return replace(mine, port=tuple(ports), ports_config=kept, options=options)

    def renamed(self, config: Model | None, names: Mapping[str, str]) -> Model | None:
        """Its ports and its primary by their new names."""
        if not isinstance(config, BondConfig):
            return config
        port, listed, options = config.port, config.ports_config, config.options
        if options is not None and options.primary:
            options = replace(options, primary=names.get(options.primary, options.primary))
        return replace(
            config,
            options=options,
            port=tuple(names.get(name, name) for name in port) if port is not None else None,
            ports_config=None if listed is None else tuple(replace(x, name=names.get(x.name, x.name)) for x in listed),
        )

    def option(self, attr: str) -> str:
        """Where a policy says the kernel attribute `attr`."""
        word = next((word for word, option in OPTIONS.items() if option.attr == attr), attr)
        return "link-aggregation.mode" if attr == "mode" else f"link-aggregation.options.{word}"

    def merge(self, desired: Model | None, present: Model | None) -> Model | None:
        """A new mode, and `options: {}`, drop the present options; one monitor turns the other off; ports replace."""
        if not isinstance(desired, BondConfig) or not isinstance(present, BondConfig):
            return merge(desired, present)
        config = merge(desired, present)
        assert isinstance(config, BondConfig)
        if starts_afresh(desired, present):
            config = replace(config, options=desired.options)
        elif desired.options is not None and config.options is not None:
            config = replace(config, options=_one_monitor(desired.options, config.options))
        if desired.port is None and desired.ports_config is not None:
            config = replace(config, port=tuple(each.name for each in desired.ports_config))
        elif desired.port is not None and desired.ports_config is None and config.ports_config is not None:
            kept = tuple(each for each in config.ports_config if each.name in set(desired.port))
            config = replace(config, ports_config=kept or None)
        return config

    def wanted(self, iface: Interface, merged: Interface, context: Context) -> Wanted:
        """What is stated; a new bond also gets its mode and a monitor, a new mode everything else back to default."""
        config, in_force = iface.config, merged.config
        if not isinstance(config, BondConfig) or not isinstance(in_force, BondConfig):
            return Wanted()
        before = self._before(iface, context)
        present = self.read(before, context.before) if before is not None else None
        attrs: dict[str, Value] = {}
        if in_force.mode is not None and (config.mode is not None or before is None):
            attrs["mode"] = in_force.mode
        options = config.options or BondOptions()
        if before is not None and isinstance(present, BondConfig):
            if starts_afresh(config, present):
                attrs |= _defaults(in_force.mode, before)
            elif in_force.options is not None:
                options = _with_timers(options, in_force.options)
        if before is None and options.miimon is None and not options.arp_interval:
            attrs["miimon"] = USUAL_MIIMON
        elif "miimon" in attrs and options.arp_interval:
            attrs["miimon"] = 0
        attrs |= _attrs(options, in_force.mode)
        ports = _port_attrs(config, in_force.mode)
        if before is not None and in_force.mode is not None and in_force.mode not in bond_rules.PRIORITY:
            for port, bare in _without_priorities(before.name, context.before).items():
                ports[port] = {**bare, **ports.get(port, {})}
        return Wanted(attrs=attrs, ports=ports)

    def normalise(self, config: Model) -> Model:
        """Ports in order of their names; options no mode takes or this mode does not show are left out."""
        if not isinstance(config, BondConfig):
            return config
        ports_config = config.ports_config
        if ports_config is not None:
            ports_config = tuple(sorted(ports_config, key=lambda each: each.name))
        return replace(
            config,
            options=_normal_options(config.options, config.mode) if config.options is not None else None,
            port=tuple(sorted(config.port)) if config.port is not None else None,
            ports_config=ports_config,
        )

    def shown(self, tree: dict[str, Any]) -> dict[str, Any]:
        """`num_unsol_na` beside `num_grat_arp`: two words for one knob, and nmstate prints both."""
        options = tree.get("options")
        if options and "num_grat_arp" in options:
            options["num_unsol_na"] = options["num_grat_arp"]
        return tree


def starts_afresh(desired: BondConfig, present: BondConfig) -> bool:
    """Whether the present options go: the mode changes, or `options: {}` asks for all defaults (nmstate.md 3.1)."""
    return (desired.mode is not None and desired.mode != present.mode) or desired.options == BondOptions()


def _in_force(merged: Interface) -> Interface:
    """`merged` with the monitor a new bond, or one that starts afresh, gets without asking."""
    config = merged.config
    if not isinstance(config, BondConfig):
        return merged
    options = config.options or BondOptions()
    if options.miimon is None and not options.arp_interval:
        options = replace(options, miimon=USUAL_MIIMON)
    return replace(merged, config=replace(config, options=options))


def _one_monitor(desired: BondOptions, merged: BondOptions) -> BondOptions:
    """MII and ARP monitoring exclude each other: asking for one turns the other off, as the kernel does."""
    changes: dict[str, Any] = {}
    if desired.arp_interval and desired.miimon is None and merged.miimon:
        changes["miimon"] = 0
    if desired.miimon and desired.arp_interval is None and merged.arp_interval:
        changes["arp_interval"] = 0
        if desired.arp_validate is None:
            changes["arp_validate"] = "none"
    if changes.get("miimon", desired.miimon) == 0:
        changes |= {word: 0 for word in ("updelay", "downdelay") if getattr(desired, word) is None}
    return replace(merged, **changes) if changes else merged


def _with_timers(options: BondOptions, merged: BondOptions) -> BondOptions:
    """The stated options and those that move with them: the other monitor, and delays, kept in ticks of miimon."""
    moved = {}
    if options.miimon is not None or options.arp_interval is not None:
        for word in ("miimon", "arp_interval", "arp_validate", "updelay", "downdelay"):
            if getattr(options, word) is None and (value := getattr(merged, word)) is not None:
                moved[word] = value
    return replace(options, **moved) if moved else options


def _defaults(mode: str | None, before: Link) -> dict[str, Value]:
    """Every option the new mode takes, back to the kernel's default. The kernel drops ARP monitoring by itself."""
    attrs = {option.attr: option.default for option in OPTIONS.values() if mode in option.taken and option.attr}
    attrs |= {"arp_interval": 0, "arp_validate": "none", "miimon": USUAL_MIIMON}
    return {attr: value for attr, value in attrs.items() if attr in before.attrs}


def _attrs(options: BondOptions, mode: str | None) -> dict[str, Value]:
    """The kernel's attributes for stated options. What the mode does not take is off there already."""
    attrs: dict[str, Value] = {}
    for word, value in stated(options).items():
        option = OPTIONS.get(word)
        if option is not None and (mode is None or mode in option.taken):
            attrs[option.attr] = _value(word, value)
    return attrs


def _value(word: str, value: Any) -> Value:
    if word == "arp_ip_target":
        return tuple(value.split(",")) if value else ()
    if word == "ad_actor_system":
        return str(value).lower()
    number: Value = int(value) if word in NUMBERS else value
    return number


def _without_priorities(name: str, host: Host) -> dict[str, Attrs]:
    """The ports that have priorities, which a mode without an active port does not take."""
    return {port: {"prio": 0} for port in host.ports(name) if host.links[port].port.get("prio")}


def _port_attrs(config: BondConfig, mode: str | None) -> dict[str, Attrs]:
    ports: dict[str, Attrs] = {}
    for port in config.ports_config or ():
        attrs: dict[str, Value] = {}
        if port.priority is not None and (mode is None or mode in bond_rules.PRIORITY):
            attrs["prio"] = port.priority
        if port.queue_id is not None:
            attrs["queue_id"] = port.queue_id
        if attrs:
            ports[port.name] = attrs
    return ports


def _normal_options(options: BondOptions, mode: str | None) -> BondOptions:
    changes: dict[str, Any] = {"balance_slb": None}
    if mode is not None:
        changes |= {word: None for word, option in OPTIONS.items() if mode not in option.shown}
    if options.primary == "":
        changes["primary"] = None
    if options.miimon:
        for word in ("updelay", "downdelay"):
            if (delay := getattr(options, word)) is not None:
                changes[word] = delay - delay % options.miimon
    return replace(options, **changes)
