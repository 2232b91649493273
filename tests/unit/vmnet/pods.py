"""A pod in memory, behind the seam that the real one stands behind."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from netkernel import devconf
from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.link_local import KERNEL_LINK_LOCAL, eui64
from netkernel.records import Address, Hop, Link, Route
from netkernel.ruleset import Table
from tests.fake_kernel import FakeKernel
from vmnet.announcing import Announcement
from vmnet.target import FORWARDING6, NETFILTER, of_link

POD_MAC, LAN_MAC = "0a:58:0a:f4:01:17", "0a:58:0a:f4:02:18"


def nic(name: str, mac: str, index: int, mtu: int = 1450) -> Link:
    attrs = {
        "up": True, "promisc": False, "allmulti": False, "address": mac, "mtu": mtu, "master": "", "link": "",
        "alias": "", "group": 0, "txqlen": 1000, "addr_gen_mode": "eui64", "token": "",
    }  # fmt: skip
    conf6 = devconf.sparse({"forwarding": 0, "accept_ra": 1, "disable_ipv6": 0})
    return Link(name, "veth", attrs, conf6=conf6, index=index, carrier=True, netnsid=0)


def link_local(name: str, mac: str) -> Address:
    return Address(name, eui64(mac), 64, scope=253, protocol=KERNEL_LINK_LOCAL)


def pod(lan: str = "net1", lan_ip: bool = False, primary: str = "eth0") -> Host:
    """A pod with both families on its own link, and a link on another network."""
    links = [Link("lo", attrs={"up": True}, index=1, type=772), nic(primary, POD_MAC, 2), nic(lan, LAN_MAC, 3, 1500)]
    mine = (
        Address(primary, "10.244.1.23", 24),
        Address(primary, "fd00:244::17", 64, flags=2),
        link_local(primary, POD_MAC),
    )
    theirs = (*((Address(lan, "203.0.113.5", 24),) if lan_ip else ()), link_local(lan, LAN_MAC))
    routes = [
        Route("0.0.0.0/0", (Hop(primary, "10.244.1.1"),)),
        Route("::/0", (Hop(primary, "fd00:244::1"),), metric=1024),
    ]
    routes += [Route("198.51.100.0/24", (Hop(lan, "203.0.113.1"),), metric=7)] if lan_ip else []
    return Host(links={link.name: link for link in links}, addresses={primary: mine, lan: theirs}, routes=tuple(routes))


class FakePod(FakeKernel):
    """`tables` are those that stand; `refuse_tables` makes the next change of them fail."""

    tables: tuple[Table, ...] = ()
    has_dummies = True
    said: tuple[Announcement, ...] = ()

    def snapshot(self, also: Collection[str] = ()) -> Host:
        host = super().snapshot(also)
        usual = {FORWARDING6: "0", **dict.fromkeys(NETFILTER, "1")}
        usual |= {path: "0" for link in host.links for path in of_link(link)}
        return replace(host, sysctls={**usual, **host.sysctls})

    def put_up(self, tables: Sequence[Table]) -> None:
        self.tables = tuple(tables)

    def say(self, announcements: Sequence[Announcement]) -> None:
        self.said = tuple(announcements)

    def has_dummy(self) -> bool:
        return self.has_dummies

    def wait(self, timeout_s: float) -> bool:
        return False
