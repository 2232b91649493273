"""Which of the kernel's settings make what a policy says about router advertisements (ip-sysctl of Linux, RFC 4861).

Addresses, the default route and the routes behind routers are the kernel's to make; a listener of ours takes the name
servers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from netkernel import devconf
from netkernel.host import Host
from netkernel.records import Link
from nncp_agent.model import IpStack
from nncp_agent.shown import routers

ALWAYS: Final = {"accept_ra": 2, "autoconf": 1, "accept_ra_pinfo": 1}
"""2 and not 1: a node that forwards, as one with containers does, still learns from its routers."""
_LONGEST_ROUTE: Final = 128
PRIVACY: Final = {word: number for number, word in routers.PRIVACY.items()}
OWN_METRIC: Final = 1024
"""IP6_RT_PRIO_USER (linux/ipv6_route.h), which 0 means."""


def settings(stated: IpStack, seen: Link | None, host: Host) -> Mapping[str, int]:
    """What is to be written so that `stated` holds where autoconf is wanted; nothing where it does.

    Who states autoconf wants all of it, but on a link that we told already, where what is not stated stays as it is.
    """
    told = not stated.autoconf or is_told(seen)
    wanted: dict[str, int] = {}
    if (gateway := _meant(stated.auto_gateway, told)) is not None:
        wanted["accept_ra_defrtr"] = int(gateway)
    if (routes := _meant(stated.auto_routes, told)) is not None:
        wanted["accept_ra_rt_info_max_plen"] = _LONGEST_ROUTE if routes else 0
    if stated.auto_route_metric is not None:
        wanted["ra_defrtr_metric"] = stated.auto_route_metric or OWN_METRIC
    if stated.privacy is not None:
        wanted["use_tempaddr"] = PRIVACY[stated.privacy]
    wanted = {name: value for name, value in wanted.items() if _is_there(name, host)}
    if seen is None:
        return {**ALWAYS, **wanted}
    wanted = {name: value for name, value in wanted.items() if not _is_so(devconf.get(seen.conf6, name), name, value)}
    return {**ALWAYS, **wanted} if wanted or not routers.accepts_ra(seen) else {}


def listens(stated: IpStack, merged: IpStack, seen: Link | None, runs: bool) -> bool:
    """Whether name servers of routers are wanted."""
    if not merged.enabled or not merged.autoconf:
        return False
    meant = _meant(stated.auto_dns, not stated.autoconf or is_told(seen))
    return runs if meant is None else meant


def is_told(seen: Link | None) -> bool:
    """Whether the link listens to routers because a policy of ours wants it."""
    return seen is not None and routers.accepts_ra(seen) and devconf.get(seen.conf6, "accept_ra") == ALWAYS["accept_ra"]


def _meant(stated: bool | None, told: bool) -> bool | None:
    return True if stated is None and not told else stated


def _is_so(have: int | None, name: str, want: int) -> bool:
    """A route of some length counts as routes."""
    return have == want or (name == "accept_ra_rt_info_max_plen" and bool(have) == bool(want))


def _is_there(name: str, host: Host) -> bool:
    """Whether this kernel has the setting, as far as is known."""
    known = host.sysctls
    return f"net/ipv6/conf/default/{name}" in known or "net/ipv6/conf/default/accept_ra" not in known
