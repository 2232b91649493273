"""Every example policy on a real kernel: planned, applied with all checks, planned again in vain, and taken back."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TextIO

import pytest

from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.kernel import LinuxKernel
from nncp_agent.cli import main
from nncp_agent.cli.world import World
from nncp_agent.keeping import LEASES, NEIGHBOURS
from tests import processes
from tests.dhcp.segment import RANGE, Segment, sh
from tests.dhcp.test_leases_from_dnsmasq import becomes
from tests.kernel.asked import make_nics
from tests.same_host import changes
from tests.uts import own_name

pytestmark = pytest.mark.needs_kernel(
    "veth", "bonding", "bridge", "bridge_vlan", "vlan", "qinq", "dummy", "vxlan", "geneve", "gre", "ipip", "sit", "vrf",
    "macvlan", "macvtap", "ipvlan", "hsr", "macsec", "tap", "netdevsim", "mptcp", "policy_routing", "multipath", "uts",
    "ipv6",
)  # fmt: skip

TREE: Final = Path(__file__).resolve().parents[2]
EXAMPLES: Final = {file.stem: file for file in sorted((TREE / "deploy" / "examples").glob("*.yaml"))}
NO_HARDWARE: Final = {"infiniband"}
"""No kernel has an adapter for these without one in the machine: they are planned on a host that is made up."""
BESIDE: Final = {"worker-bond1-br1": "worker-bond1", "vlan-aware-bridge": "storage-vlan"}
"""What stands on another example is applied with it."""
SERVERS: Final = {
    "dhcp": RANGE,
    "dhcpv6": ("--dhcp-range=2001:db8::1000,2001:db8::2000,64,300",),
    "autoconf": ("--dhcp-range=2001:db8::,ra-only,64,300", "--enable-ra"),
}
CAPTURED_ONCE: Final = {"capture-default-gateway"}
"""What it captures is another thing when it was applied; a daemon keeps what it captured first."""
BUS: Final = Path("/sys/bus/netdevsim")


@pytest.fixture
def host(netns: str, another_netns: Callable[[], str], tmp_path: Path) -> Iterator[Segment]:
    """eth0 has the default route; eth1 is on its segment, eth2 to eth5 on none, br9 is there already."""
    sh("sysctl -qw net.ipv6.conf.default.dad_transmits=0 net.ipv6.conf.default.accept_ra=0; ip link set lo up")
    segment = Segment(another_netns, tmp_path)
    make_nics("eth2", "eth3", "eth4", "eth5", far=another_netns())
    segment.plug("eth0")
    segment.station("192.0.2.1/24")
    sh("ip addr add 192.0.2.10/24 dev eth0; ip route add default via 192.0.2.1")
    sh("ip link add br9 type bridge; ip link set br9 addrgenmode none up; ip link set eth5 up master br9")
    yield segment
    segment.close()
    for service in (LEASES, NEIGHBOURS):
        processes.end(tmp_path / "state", service)


@pytest.fixture
def simulated(host: Segment) -> Iterator[None]:
    """ens1f0, a NIC that has rings, pause frames and virtual functions."""
    (BUS / "new_device").write_text("73 1 2")
    links = json.loads(sh("ip -d -j link"))
    (name,) = [link["ifname"] for link in links if link.get("parentdev") == "netdevsim73"]
    sh(f"ip link set {name} name ens1f0; ethtool --set-fec ens1f0 encoding off; ip link set ens1f0 up")
    yield
    (BUS / "del_device").write_text("73")


@pytest.fixture
def nncp(host: Segment, simulated: None, tmp_path: Path) -> Iterator[Callable[..., str]]:
    """The command on the host, with files and a host name of its own; gives what it prints.

    Each runs in a fork of this process: a test kernel takes seconds to load the modules.
    """
    (tmp_path / "root" / "etc").mkdir(parents=True)
    (tmp_path / "root" / "etc" / "resolv.conf").touch()
    environ = {"NNCP_STATE_DIR": str(tmp_path / "state"), "NNCP_ROOT": str(tmp_path / "root")}

    def run(*words: str) -> str:
        with tempfile.TemporaryFile("w+") as said:
            if (child := os.fork()) == 0:
                os.environ |= environ
                os._exit(main(words, replace(World.here(), stdout=said, stderr=said), "nncp") | _flushed(said))
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            said.seek(0)
            text = said.read()
        assert code == 0, text
        return text

    with own_name("host"):
        yield run


def _flushed(stream: TextIO) -> int:
    stream.flush()
    return 0


def is_calm(host: Host) -> bool:
    """Whether every NIC that is up and speaks for itself has the link-local address that the kernel gives it."""
    return all(
        any(address.ip.startswith("fe80:") for address in host.addresses.get(name, ()))
        for name, link in host.links.items()
        if link.up and name not in ("lo", "br9") and not link.attrs.get("master")
    )


def has_more(before: Host, now: Host) -> bool:
    """Whether the network gave eth1 an address."""
    had = {address.ip for address in before.addresses.get("eth1", ())}
    return any(address.ip not in had and address.scope == 0 for address in now.addresses.get("eth1", ()))


@pytest.mark.parametrize("name", sorted(EXAMPLES.keys() - NO_HARDWARE))
def test_an_example_is_planned_applied_and_taken_back(host: Segment, nncp: Callable[..., str], name: str) -> None:
    if name in SERVERS:
        address = "192.0.2.2/24" if name == "dhcp" else "2001:db8::2/64"
        host.server(address, *SERVERS[name]).start()
    files = [str(EXAMPLES[each]) for each in (BESIDE.get(name), name) if each]
    with LinuxKernel() as kernel:
        before = becomes(kernel, is_calm)
        nncp("-q", "validate", *files)
        assert nncp("-q", "plan", *files), "an example that changes nothing shows nothing"
        nncp("-q", "apply", *files)
        if name in SERVERS:
            becomes(kernel, lambda now: has_more(before, now))
        if name not in CAPTURED_ONCE:
            assert nncp("-q", "plan", *files) == ""
        nncp("-q", "rollback", "--to", "0")
        assert changes(before, kernel.snapshot()) == []
