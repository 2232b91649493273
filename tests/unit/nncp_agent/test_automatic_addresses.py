"""Any policy of DHCP and routers: it settles, a second time it plans nothing, and what is shown can be asked for."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from netkernel.host import Host
from nncp_agent.ip import normalise
from nncp_agent.model import Interface, IpAddress, IpStack, NetworkState
from nncp_agent.observe import present
from nncp_agent.plan import decide
from nncp_agent.verify import differences
from tests.fake_kernel import FakeKernel
from tests.host_text import read_host

HOST = read_host("""
links:
  eth0: {conf6: {disable_ipv6: 1, accept_ra: 0}}
  eth1: {addresses: ["fe80::ff:fe00:1/64"], conf6: {accept_ra: 1}}
  eth2: {addresses: ["2001:db8::2/128 for 600", "2001:db8::22/64 for 600", "fe80::ff:fe00:2/64"], conf6: {accept_ra: 2}}
  eth3: {addresses: ["192.0.2.3/24 for 600", "2001:db8::3/128 for 600", "fe80::ff:fe00:3/64"], conf6: {accept_ra: 0}}
routers: [eth2]
dhcp4: {eth3: {auto-dns: true, auto-gateway: true, auto-routes: true, auto-route-table-id: 0}}
dhcp6:
  eth2: {auto-dns: true, autoconf: true}
  eth3: {auto-dns: false, auto-gateway: true, auto-routes: true, auto-route-table-id: 0, autoconf: false}
""")
flags = st.sampled_from([None, None, True, False])
common = {
    "enabled": st.sampled_from([True, True, True, False]), "dhcp": flags, "auto_dns": flags, "auto_gateway": flags,
    "auto_routes": flags, "auto_route_metric": st.sampled_from([None, None, 70]), "dhcp_send_hostname": flags,
    "dhcp_custom_hostname": st.sampled_from([None, "node7"]),
}  # fmt: skip
four = st.builds(
    IpStack, **common, dhcp_client_id=st.sampled_from([None, "ll"]),
    address=st.sampled_from([None, (IpAddress(ip="192.0.2.77", prefix_length=24),)]),
)  # fmt: skip
six = st.builds(
    IpStack, **common, autoconf=flags, dhcp_duid=st.sampled_from([None, "llt", "00:04:12:34"]),
    address=st.sampled_from([None, (IpAddress(ip="2001:db8:9::7", prefix_length=64),)]),
)  # fmt: skip
interfaces = st.builds(
    lambda name, ipv4, ipv6: Interface(
        name=name, type="ethernet", ipv4=ipv4 and normalise(ipv4, 4), ipv6=ipv6 and normalise(ipv6, 6)
    ),
    st.sampled_from(["eth0", "eth1", "eth2", "eth3"]), st.none() | four, st.none() | six,
)  # fmt: skip
states = st.lists(interfaces, min_size=1, max_size=3, unique_by=lambda iface: iface.name).map(
    lambda found: NetworkState(interfaces=tuple(found))
)


def applied(desired: NetworkState, before: Host) -> Host:
    decision = decide(desired, before)
    kernel = FakeKernel(before)
    kernel.execute(decision.ops)
    after = kernel.snapshot()
    assert differences(decision, after) == ()
    assert [str(op) for op in decide(desired, after).ops] == []
    assert [str(op) for op in decide(present(after), after).ops] == []
    return after


@settings(max_examples=40, deadline=None)
@given(states, states)
def test_any_policy_settles_and_again_plans_nothing(first: NetworkState, second: NetworkState) -> None:
    applied(second, applied(first, HOST))
