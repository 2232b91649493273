"""What a node lacks before any VM starts: kernel features, each tried for real, and what stands around a VM."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

from netkernel import netns, packet_socket, ruleset, sysctl, tun_device
from netkernel.errors import KernelRefused, NetworkError
from netkernel.frozen import replace
from netkernel.kernel import LinuxKernel
from netkernel.nftables import INET, Nftables
from netkernel.ops import CreateLink
from netkernel.records import Attrs
from netkernel.ruleset import Table
from netkernel.typed import Final
from vmnet import frame_rules, masquerade, surroundings
from vmnet.addressing import Inside
from vmnet.frame_rules import Guarded
from vmnet.masquerade import Masqueraded
from vmnet.surroundings import Found
from vmnet.target import FORWARDING6, NETFILTER

_GUARDED: Final = Guarded(tap="tap0", mac="02:00:00:00:00:01")
_OF_LINKS: Final = ("arp_ignore", "route_localnet", "forwarding")


def found() -> Iterator[Found]:
    """In a throw-away namespace, and on the node as it is. Raises NetworkError when there can be none."""
    own: dict[str, str] = {}
    try:
        with netns.throw_away():
            for path in NETFILTER:
                with suppress(KernelRefused):
                    own[path] = sysctl.read(path)
            yield from _links()
            yield from _rules()
            yield from _settings()
            yield Found("packet sockets", _refused(_listen), True, "vmnet serve hears no guest")
    except OSError as error:
        raise NetworkError(f"no network namespace to try things in: {error.strerror} (are you root?)") from error
    yield from surroundings.found(own)


def _links() -> Iterator[Found]:
    yield Found("bridge", _refused(lambda: _make("bridge")))
    yield Found("tap", _refused(lambda: _make("tun", {"mode": "tap"})), True, f"is {tun_device.DEVICE} there?")
    several: Attrs = {"mode": "tap", "multi_queue": 1}
    yield Found("tap with several queues", _refused(lambda: _make("tun", several)), False, "one queue only")
    yield Found("dummy", _refused(lambda: _make("dummy")), False, "a bridge that is down keeps the addresses")
    filtering: Attrs = {"vlan_filtering": 1}
    yield Found("bridge VLAN filtering", _refused(lambda: _make("bridge", filtering)), False, "no vlan for NICs")
    yield Found("macvtap", _refused(_make_macvtap), False, "no binding plugin macvtap")


def _rules() -> Iterator[Found]:
    yield Found("nftables NAT for IPv4", _refused(partial(_put_up, _nat(4))), True, "no masquerade")
    yield Found("nftables NAT for IPv6", _refused(partial(_put_up, _nat(6))), False, "masquerade for IPv4 only")
    served = frame_rules.table(replace(_GUARDED, serves=True))
    said = "no bridge binding where the pod has an address"
    yield Found("nftables bridge family", _refused(partial(_put_up, served)), False, said)
    guarded = frame_rules.table(replace(_GUARDED, mode="ip"))
    yield Found("nftables by source address", _refused(partial(_put_up, guarded)), False, "no antiSpoof")
    limited = frame_rules.table(replace(_GUARDED, send_kbps=64, receive_kbps=64))
    yield Found("nftables limits", _refused(partial(_put_up, limited)), False, "no rateLimit")
    yield Found("nftables comments of tables", _refused(_comment), False, "rules are put up anew with each setup")


def _settings() -> Iterator[Found]:
    missing = [name for name in _OF_LINKS if _refused(partial(sysctl.read, f"net/ipv4/conf/lo/{name}"))]
    lacking = f"{', '.join(missing)} not there" if missing else ""
    yield Found("net.ipv4.conf", lacking, True, "guests are not reached from their pod")
    yield Found(FORWARDING6.replace("/", "."), _refused(partial(sysctl.read, FORWARDING6)), False, "IPv4 only")


def _nat(family: int) -> Table:
    side = Inside("10.0.2.1", "10.0.2.2", 24) if family == 4 else Inside("fd10:0:2::1", "fd10:0:2::2", 120)
    return masquerade.table(Masqueraded(link="eth0", bridge="k6t-eth0", addresses=(), inside=(side,)))


def _put_up(table: Table) -> None:
    with Nftables() as door:
        door.commit(ruleset.messages([table]))


def _comment() -> None:
    table = _nat(4)
    with Nftables() as door:
        door.commit(ruleset.messages([table]))
        if door.table_comment(INET, table.name) != table.comment:
            raise KernelRefused("nftables", 0, "this kernel keeps none")


def _make(kind: str, attrs: Attrs | None = None) -> None:
    with netns.throw_away(), LinuxKernel() as kernel:
        kernel.execute([CreateLink("probe", kind, attrs or {})])


def _make_macvtap() -> None:
    with netns.throw_away(), LinuxKernel() as kernel:
        kernel.execute([CreateLink("below", "bridge"), CreateLink("probe", "macvtap", {"link": "below"})])


def _listen() -> None:
    try:
        packet_socket.opened("lo", 0x0003, (packet_socket.TAKE,), socket.SOCK_RAW).close()
    except OSError as error:
        raise KernelRefused("packet socket", error.errno or 0, error.strerror or str(error)) from error


def _refused(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except NetworkError as error:
        return str(getattr(error, "reason", error))
    return ""
