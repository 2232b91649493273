"""Which checks guard a policy on this node: what the node says (its file, or the cluster), and the policy over it.

`gateway` and `dns` are asked where there are any; with a target that is asked instead (an address; of a name server).
`apiServer` is the cluster's, or a target (`tcp://HOST:PORT`); `nodeReadiness` needs somebody who knows whether the node
is ready.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from ipaddress import ip_address
from typing import Final

from netkernel.errors import NetworkError
from netkernel.frozen import replace
from nncp_agent.checks import tcp
from nncp_agent.checks.base import Check as Asking
from nncp_agent.checks.echo import Echo
from nncp_agent.checks.name_server import NameServer
from nncp_agent.node.doors import Source, ThisNode
from nncp_agent.objects.policy import Check, Policy
from nncp_agent.options import Options

log = logging.getLogger(__name__)

_AGAIN_S: Final = 0.2


class Readiness:
    """Whether the node is ready, as its cluster sees it."""

    def __init__(self, ready: Callable[[], bool | None], clock: Callable[[], float] = time.monotonic) -> None:
        self._ready = ready
        self._clock = clock

    def describe(self) -> str:
        return "readiness of the node"

    def try_once(self, timeout_s: float) -> bool:
        deadline, never = self._clock() + timeout_s, threading.Event()
        while not (is_ready := bool(self._ready())) and self._clock() < deadline:
            never.wait(_AGAIN_S)
        return is_ready


def joined(node: Mapping[str, Check], policies: Iterable[Policy]) -> dict[str, Check]:
    """What each check is to be; a policy says otherwise what it states."""
    found = dict(node)
    for policy in policies:
        for name, over in policy.checks.items():
            under = found.get(name, Check())
            found[name] = Check(
                under.enabled if over.enabled is None else over.enabled,
                over.target or under.target,
                over.timeout_s or under.timeout_s,
            )
    return found


def stated(
    options: Options, policies: Sequence[Policy], node: ThisNode, source: Source, api_server: Asking | None = None
) -> Options:
    """The options with the checks of these policies on this node."""
    asked = joined(node.checks, policies)
    on = {name: each for name, each in asked.items() if each.enabled is not False}
    limits = [each.timeout_s for each in on.values() if each.timeout_s]
    return replace(
        options,
        gateways=options.gateways and "gateway" not in asked.keys() - on.keys() and not _target(on, "gateway"),
        name_servers=options.name_servers and "dns" not in asked.keys() - on.keys() and not _target(on, "dns"),
        checks=(*options.checks, *_made(on, source, api_server)),
        check_timeout_s=float(max(limits)) if limits else options.check_timeout_s,
    )


def _made(on: Mapping[str, Check], source: Source, api_server: Asking | None) -> Iterator[Asking]:
    if address := _target(on, "gateway"):
        if _is_address(address):
            yield Echo(address)
        else:
            log.warning("checks.gateway.target: found %s, wanted an address: not asked", address)
    if address := _target(on, "dns"):
        if _is_address(address):
            yield NameServer(address)
        else:
            log.warning("checks.dns.target: found %s, wanted the address of a name server: not asked", address)
    if target := _target(on, "apiServer"):
        try:
            yield tcp.parse(target if "://" in target else f"tcp://{target}")
        except NetworkError as error:
            log.warning("checks.apiServer.target: %s: not asked", error)
    elif "apiServer" in on and api_server is not None:
        yield api_server
    if "nodeReadiness" in on:
        yield Readiness(lambda: node.ready if (node := source.node()) is not None else None)


def _target(on: Mapping[str, Check], name: str) -> str:
    return (on[name].target or "") if name in on else ""


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
