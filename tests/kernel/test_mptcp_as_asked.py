"""`mptcp: {address-flags: …}` from the policy to the endpoints of the kernel's path manager, and back."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nncp_agent import api
from nncp_agent.errors import InvalidPolicy, Unreachable
from tests.kernel.asked import Asked, make_nics

pytestmark = pytest.mark.needs_kernel("dummy", "ipv6", "mptcp", "veth")
WORDS = ("signal", "subflow", "backup", "fullmesh")


def addresses(*ips: str) -> dict[str, Any]:
    return {"enabled": True, "address": [{"ip": ip, "prefix-length": 64 if ":" in ip else 24} for ip in ips]}


FOUR = addresses("192.0.2.5", "203.0.113.5")
SIX = addresses("2001:db8::5", "fd00::5")


@pytest.fixture
def host(netns: str, another_netns: Callable[[], str], tmp_path: Path) -> Asked:
    make_nics("eth1", "eth2", far=another_netns())
    return Asked(tmp_path / "state")


def nic(*flags: str, name: str = "eth1", **keys: Any) -> dict[str, Any]:
    return {"name": name, "type": "ethernet", "state": "up", "mptcp": {"address-flags": list(flags)}, **keys}


def endpoints() -> list[str]:
    """`ADDRESS@LINK FLAG…` of each, in order, as ip(8) tells them."""
    told = subprocess.run(["ip", "-j", "mptcp", "endpoint"], check=True, capture_output=True, text=True).stdout
    return sorted(
        " ".join([f"{each['address']}@{each.get('dev', '')}", *(word for word in WORDS if each.get(word))])
        for each in json.loads(told or "[]")
    )


def test_each_address_that_others_may_reach_becomes_an_endpoint(host: Asked) -> None:
    host.becomes(nic("subflow", "signal", ipv4=FOUR, ipv6=SIX))
    assert endpoints() == [f"{ip}@eth1 signal subflow" for ip in ("192.0.2.5", "2001:db8::5", "203.0.113.5")]
    shown = host.show("eth1")
    assert shown["mptcp"] == {"address-flags": ["signal", "subflow"]}
    flags = {each["ip"]: each.get("mptcp-flags") for each in (*shown["ipv4"]["address"], *shown["ipv6"]["address"])}
    assert flags["192.0.2.5"] == flags["2001:db8::5"] == ["signal", "subflow"]
    assert flags["fd00::5"] is None
    assert "mptcp" not in host.show("eth2")
    assert api.plan(api.show(state_dir=host.state_dir), state_dir=host.state_dir) == []


@pytest.mark.parametrize("flags", [["subflow", "backup"], ["subflow", "fullmesh"], ["signal", "backup"], ["backup"]])
def test_flags_change_in_any_way_that_the_kernel_knows(host: Asked, flags: list[str]) -> None:
    host.becomes(nic("signal", ipv4=FOUR))
    host.becomes(nic(*flags))
    assert [line.split()[1:] for line in endpoints()] == [sorted(flags, key=WORDS.index)] * 2


def test_no_flags_are_no_endpoints(host: Asked) -> None:
    host.becomes(nic("signal", ipv4=FOUR))
    assert host.plan(nic()) == [
        "delete MPTCP endpoint 192.0.2.5 on eth1: signal",
        "delete MPTCP endpoint 203.0.113.5 on eth1: signal",
    ]
    host.apply(nic())
    assert endpoints() == []
    assert "mptcp" not in host.show("eth1")


def test_endpoints_follow_the_addresses(host: Asked) -> None:
    host.apply(nic("subflow", ipv4=FOUR))
    bare = {"name": "eth1", "type": "ethernet", "state": "up"}
    host.becomes({**bare, "ipv4": addresses("192.0.2.6")})
    assert endpoints() == ["192.0.2.6@eth1 subflow"]
    host.apply({**bare, "state": "down"})
    assert endpoints() == []
    host.apply({**bare, "state": "up"})
    assert endpoints() == ["192.0.2.6@eth1 subflow"]


def test_endpoints_go_with_a_link_that_goes(host: Asked) -> None:
    dummy = {"name": "d1", "type": "dummy", "state": "up", "ipv4": FOUR, "mptcp": {"address-flags": ["signal"]}}
    host.becomes(dummy)
    host.remove("d1")
    assert endpoints() == []


def test_endpoints_of_others_are_left_alone(host: Asked) -> None:
    subprocess.run(["sh", "-euc", """
    ip link set eth2 up
    for last in 5 7; do ip addr add 198.51.100.$last/24 dev eth2; done
    ip mptcp endpoint add 198.51.100.5 dev eth2 signal backup
    ip mptcp endpoint add 198.51.100.7 port 8080 signal
    """], check=True)  # fmt: skip
    before = endpoints()
    host.becomes(nic("subflow", ipv4=FOUR))
    host.apply(nic())
    assert endpoints() == before
    assert host.plan({"name": "eth2", "type": "ethernet", "state": "up"}) == []


def test_what_is_taken_back_has_its_endpoints_again_ids_included(host: Asked) -> None:
    host.apply(nic("signal", ipv4=FOUR))
    before = subprocess.run(["ip", "mptcp", "endpoint"], check=True, capture_output=True, text=True).stdout
    other = addresses("192.0.2.9")
    host.apply(nic("subflow", "fullmesh", ipv4=other), commit=False)
    assert endpoints() == ["192.0.2.9@eth1 subflow fullmesh"]
    host.rollback()
    after = subprocess.run(["ip", "mptcp", "endpoint"], check=True, capture_output=True, text=True).stdout
    assert sorted(after.splitlines()) == sorted(before.splitlines())


def test_an_apply_that_fails_later_leaves_no_endpoint(host: Asked) -> None:
    class Never:
        def describe(self) -> str:
            return "a check that fails after the change"

        def try_once(self, timeout_s: float) -> bool:
            return not endpoints()

    with pytest.raises(Unreachable, match="a check that fails after the change"):
        api.apply({"interfaces": [nic("signal", ipv4=FOUR)]}, checks=[Never()], state_dir=host.state_dir)
    assert endpoints() == []


def test_history_leads_back_to_the_flags_that_were(host: Asked) -> None:
    host.apply(nic("signal", ipv4=FOUR))
    host.apply(nic("backup"))
    api.go_back(1, checks=None, state_dir=host.state_dir)
    assert {line.split()[1] for line in endpoints()} == {"signal"}


def test_where_mptcp_is_off_nothing_is_touched(host: Asked) -> None:
    Path("/proc/sys/net/mptcp/enabled").write_text("0")
    with pytest.raises(InvalidPolicy, match=r"eth1: mptcp.address-flags: MPTCP is off: net.mptcp.enabled is 0"):
        host.apply(nic("signal", ipv4=FOUR))
    host.apply(nic(ipv4=FOUR))


def test_more_subflows_than_a_connection_may_have_are_warned_about(host: Asked) -> None:
    subprocess.run(["ip", "mptcp", "limits", "set", "subflow", "2"], check=True)
    outcome = host.apply(nic("subflow", ipv4=FOUR, ipv6=SIX))
    (warning,) = [str(each) for each in outcome.warnings if str(each).startswith("mptcp")]
    assert warning.startswith("mptcp: 3 addresses are for subflows, and a connection has 2 at most: `ip mptcp limits")
    assert not [each for each in host.apply(nic("signal")).warnings if str(each).startswith("mptcp")]
