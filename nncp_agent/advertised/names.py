"""Name servers and search domains of all routers of a link, each until its time is over (RFC 8106 section 5.3.1)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from netkernel.packets.router import FOREVER, Advertisement
from nncp_agent.shown.dns import Dns

MOST: Final = 8
"""Of each; RFC 8106 wants three at least, and nobody shall fill our memory."""
Known = Mapping[tuple[bool, str], float]
"""When each ends, by whether it is a server and its name; in the order in which they were first heard."""
NONE: Final[Known] = {}


def heard(known: Known, said: Advertisement, now_s: float) -> Known:
    """With what a router says now: longer, shorter, or no more."""
    after = dict(aged(known, now_s))
    for is_server, lists in ((True, said.servers), (False, said.search)):
        for each in lists:
            for name in each.names:
                key = (is_server, name)
                if not each.lasts_s:
                    after.pop(key, None)
                elif key in after or sum(one == is_server for one, _ in after) < MOST:
                    after[key] = math.inf if each.lasts_s == FOREVER else now_s + each.lasts_s
    return after


def aged(known: Known, now_s: float) -> Known:
    """Those whose time is not over; the same object when all are."""
    return known if due_s(known) > now_s else {key: ends_s for key, ends_s in known.items() if ends_s > now_s}


def due_s(known: Known) -> float:
    """When the next one ends."""
    return min(known.values(), default=math.inf)


def of_link(known: Known, link: str) -> Dns:
    """As a resolver is told: link-local servers with their zone."""
    servers = [name + f"%{link}" * name.startswith("fe80:") for is_server, name in known if is_server]
    return Dns(tuple(servers), tuple([name for is_server, name in known if not is_server]))
