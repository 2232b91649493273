"""Where our plugins are meant to do other than those written in Go, and why: what is not in this table is a defect.

Each difference says how the lines of either side are rewritten until they are alike; a line rewritten to nothing is
left out. One that is only about some scenarios must be found in each of them, so that none outlives its reason.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from tests.cni.scenarios import BRIDGE, FILTERING, STATIC, Scenario

OLD: Final = "1.1"
"""The release that Debian has; what is only of that one was mended since."""
NEW: Final = "1.9"
Rewrite = tuple[str, str]


@dataclass(frozen=True)
class Difference:
    """`where` says for which scenarios, None for all; `peer` which release of theirs, empty for all."""

    reason: str
    theirs: Sequence[Rewrite] = ()
    ours: Sequence[Rewrite] = ()
    where: Callable[[Scenario], bool] | None = None
    peer: str = ""


def _named(*names: str) -> Callable[[Scenario], bool]:
    return lambda scenario: scenario.name in names


def _on_a_bridge(scenario: Scenario) -> bool:
    """An attachment comes about."""
    fails = ("that is none", "two modes", "number as text", "unknown", "no ", "refuses", "is taken", "another address")
    return scenario.plugin == "bridge" and not any(word in scenario.name for word in fails)


def _finds_a_bridge(scenario: Scenario) -> bool:
    """One is there, and nothing is refused before it is looked at."""
    early = (
        "a number as text",
        "a VLAN that is none",
        "two modes at once",
        "unknown arguments",
        "a trunk that is none",
    )
    return scenario.prepare.startswith((BRIDGE, FILTERING)) and scenario.name not in early


def _has_ipam(scenario: Scenario) -> bool:
    return "ipam" in scenario.asked


def _has_ipv6(scenario: Scenario) -> bool:
    return "fd09" in str(scenario.asked) and not scenario.asked.get("enabledad")


def _makes_the_bridge(scenario: Scenario) -> bool:
    return _on_a_bridge(scenario) and not scenario.prepare


_SPOOF: Final = _named("a source check", "a source check in a VLAN")
_TAKEN: Final = _named("a name that is taken")
_MASQ: Final = _named("masquerading in nftables")

DIFFERENCES: Final = (
    Difference(
        "CHECK of an attachment without addresses passes: theirs asks an IPAM plugin without a name",
        theirs=[("CHECK: refused: no plugin name provided$", "CHECK: done")],
        where=lambda scenario: _on_a_bridge(scenario) and not _has_ipam(scenario),
    ),
    Difference(
        "the result has the MTU, for which the newest specification has a place",
        ours=[(r'(1\.[01]\.0 ADD: interfaces: .*)"mtu": \d+, ', r"\1")],
    ),
    Difference(
        "a port says whose it is, so that DEL and GC find it without a configuration",
        ours=[(r'("ifalias": "nncp:cni:[^"]*", )', "")],
        where=_on_a_bridge,
    ),
    Difference(
        "a port has the queue of any veth, though without a queueing discipline nothing is ever in it",
        ours=[(r"(node attached: link <veth> .*), .txqlen.: 1000", r"\1")],
        where=_on_a_bridge,
    ),
    Difference(
        "a bridge that was there keeps its settings: its own address may come from routers",
        theirs=[("^node .*: setting ipv6/br1/accept_ra=0$", "")],
        where=_finds_a_bridge,
    ),
    Difference(
        "a bridge that we make has a MAC of its own, which stays when the last port has left",
        theirs=[('(node detached: link (?:br.|cni0) .*)"00:00:00:00:00:00"', r'\1"<mac>"')],
        where=_makes_the_bridge,
    ),
    Difference(
        "IPv6 addresses are used at once, on the pod and on the gateway, without asking whether somebody has them",
        theirs=[(r"(fd09::\d/64 global) (?:tentative)?$", r"\1 nodad")],
        where=_has_ipv6,
    ),
    Difference(
        "the gateway of a VLAN is marked as ours and goes with the last pod in it",
        theirs=[
            ("^node detached: .*(br1.93|<veth>|10.9.0.1/24).*", ""),
        ],
        ours=[('"ifalias": "nncp:cnigateway:br1/93", ', "")],
        where=_named("a gateway in a VLAN"),
    ),
    Difference(
        "dropped frames are counted",
        ours=[("counter packets 0 bytes 0 drop", "drop")],
        where=_SPOOF,
    ),
    Difference(
        "a table that nobody needs any more goes, and says until then who made it",
        theirs=[("^node detached: rule table bridge nat.*", "")],
        ours=[('^.*rule table bridge nat / comment "made by nncp-agent"$', "")],
        where=_SPOOF,
    ),
    Difference(
        "a table that nobody needs any more goes; theirs explains its chain, and goes to it instead of jumping",
        theirs=[
            ("^node detached: rule table inet cni_plugins_masquerade.*", ""),
            ('^node attached: rule .*/ chain masq_checks / comment "Masq.*', ""),
            ("goto masq_checks", "jump masq_checks"),
        ],
        where=_MASQ,
    ),
    Difference(
        "DEL asks iptables only for rules that it may have: theirs fails where it never had any",
        theirs=[(r"(?s)DEL: refused: running \[\S*iptables -t nat -D.*does not exist.*", "DEL: done")],
        where=_MASQ,
    ),
    Difference(
        "what has the pod's interface name is not ours: it is looked at before a pair is made, and DEL leaves it alone",
        theirs=[(r"detached: \['lo'\]", "detached: ['lo', 'net1']")],
        ours=[(r"^\S+ attached: (link|setting) .*net1.*", "")],
        where=_TAKEN,
    ),
    Difference(
        "there is no name of a pair yet when the pod's interface name is looked at",
        theirs=[(r'peer provided \("<veth>"\)', 'peer provided ("")')],
        where=_TAKEN,
        peer=NEW,
    ),
    Difference(
        "the words of the newest release",
        theirs=[(r"veth name provided \(net1\)", r'veth name ("net1") peer provided ("")')],
        where=_TAKEN,
        peer=OLD,
    ),
    Difference(
        "DEL is content with any values: a pod must be able to go whatever became of its configuration",
        theirs=[("DEL: refused: (invalid VLAN ID 4095|minID and maxID should|ARGS: unknown).*", "DEL: done")],
        where=_named("a VLAN that is none", "a trunk that is none", "unknown arguments"),
    ),
    Difference(
        "a sysctl is named as it was written",
        theirs=[('"kernel/hostname"', '"kernel.hostname"')],
        where=_named("a sysctl of another kind tuned"),
        peer=NEW,
    ),
    Difference(
        "what is no object is said once, in the words for all other keys",
        theirs=[
            ("json: (.*) sysctlCheck.sysctl of type map.main.sysctlKey.",
             r"failed to load netconf: json: \1 TuningConf.sysctl of type map[string]"),
        ],
        where=_named("sysctls as a list"),
        peer=NEW,
    ),
    Difference(
        "the DNS of an IPAM plugin counts where the configuration has none, as in the newest release",
        theirs=[("ADD: dns: {}", f"ADD: dns: {json.dumps(STATIC['dns'], sort_keys=True)}")],
        where=_named("static addresses"),
        peer=OLD,
    ),
    Difference(
        "an interface that goes down keeps its IPv6 addresses, as in the newest release",
        ours=[("^.*setting ipv6/net1/keep_addr_on_down=1$", "")],
        where=_has_ipv6,
        peer=OLD,
    ),
    Difference(
        "an empty dns is left out, as in the newest release",
        theirs=[(r"^1\.[01]\.0 ADD: dns: \{\}$", "")],
        peer=OLD,
    ),
    Difference(
        "the interface has a queue, as in the newest release",
        ours=[(r"(\S+ attached: link net1 .*), .txqlen.: 1000", r"\1")],
        where=_on_a_bridge,
        peer=OLD,
    ),
    Difference(
        "a VLAN is the only one of its port, as in the newest release",
        theirs=[(r'\{"flags": \["Egress Untagged"\], "vlan": 1\}, ', "")],
        where=_named("a VLAN", "a VLAN of a new bridge"),
        peer=OLD,
    ),
    Difference(
        "the words of the newest release",
        theirs=[("at the same time[.]", "at the same time")],
        where=_named("two modes at once"),
        peer=OLD,
    ),
    Difference(
        "CHECK of a sysctl with IFNAME passes, as in the newest release",
        theirs=[("CHECK: refused: open /proc/sys/net/ipv4/conf/IFNAME/arp_notify.*", "CHECK: done")],
        where=_named("sysctls tuned"),
        peer=OLD,
    ),
)  # fmt: skip


def unlike(scenario: Scenario, peer: str, theirs: Iterable[str], ours: Iterable[str]) -> str:
    """What is meant to be no difference, a line each. Raises AssertionError for a difference that is no more."""
    sides = [list(theirs), list(ours)]
    for difference in DIFFERENCES:
        if difference.where is not None and not difference.where(scenario):
            continue
        if not peer.startswith(difference.peer):
            continue
        for number, rewrites in enumerate((difference.theirs, difference.ours)):
            for pattern, replacement in rewrites:
                rewritten = [re.sub(pattern, replacement, line) for line in sides[number]]
                is_needed = difference.where is None or rewritten != sides[number]
                assert is_needed, f"no difference any more: {difference.reason}: {pattern}"
                sides[number] = rewritten
    one, other = (Counter(filter(None, side)) for side in sides)
    only = {"theirs": one - other, "ours": other - one}
    return "\n".join(f"{whose}: {line}" for whose, lines in only.items() for line in sorted(lines.elements()))
