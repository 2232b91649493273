"""IP tunnels and GENEVE asked for in nmstate's form, on a real kernel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lab import namespaces
from lab.features import in_test_kernel
from nncp_agent import api
from nncp_agent.errors import InvalidPolicy
from nncp_agent.shown.tunnels import TUNNEL_MODES
from tests.kernel.asked import Asked, State, make_nics

pytestmark = pytest.mark.needs_kernel(
    "veth", "bridge", "dummy", "vlan", "ipv6", "ipip", "sit", "gre", "ip6tnl", "ip6gre", "geneve"
)
STATIC: State = {
    "ipv4": {"enabled": True, "address": [{"ip": "192.0.2.1", "prefix-length": 24}]},
    "ipv6": {"enabled": True, "address": [{"ip": "2001:db8:1::1", "prefix-length": 64}]},
}
INSIDE: State = {
    "ipv4": {"enabled": True, "address": [{"ip": "10.9.0.1", "prefix-length": 24}]},
    "ipv6": {"enabled": True, "address": [{"ip": "2001:db8:9::1", "prefix-length": 64}]},
}
ONLY_FOR_THE_FIRST = Path("/proc/sys/net/core/fb_tunnels_only_for_init_net")
FOUR: State = {"local": "192.0.2.1", "remote": "192.0.2.2"}
SIX: State = {"local": "2001:db8:1::1", "remote": "2001:db8:1::2"}


@pytest.fixture
def host(netns: str, another_netns: Callable[[], str], tmp_path: Path) -> Asked:
    make_nics("eth1", "eth2", far=another_netns())
    host = Asked(tmp_path / "state")
    host.apply({"name": "eth1", "state": "up", **STATIC}, {"name": "eth2", "state": "up", "mtu": 1400})
    return host


@pytest.fixture
def kernels_own(tmp_path: Path) -> Iterator[Asked]:
    """A namespace in which the kernel has made its own tunnels, as it does unless somebody tells it not to."""
    if in_test_kernel():
        ONLY_FOR_THE_FIRST.write_text("0")
    try:
        with namespaces.standing_in():
            yield Asked(tmp_path / "state")
    finally:
        if in_test_kernel():
            ONLY_FOR_THE_FIRST.write_text("2")


def tunnel(mode: str, name: str = "t0", **config: Any) -> State:
    ends = SIX if over_ipv6(mode) else FOUR
    return {"name": name, "type": "ip-tunnel", "state": "up", "ip-tunnel": {"mode": mode, **ends, **config}}


def over_ipv6(mode: str) -> bool:
    return TUNNEL_MODES[mode][0].startswith("ip6")


def geneve(**config: Any) -> State:
    return {"name": "g0", "type": "geneve", "state": "up", "geneve": {"id": 7, "remote": "192.0.2.2", **config}}


@pytest.mark.parametrize("mode", sorted(TUNNEL_MODES))
def test_a_tunnel_of_every_mode_comes_with_addresses_changes_and_goes(host: Asked, mode: str) -> None:
    host.becomes(tunnel(mode))
    host.becomes(tunnel(mode) | INSIDE)
    host.becomes(tunnel(mode, **{"base-iface": "eth1", "ttl": 5, "tos": 4, "fwmark": 9}) | {"mtu": 1300})
    host.holds(INSIDE | {"name": "t0"})
    changed = {"remote": "2001:db8:1::9"} if over_ipv6(mode) else {"remote": "192.0.2.9"}
    host.becomes({"name": "t0", "ip-tunnel": changed})
    assert host.show("t0")["ip-tunnel"].items() >= {"ttl": 5, "tos": 4, "fwmark": 9, "base-iface": "eth1"}.items()
    assert host.show("t0")["mtu"] == 1300
    host.becomes({"name": "t0", "ip-tunnel": {"base-iface": "eth2"}})
    host.becomes({"name": "t0", "ip-tunnel": {"base-iface": "", "local": ""}})
    assert host.plan(host.show("t0")) == []
    host.remove("t0")


@pytest.mark.parametrize("mode", [mode for mode in sorted(TUNNEL_MODES) if over_ipv6(mode)])
def test_what_only_a_tunnel_over_ipv6_has(host: Asked, mode: str) -> None:
    host.becomes(tunnel(mode))
    assert host.show("t0")["ip-tunnel"]["encap-limit"] == 4
    flags = ["ign-encap-limit", "use-orig-tclass", "allow-local-remote"]
    host.becomes(tunnel(mode, **{"flow-label": 0x12345, "tos": 32, "encap-limit": 3, "ip6tun-flags": flags}))
    host.becomes({"name": "t0", "ip-tunnel": {"tos": 0}})
    assert host.show("t0")["ip-tunnel"]["flow-label"] == 0x12345
    host.becomes({"name": "t0", "ip-tunnel": {"ip6tun-flags": []}})
    host.apply({"name": "t0", "ip-tunnel": {"ip6tun-flags": ["rcv-dscp-copy", "cap-xmit"]}})
    assert host.show("t0")["ip-tunnel"]["ip6tun-flags"] == ["rcv-dscp-copy"]


@pytest.mark.parametrize("mode", ["gre", "gretap", "ip6gre", "ip6gretap"])
def test_keys_are_gres(host: Asked, mode: str) -> None:
    host.becomes(tunnel(mode))
    assert "input-key" not in host.show("t0")["ip-tunnel"]
    host.becomes(tunnel(mode, **{"input-key": 0, "output-key": 4294967295}))
    host.becomes(tunnel(mode, **{"input-key": 5}), tunnel(mode, "t1", **{"input-key": 6}))


@pytest.mark.parametrize("mode", ["ipip", "sit", "gre", "gretap"])
def test_path_mtu_discovery_is_switched_off_and_on(host: Asked, mode: str) -> None:
    host.becomes(tunnel(mode, **{"pmtu-disc": False, "ttl": 0}))
    host.becomes({"name": "t0", "ip-tunnel": {"pmtu-disc": True}})


def test_a_tunnel_gets_another_mode_and_keeps_what_means_something_there(host: Asked) -> None:
    host.becomes(tunnel("ipip", ttl=7) | INSIDE)
    plan = host.plan({"name": "t0", "ip-tunnel": {"mode": "gre", "input-key": 3}})
    assert "delete ipip t0" in plan
    host.becomes({"name": "t0", "ip-tunnel": {"mode": "gre", "input-key": 3}})
    host.holds({"name": "t0", "ip-tunnel": {**FOUR, "ttl": 7}, **INSIDE})
    host.becomes({"name": "t0", "ip-tunnel": {"mode": "ip6ip6", **SIX}})
    host.holds({"name": "t0", **INSIDE})
    assert "input-key" not in host.show("t0")["ip-tunnel"]
    host.becomes({"name": "t0", "ip-tunnel": {"mode": "ipip6"}})


@pytest.mark.parametrize("mode", ["ipip", "sit", "gre"])
def test_a_tunnel_to_everybody_is_made_anew_for_one_remote(host: Asked, mode: str) -> None:
    host.becomes(tunnel(mode, remote=""))
    host.becomes(tunnel(mode) | INSIDE)
    host.becomes(tunnel(mode, remote=""))
    host.holds({"name": "t0", "ipv4": INSIDE["ipv4"]})
    host.becomes(tunnel(mode))
    host.holds({"name": "t0", **INSIDE})


def test_two_tunnels_swap_their_remotes(host: Asked) -> None:
    host.becomes(tunnel("ipip"), tunnel("ipip", "t1", remote="192.0.2.3"))
    host.becomes(tunnel("ipip", remote="192.0.2.3"), tunnel("ipip", "t1"))


def test_gre_to_a_multicast_group(host: Asked) -> None:
    host.becomes(tunnel("gre", remote="239.0.0.1", **{"base-iface": "eth1"}))
    host.becomes(tunnel("gre"))


@pytest.mark.parametrize("mode", ["gretap", "ip6gretap"])
def test_a_tunnel_for_frames_is_a_bridges_port_and_carries_a_vlan(host: Asked, mode: str) -> None:
    bridge: State = {"name": "br9", "type": "linux-bridge", "bridge": {"port": [{"name": "t0"}]}}
    vlan: State = {"name": "t1.5", "type": "vlan", "vlan": {"base-iface": "t1", "id": 5}}
    other = "2001:db8:1::3" if over_ipv6(mode) else "192.0.2.3"
    mac = {"mac-address": "02:00:00:00:00:77"}
    host.becomes(vlan, bridge, tunnel(mode) | mac, tunnel(mode, "t1", remote=other))
    host.remove("t0", "br9", "t1")
    assert host.show("t1.5") == {}


def test_a_tunnel_goes_with_the_link_it_sits_on(host: Asked) -> None:
    base: State = {"name": "d0", "type": "dummy", "state": "up"}
    host.becomes(tunnel("ipip", **{"base-iface": "d0"}), base)
    host.apply({"name": "d0", "state": "absent"})
    assert [host.show(name) for name in ("d0", "t0")] == [{}, {}]


def test_a_geneve_in_all_its_forms(host: Asked) -> None:
    host.becomes(geneve())
    host.becomes(geneve(remote="192.0.2.9", ttl=5, tos=4, df="set") | {"mtu": 1350} | INSIDE)
    assert host.show("g0")["mtu"] == 1350
    host.becomes({"name": "g0", "geneve": {"remote": "192.0.2.8"}})
    assert (host.show("g0")["mtu"], host.show("g0")["geneve"]["ttl"]) == (1350, 5)
    plan = host.plan(geneve(remote="2001:db8:1::9", **{"flow-label": 5}))
    assert any(line.startswith("delete geneve g0") for line in plan)
    host.becomes(geneve(remote="2001:db8:1::9", **{"flow-label": 5}))
    host.holds({"name": "g0", **INSIDE})
    host.becomes(geneve(**{"destination-port": 7000}) | {"mac-address": "02:00:00:00:00:78"})
    host.becomes(geneve(id=8), geneve(id=9) | {"name": "g1"})
    host.remove("g0", "g1")


@pytest.mark.parametrize("mode", ["ipip", "gretap", "ip6ip6"])
def test_a_tunnel_that_is_down_is_gone_and_a_failed_change_leaves_it_as_it_was(host: Asked, mode: str) -> None:
    host.becomes(tunnel(mode, ttl=7) | INSIDE)
    shown = host.show("t0")
    with pytest.raises(InvalidPolicy):
        host.apply({"name": "t0", "ip-tunnel": {"ttl": 300}})
    host.apply({"name": "t0", "ip-tunnel": {"ttl": 9}, "mtu": 1400}, commit=False)
    assert host.show("t0") != shown
    host.rollback()
    assert host.show("t0") == shown
    host.apply({"name": "t0", "state": "down"})
    assert host.show("t0") == {}


def test_the_tunnels_that_the_kernel_makes_by_itself_are_shown_and_left_alone(
    kernels_own: Asked,
) -> None:
    shown = kernels_own.show("tunl0")
    assert (shown["type"], shown["state"]) == ("ipip", "ignore")
    state = api.show(state_dir=kernels_own.state_dir)
    assert api.plan(state, state_dir=kernels_own.state_dir) == []
    with pytest.raises(InvalidPolicy, match="tunl0: state"):
        kernels_own.plan({"name": "tunl0", "state": "absent"})
    with pytest.raises(InvalidPolicy, match="without remote, local and base is tunl0"):
        kernels_own.plan({"name": "t0", "type": "ip-tunnel", "ip-tunnel": {"mode": "ipip"}})
    kernels_own.becomes(tunnel("ipip"), tunnel("ip6gre", "t1"), tunnel("gretap", "t2"))
    kernels_own.remove("t0", "t1", "t2")
    assert kernels_own.show("tunl0") == shown
