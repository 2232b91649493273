"""IPv6 addresses that another host may have, asked for in nmstate's form, on a real kernel (RFC 4862 section 5.4)."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from netkernel.kernel import LinuxKernel
from nncp_agent import api
from nncp_agent.errors import NotSettled
from tests.kernel.asked import Asked, State, make_nics

pytestmark = pytest.mark.needs_kernel("veth", "ipv6")
TAKEN, OURS = "2001:db8::7", "2001:db8::8"


@pytest.fixture
def far(another_netns: Callable[[], str]) -> str:
    return another_netns()


@pytest.fixture
def host(netns: str, far: str, tmp_path: Path) -> Asked:
    """eth1, behind which another host has the address TAKEN."""
    make_nics("eth1", far=far)
    there = f"ip address add {TAKEN}/64 dev far-eth1 nodad"
    subprocess.run(["nsenter", f"--net={far}", "sh", "-euc", there], check=True)
    return Asked(tmp_path / "state")


def nic(*ips: str) -> State:
    address = [{"ip": ip, "prefix-length": 64} for ip in ips]
    return {"name": "eth1", "state": "up", "ipv6": {"enabled": True, "address": address}}


def flags(host: Asked) -> dict[str, Any]:
    found = host.show("eth1")["ipv6"].get("address", ())
    return {each["ip"]: each.get("flags") for each in found if not each["ip"].startswith("fe80")}


def becomes(host: Asked, wanted: dict[str, Any]) -> None:
    """The kernel asks for a second or two, and before that it waits."""
    deadline = time.monotonic() + 30
    with LinuxKernel() as kernel:
        while (found := flags(host)) != wanted:
            assert time.monotonic() < deadline, found
            kernel.wait(1.0)


def test_an_address_that_another_host_has_is_an_error_that_names_it_and_goes_back(host: Asked) -> None:
    before = host.show("eth1")
    with pytest.raises(NotSettled) as failed:
        host.apply(nic(TAKEN, OURS))
    assert str(failed.value.differences[0]).startswith(f"eth1: ipv6.address: {TAKEN} is in use by another host")
    assert host.show("eth1")["ipv6"] == before["ipv6"]


def test_what_came_of_detection_is_shown_and_no_difference(host: Asked) -> None:
    host.apply(nic(TAKEN, OURS), verify=False)
    becomes(host, {TAKEN: ["dadfailed"], OURS: None})
    shown = host.show("eth1")
    assert host.plan(shown) == []
    assert all("flags" not in each for each in running(host)["ipv6"]["address"])


def running(host: Asked) -> State:
    state = api.show(running_config=True, state_dir=host.state_dir)
    return next(each for each in state["interfaces"] if each["name"] == "eth1")


def test_without_carrier_an_address_stays_tentative_and_is_shown_so(host: Asked, far: str) -> None:
    subprocess.run(["nsenter", f"--net={far}", "ip", "link", "set", "far-eth1", "down"], check=True)
    host.apply(nic(OURS))
    assert flags(host) == {OURS: ["tentative"]}
