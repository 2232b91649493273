"""What is wrong, or surprising, with a bond by itself: what bonding refuses or ignores (kernel-facts.md 1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from netkernel.records import Link
from nncp_agent.errors import Problem
from nncp_agent.kinds.bond_config import BondConfig, BondOptions
from nncp_agent.model import Interface, stated
from nncp_agent.shown.bond_options import AB, ACTIVE_PORT, MODES, OPTIONS

SECTION: Final = "link-aggregation"
PRIORITY: Final = ACTIVE_PORT
"""Modes in which a port's `priority` is taken (BOND_OPT_PRIO)."""


def problems(iface: Interface, merged: Interface, before: Link | None) -> Iterator[Problem]:
    """`merged` has the monitor in force; `before` is the bond there is."""
    config, whole = iface.config, merged.config
    if not isinstance(whole, BondConfig):
        whole = BondConfig()
    if whole.mode is None:
        yield Problem(f"{iface.name}: {SECTION}.mode", f"missing; wanted one of {', '.join(MODES)}")
    if isinstance(config, BondConfig):
        yield from _ports(iface.name, config, whole)
    options = whole.options or BondOptions()
    if isinstance(config, BondConfig) and config.options is not None:
        yield from _modes(iface.name, config.options, whole.mode)
        yield from _timers(iface.name, config.options, options, before)
        yield from _primary(iface.name, config.options, whole)
    yield from _follows_its_port(iface, whole, before)


def warnings(iface: Interface, merged: Interface) -> Iterator[Problem]:
    """`merged` has the monitor in force."""
    config, whole = iface.config, merged.config
    if not isinstance(config, BondConfig) or not isinstance(whole, BondConfig):
        return
    asked, options = config.options or BondOptions(), whole.options or BondOptions()
    for word, value in stated(asked).items():
        option = OPTIONS.get(word)
        if option is None or whole.mode is None or whole.mode in option.heeded or whole.mode not in option.taken:
            continue
        if not _is_default(word, value):
            yield Problem(f"{iface.name}: {SECTION}.options.{word}", f"has no effect in mode {whole.mode}")
    if options.arp_interval and not options.arp_ip_target:
        yield Problem(
            f"{iface.name}: {SECTION}.options.arp_interval",
            "without arp_ip_target nobody is asked, and every port will count as dead",
        )
    elif asked.miimon == 0 and not options.arp_interval:
        yield Problem(f"{iface.name}: {SECTION}.options.miimon", "found 0: a port that loses its link goes unnoticed")


def _modes(name: str, options: BondOptions, mode: str | None) -> Iterator[Problem]:
    for word, value in stated(options).items():
        option = OPTIONS.get(word)
        path = f"{name}: {SECTION}.options.{word}"
        if option is None:
            if value:
                yield Problem(path, "found true: this balances in NetworkManager and Open vSwitch, not in the kernel")
            continue
        if mode is None or mode in option.taken:
            continue
        # `show` prints some of them in every mode; off is what they are there.
        if mode in option.shown and _is_default(word, value):
            continue
        modes = ", ".join(each for each in MODES if each in option.taken)
        yield Problem(path, f"found mode {mode}, which does not take this option; wanted mode {modes}")


def _is_default(word: str, value: object) -> bool:
    default = OPTIONS[word].default
    return value == (",".join(default) if isinstance(default, tuple) else default)


def _timers(name: str, asked: BondOptions, options: BondOptions, before: Link | None) -> Iterator[Problem]:
    path = f"{name}: {SECTION}.options"
    if options.miimon and options.arp_interval:
        yield Problem(
            f"{path}.arp_interval",
            f"found {options.arp_interval} beside miimon {options.miimon}, wanted one monitor; set the other to 0",
        )
    has = before.attrs if before is not None else {}  # what came first, the kernel has let stand when miimon was set
    is_so = (has.get("miimon"), has.get("arp_validate")) == (options.miimon, asked.arp_validate)
    if options.miimon and asked.arp_validate not in (None, "none") and not options.arp_interval and not is_so:
        yield Problem(
            f"{path}.arp_validate",
            f"found '{asked.arp_validate}' beside miimon {options.miimon}, wanted arp_interval, and miimon 0",
        )
    for word in ("updelay", "downdelay"):
        delay: int = getattr(options, word) or 0
        if not delay or (getattr(asked, word) is None and asked.miimon is None):
            continue
        where = word if getattr(asked, word) is not None else "miimon"
        if not options.miimon:
            yield Problem(f"{path}.{word}", f"found {delay} with miimon 0, wanted 0, or a miimon it is a multiple of")
        elif delay % options.miimon:
            yield Problem(
                f"{path}.{where}",
                f"found {word} {delay} with miimon {options.miimon}, wanted a multiple of it: "
                f"{delay - delay % options.miimon} or {delay - delay % options.miimon + options.miimon}",
            )


def _ports(name: str, config: BondConfig, whole: BondConfig) -> Iterator[Problem]:
    path = f"{name}: {SECTION}"
    listed = config.ports_config or ()
    for word, names in (("port", config.port or ()), ("ports-config", tuple(each.name for each in listed))):
        for twice in (each for each, times in Counter(names).items() if times > 1):
            yield Problem(f"{path}.{word}", f"found '{twice}' twice, wanted each port once")
        if name in names:
            yield Problem(f"{path}.{word}", f"found '{name}', the bond itself, wanted other links")
    if config.port is not None and config.ports_config is not None:
        odd = sorted({each.name for each in listed} ^ set(config.port))
        if odd:
            yield Problem(
                f"{path}.ports-config", f"found other ports than in 'port', wanted the same: {', '.join(odd)}"
            )
    queues = Counter(each.queue_id for each in listed if each.queue_id)
    for queue in (queue for queue, times in queues.items() if times > 1):
        yield Problem(f"{path}.ports-config", f"found queue-id {queue} twice, wanted one port for a queue")
    for port in listed:
        if port.priority and whole.mode is not None and whole.mode not in PRIORITY:
            modes = ", ".join(each for each in MODES if each in PRIORITY)
            yield Problem(
                f"{path}.ports-config[{port.name}].priority",
                f"found {port.priority} in mode {whole.mode}, wanted mode {modes}",
            )


def _primary(name: str, asked: BondOptions, whole: BondConfig) -> Iterator[Problem]:
    ports = whole.port or tuple(each.name for each in whole.ports_config or ())
    if asked.primary and asked.primary not in ports:
        wanted = f"one of its ports: {', '.join(ports)}" if ports else "one of its ports, and it has none"
        yield Problem(f"{name}: {SECTION}.options.primary", f"found '{asked.primary}', wanted {wanted}")


def _follows_its_port(iface: Interface, whole: BondConfig, before: Link | None) -> Iterator[Problem]:
    """With fail_over_mac active the bond's MAC is its active port's; the kernel says OK to another and ignores it."""
    policy = (whole.options or BondOptions()).fail_over_mac
    if whole.mode != AB or policy != "active" or not (iface.mac_address or iface.copy_mac_from):
        return
    follows = before is not None and (before.attrs.get("mode"), before.attrs.get("fail_over_mac")) == (AB, policy)
    if follows and before is not None and iface.mac_address == before.address.upper():
        return
    where = "mac-address" if iface.mac_address else "copy-mac-from"
    yield Problem(
        f"{iface.name}: {where}",
        f"with fail_over_mac {policy} the bond has its active port's MAC, wanted no MAC, or fail_over_mac none",
    )
