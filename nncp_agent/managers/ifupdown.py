"""ifupdown keeps a list of the interfaces it has set up (interfaces(5), /run/network/ifstate)."""

from __future__ import annotations

from collections.abc import Mapping
from shlex import quote

from netkernel.records import Link
from nncp_agent.managers.base import Holder, lines


def holders(links: Mapping[str, Link], run: str) -> dict[str, Holder]:
    """The links it brought up. The loopback, which it always lists, is everybody's."""
    found = {}
    for line in lines(f"{run}/network/ifstate"):
        name, equals, stanza = line.partition("=")
        if equals and name in links and name != "lo":
            fix = f"take {quote(name)} out of /etc/network/interfaces and its interfaces.d"
            found[name] = Holder("ifupdown", f"iface {stanza}", fix)
    return found
