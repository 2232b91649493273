"""A pod's way out: by the network that its annotation says, and by no other, as Multus sees to it after the plugins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from netkernel.errors import NetworkError
from netkernel.kernel import LinuxKernel
from netkernel.ops import AddRoute, DeleteRoute, Op
from netkernel.records import MAIN_TABLE, Hop, Route
from netkernel.transaction import Transaction
from nncp_agent.attaching import NotAttached

_ALL: Final = {4: "0.0.0.0/0", 6: "::/0"}


def lead_out(netns: str, interface: str, gateways: Sequence[str]) -> None:
    """Default routes of the gateways' families lead over `interface` from now on.

    `netns` is the path of a namespace. Raises NotAttached; then its routes are what they were.
    """
    routes = [Route(_ALL[6 if ":" in each else 4], (Hop(interface, each),)) for each in gateways]
    families = {each.family for each in routes}
    try:
        with LinuxKernel(netns) as kernel:
            others: list[Op] = [DeleteRoute(each) for each in kernel.snapshot().routes if _leads_out(each, families)]
            with Transaction(kernel) as transaction:
                transaction.do([*others, *(AddRoute(each) for each in routes)])
    except NetworkError as error:
        raise NotAttached(f"default-route by {interface}: {error}") from error


def _leads_out(route: Route, families: set[int]) -> bool:
    return route.destination == _ALL[route.family] and route.table == MAIN_TABLE and route.family in families
