"""The calls of cnv-bridge: ADD makes all of an attachment or nothing; DEL and GC find what is ours by its stamp."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress

from cni import ipam
from cni.attachments import valid_attachments
from cni.bridge import checks, gateway, leaving, masquerade, node, pod, spoof
from cni.bridge.config import BridgeConfig, gateway_name, read
from cni.bridge.leaving import Leave
from cni.bridge.lock import PATIENCE_S, PLACE, JoiningLock
from cni.skel import CHECK, DEL, GC, STATUS, Call
from cni.types.errors import INTERNAL, INVALID_CONFIG, INVALID_NETNS, CniError
from cni.types.results import NO_DNS, Interface, Result, replace
from netkernel import pod_stamp as stamp
from netkernel import together
from netkernel.errors import NetworkError, NotUndone
from netkernel.nftables import Nftables
from netkernel.ops import CreateLink, DeleteLink, Op, SetLink
from netkernel.place import Place
from netkernel.pod_stamp import Attachment
from netkernel.records import Link
from netkernel.typed import Final

PORT_S: Final = 2.55
"""How long the Go plugin looks at a port that does not come up: 0, 50, 500, 1000 and 1000 ms."""
PROMISED: Final = "/var/lib/nncp-agent/bridges"


def promised_bridges(file: str = PROMISED) -> frozenset[str]:
    """The bridges that committed policies of this node make, one name a line; none where no agent keeps such a list."""
    try:
        with open(file, encoding="utf-8", errors="replace") as opened:
            return frozenset(opened.read().split())
    except OSError:
        return frozenset()


class BridgePlugin:
    """`promised` are the bridges it must never make itself; `lock` is held while ports join or leave a bridge.

    `leave` is how a port is found and deleted.
    """

    name = "bridge"

    def __init__(
        self,
        promised: Callable[[], Collection[str]] = promised_bridges,
        lock: str = PLACE,
        leave: Leave = leaving.alone,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._promised = promised
        self._lock = JoiningLock(lock, patience_s)
        self._leave = leave

    def add(self, call: Call) -> Result:
        """Attach the pod. Raises CniError or NetworkError, with everything as it was."""
        config = read(call)
        with _opened(call) as inside, Place() as outside, _taking_back() as back:
            node.check_free(inside, call.ifname)
            bridge, port = self._attached(outside, inside, call, config, back)
            if config.ipam:
                result = self._addressed(outside, inside, bridge, port, call, config, back)
            else:
                result = Result()
                if not config.disable_container_interface:
                    inside.execute([SetLink(call.ifname, "veth", {"up": True}, {"up": False})])
                    _await_port(outside, port)
            return _described(outside, inside, call, config, port, result)

    def _attached(
        self, outside: Place, inside: Place, call: Call, config: BridgeConfig, back: ExitStack
    ) -> tuple[Link, str]:
        with self._lock.held():
            bridge, changed, is_new = node.ensured(outside, config, self._promised())
            back.callback(_undo, outside, changed)
            if is_new:
                back.callback(self._leave_bridge, outside, bridge.name)
            mine = _attachment(call, config)
            port = node.pair(outside, call.namespace, call.ifname, config.mtu or bridge.mtu, config.mac, mine)
            back.callback(_undo, outside, [CreateLink(port, "veth")])
            if config.mac_spoof_check:
                back.callback(_unchecked, call)
                with Nftables() as door:
                    spoof.put_up(door, port, _address(inside, call.ifname), call.container, call.ifname)
            outside.execute([node.quiet(port), *node.join(port, config, bridge)])
        return bridge, port

    def _addressed(
        self, outside: Place, inside: Place, bridge: Link, port: str, call: Call, config: BridgeConfig, back: ExitStack
    ) -> Result:
        given = ipam.add(config.ipam, call)
        back.callback(_forgotten, config.ipam, call)
        if not given.ips:
            raise CniError(INTERNAL, "IPAM plugin returned missing IP config", f"ipam.type is {config.ipam}")
        result = pod.with_gateways(given, config)
        before, after = pod.configuration(inside, call.ifname, result, config)
        inside.execute(before)
        _await_port(outside, port)
        inside.execute(after)
        if config.enable_dad:
            pod.await_detection(inside, call.ifname)
        if config.is_gateway:
            carrier, made = gateway.ensured(outside, bridge, config)
            back.callback(_undo, outside, made)
            ops = gateway.configuration(outside, carrier, gateway.addresses(result), force=config.force_address)
            ops += gateway.forwarding(outside, {each.family for each in result.ips if each.gateway})
            back.callback(_undo, outside, ops)
            outside.execute(ops)
        if config.ip_masq:
            addresses = [each.address for each in result.ips]
            back.callback(masquerade.take_down, call.network, call.ifname, call.container)
            masquerade.put_up(config.ip_masq_backend, call.network, call.ifname, call.container, addresses)
        return result if config.dns == NO_DNS else replace(result, dns=config.dns)

    def delete(self, call: Call) -> None:
        """Remove all that belongs to the attachment, whatever of it is left. What remains is named at the end."""
        config = read(call)
        with Place() as outside, ExitStack() as after:
            # pushed last is done first: nobody gets the address of a pod that can still answer for it
            rules = after.enter_context(ExitStack())
            rules.callback(masquerade.take_down, call.network, call.ifname, call.container)
            rules.callback(_unchecked, call)
            if config.ipam:
                after.callback(ipam.tell, config.ipam, call, DEL)
            found = self._detach(outside, call, config)
            if found is not None and not found.has_rules:
                rules.pop_all()  # a port that is there says whether anybody has to be asked

    def check(self, call: Call) -> None:
        """Raises CniError for the first thing that is not as ADD left it."""
        config = read(call)
        if config.ipam:
            ipam.tell(config.ipam, call, CHECK)
        if config.previous is None:
            raise CniError(INVALID_CONFIG, "Required prevResult missing", "CHECK compares with the result of ADD")
        with _opened(call) as inside, Place() as outside:
            checks.check(outside, inside, call, config, config.previous)

    def collect(self, call: Call) -> None:
        """Remove attachments of this network that the runtime does not know any more."""
        config = read(call)
        valid = valid_attachments(call)
        if config.ipam:
            ipam.tell(config.ipam, call, GC)
        if valid is None:
            return
        known = {(stamp.short(container), ifname) for container, ifname in valid}
        where = stamp.place(config.bridge, config.vlan)
        with Place() as outside, Nftables() as door:
            stale = [
                link
                for link in outside.links().values()
                if (mine := stamp.read(link.alias)) and mine.is_of(call.network, where)
                if (mine.container, mine.ifname) not in known
            ]
            for refused in together.delete(outside, stale).values():
                raise refused
            self._leave_vlan(outside, config.bridge, config.vlan)
            spoof.collect(door, outside.links().keys())
        masquerade.collect(call.network, valid)

    def status(self, call: Call) -> None:
        """Ready when its configuration is one, and its IPAM plugin is."""
        config = read(call)
        if config.ipam:
            ipam.tell(config.ipam, call, STATUS)

    def _leave_vlan(self, outside: Place, bridge: str, vlan: int) -> None:
        if vlan and gateway.is_there(outside, bridge, vlan):
            with self._lock.held():
                gateway.remove_unused(outside, bridge, vlan)

    def _leave_bridge(self, outside: Place, bridge: str) -> None:
        with self._lock.held():
            node.remove_unused(outside, bridge)

    def _detach(self, outside: Place, call: Call, config: BridgeConfig) -> Attachment | None:
        found = self._leave(outside, call)
        if found is not None:
            self._leave_vlan(outside, found.bridge, found.vlan)
            return found
        with suppress(NetworkError):  # one that the Go plugin made has no stamp; it is where the runtime says
            if call.netns:
                with Place(call.namespace) as inside:
                    if (theirs := inside.link(call.ifname)) is not None and theirs.kind == "veth":
                        inside.execute([DeleteLink(call.ifname, "veth")])
        self._leave_vlan(outside, config.bridge, config.vlan)
        return None


@contextmanager
def _taking_back() -> Iterator[ExitStack]:
    """What is pushed on the stack is done, last first, when the block fails; its own failures are added as notes."""
    back = ExitStack()
    try:
        yield back
    except BaseException as failure:
        try:
            back.close()
        except (CniError, NetworkError) as left:
            failure.add_note(f"not taken back: {left}")
        raise
    back.pop_all()


@contextmanager
def _opened(call: Call) -> Iterator[Place]:
    netns = call.netns
    try:
        os.stat(call.namespace)
        place = Place(call.namespace)
    except OSError as error:
        said = f'failed to open netns "{netns}": failed to Statfs "{netns}": {(error.strerror or "").lower()}'
        raise CniError(INVALID_NETNS, said, "CNI_NETNS must be the path of a network namespace") from None
    except NetworkError as error:
        why = str(error).replace(call.namespace, netns)
        raise CniError(INVALID_NETNS, f'failed to open netns "{netns}": {why}') from None
    with place:
        yield place


def _undo(place: Place, ops: Sequence[Op]) -> None:
    """Raises NotUndone."""
    if left := place.undo(ops):
        raise NotUndone(left)


def _address(inside: Place, ifname: str) -> str:
    link = inside.link(ifname)
    if link is None:
        raise CniError(INTERNAL, f'interface "{ifname}" went away while it was attached')
    return link.address


def _attachment(call: Call, config: BridgeConfig) -> Attachment:
    has_rules = config.mac_spoof_check or config.ip_masq
    return stamp.attachment(call.container, call.ifname, call.network, config.bridge, config.vlan, has_rules)


def _unchecked(call: Call) -> None:
    with Nftables() as door:
        spoof.take_down(door, call.container, call.ifname)


def _forgotten(kind: str, call: Call) -> None:
    with suppress(CniError):
        ipam.tell(kind, call, DEL)


def _await_port(outside: Place, port: str) -> None:
    """Until the bridge forwards for the port, as far as the kernel's word for it goes. Raises CniError."""
    link = outside.link(port)
    if link is not None and link.operstate == "up":
        return
    deadline = time.monotonic() + PORT_S
    with outside.watch() as changes:
        while (link := outside.link(port)) is None or link.operstate != "up":
            left = deadline - time.monotonic()
            if left <= 0:
                state = link.operstate if link else "not there"
                raise CniError(INTERNAL, f"bridge port in error state: {state}", f"{port} was watched for {PORT_S} s")
            changes.wait(left)


def _described(outside: Place, inside: Place, call: Call, config: BridgeConfig, port: str, result: Result) -> Result:
    """The result with the interfaces as they are now."""
    bridge, ours, theirs = outside.link(config.bridge), outside.link(port), inside.link(call.ifname)
    if bridge is None or ours is None or theirs is None:
        raise CniError(INTERNAL, "the attachment went away while it was made")
    interfaces = [
        Interface(bridge.name, bridge.address, bridge.mtu),
        Interface(ours.name, ours.address, ours.mtu),
        Interface(theirs.name, theirs.address, theirs.mtu, call.netns),
    ]
    if config.is_gateway and config.vlan and (carrier := outside.link(gateway_name(config))):
        interfaces.append(Interface(carrier.name, carrier.address, carrier.mtu))
    return replace(result, interfaces=tuple(interfaces))
