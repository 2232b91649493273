"""`route-rules`: the kernel's policy-routing rules as `show` prints them (nmstate.md 4.3)."""

from __future__ import annotations

from netkernel.host import Host
from netkernel.records import Rule
from netkernel.typed import Final
from nncp_agent.shown.base import Tree
from nncp_agent.shown.routes import BOOT, RUNNING_PROTOCOLS, STATIC

UNSPECIFIED: Final = 0
"""RTPROT_UNSPEC (linux/rtnetlink.h): what `ip rule` leaves when nobody says a protocol."""
ACTIONS: Final = {6: "blackhole", 7: "unreachable", 8: "prohibit"}
"""FR_ACT_* of linux/fib_rules.h."""
TO_TABLE: Final = 1
"""FR_ACT_TO_TBL."""
EVERY_BIT: Final = 0xFFFFFFFF
"""The mask of a mark without one."""


def read(host: Host) -> Tree:
    """IPv6 first, as routes and as nmstate has them, each family in the kernel's order, which is that of priorities."""
    rules = sorted(filter(is_shown, host.rules), key=lambda rule: -rule.family)
    return {"config": [entry(rule) for rule in rules]}


def is_config(rule: Rule) -> bool:
    """Whether somebody configured it, so that a policy may take it away."""
    return rule.protocol in (UNSPECIFIED, BOOT, STATIC) and is_shown(rule)


def is_shown(rule: Rule) -> bool:
    """Whether a policy has words for all of it. The kernel's own, and VRFs', are nobody's business."""
    return (
        (rule.protocol == UNSPECIFIED or rule.protocol in RUNNING_PROTOCOLS)
        and (rule.action == TO_TABLE or rule.action in ACTIONS)
        and not (rule.invert or rule.oif or rule.tos or rule.extra)
    )


def entry(rule: Rule) -> Tree:
    """One rule."""
    has_mark = rule.fwmark or rule.fwmask
    said = {
        "family": f"ipv{rule.family}",
        "ip-from": rule.source or None,
        "ip-to": rule.destination or None,
        "priority": rule.priority,
        "route-table": rule.table or None,
        "fwmark": f"{rule.fwmark:#x}" if has_mark else None,
        "fwmask": f"{rule.fwmask:#x}" if has_mark else None,
        "action": ACTIONS.get(rule.action),
        "iif": rule.iif or None,
        "suppress-prefix-length": rule.suppress_prefix_length,
    }
    return {key: value for key, value in said.items() if value is not None}
