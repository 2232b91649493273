"""Hosts with what a policy would not ask for and the kernel has taken: asking for what is shown changes nothing."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from nncp_agent import api
from tests.kernel.asked import Asked, State, make_nics

ODD = {
    "two VRFs of one table": (("vrf",), "ip link add red type vrf table 10; ip link add blue type vrf table 10"),
    "a bond of a tunnel": (
        ("bonding", "ipip"),
        "ip link add bond0 type bond mode active-backup; ip link add t0 type ipip local 192.0.2.1 remote 192.0.2.2; "
        "ip link set t0 master bond0",
    ),
    "a bond that validates ARP and monitors by MII": (
        ("bonding",),
        "ip link add bond0 type bond mode active-backup arp_validate active; ip link set bond0 type bond miimon 100",
    ),
    "a bond of a tun": (
        ("bonding", "tap"),
        "ip link add bond0 type bond mode active-backup; ip tuntap add t0 mode tun; ip link set t0 master bond0",
    ),
    "tunnels that differ in their output key": (
        ("gre",),
        "ip link add t0 type gre local 192.0.2.1 remote 192.0.2.2 ikey 1 okey 2; "
        "ip link add t1 type gre local 192.0.2.1 remote 192.0.2.2 ikey 2 okey 2",
    ),
    "links without any MTU": (
        ("dummy", "vlan"),
        "ip link add d0 mtu 0 type dummy; ip link add link d0 name d0.5 type vlan id 5; ip link set d0 up",
    ),
    "an address on a link with a small MTU": (
        ("dummy",),
        "ip link add d0 mtu 60 type dummy; ip link set d0 up; ip address add 192.0.2.9/24 dev d0",
    ),
}


@pytest.mark.parametrize(
    "making",
    [
        pytest.param(text, id=what, marks=pytest.mark.needs_kernel(*needs, "ipv6"))
        for what, (needs, text) in ODD.items()
    ],
)
def test_what_is_shown_of_an_odd_host_can_be_asked_for(netns: str, tmp_path: Path, making: str) -> None:
    subprocess.run(["sh", "-euc", making], check=True)
    shown = api.show(state_dir=tmp_path)
    assert api.plan(shown, state_dir=tmp_path) == []
    assert api.apply(shown, checks=None, state_dir=tmp_path).warnings == ()


@pytest.mark.needs_kernel("vrf", "ipv6")
def test_a_second_vrf_of_a_table_is_made_with_a_warning(netns: str, tmp_path: Path) -> None:
    host = Asked(tmp_path)
    red, blue = ({"name": name, "type": "vrf", "vrf": {"port": [], "route-table-id": 7}} for name in ("red", "blue"))
    host.becomes(red)
    assert [str(each) for each in host.apply(blue).warnings] == [
        "blue: vrf.route-table-id: 7 is the table of red, too: their routes will be mixed up"
    ]
    assert host.apply(red, blue).warnings == ()


@pytest.mark.needs_kernel("veth", "dummy", "macsec", "hsr", "ipv6")
def test_links_of_any_mtu_the_kernel_takes_are_made_and_shown(
    netns: str, another_netns: Callable[[], str], tmp_path: Path
) -> None:
    make_nics("eth1", "eth2", "eth3", far=another_netns())
    host = Asked(tmp_path)
    frames: State = {"port1": "eth2", "port2": "eth3", "protocol": "prp", "multicast-spec": 0}
    for mtu in (0, 60, 1000):
        host.becomes(
            {"name": "d0", "type": "dummy", "mtu": mtu},
            {"name": "ms0", "type": "macsec", "mtu": mtu, "macsec": {"base-iface": "eth1", "encrypt": True}},
            {"name": "ring", "type": "hsr", "mtu": mtu, "hsr": frames},
        )
        host.remove("d0", "ms0", "ring")
