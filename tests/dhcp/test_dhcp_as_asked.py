"""`ipv4: {dhcp: true}` from the policy to the server and back: applied, shown, taken back, turned off, restored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from netkernel.kernel import LinuxKernel
from nncp_agent import api
from nncp_agent.errors import NotSettled, Unreachable
from nncp_agent.keeping import LEASES
from nncp_agent.keeping.door import Door
from nncp_agent.restore import restore
from nncp_agent.store import Store
from tests import processes
from tests.dhcp.segment import RANGE, Segment
from tests.dhcp.test_leases_from_dnsmasq import becomes, lent
from tests.kernel.asked import Asked

pytestmark = pytest.mark.needs_kernel("veth", "bridge")

ROUTER = "--dhcp-option=option:router,192.0.2.1"


def eth1(**ipv4: Any) -> dict[str, Any]:
    return {
        "name": "eth1",
        "type": "ethernet",
        "state": "up",
        "ipv4": {key.replace("_", "-"): ipv4[key] for key in ipv4},
    }


@pytest.fixture
def asked(state: Path) -> Asked:
    return Asked(state)


@pytest.fixture
def server(segment: Segment) -> Segment:
    segment.server("192.0.2.1/24", *RANGE, ROUTER).start()
    return segment


def test_an_interface_asked_for_dhcp_shows_it_and_what_it_was_lent(
    server: Segment, kernel: LinuxKernel, asked: Asked
) -> None:
    asked.apply(eth1(enabled=True, dhcp=True, auto_route_metric=7))
    host = becomes(kernel, lambda host: lent(host) and host.routes)
    shown = asked.show("eth1")["ipv4"]
    assert {key: value for key, value in shown.items() if key != "address"} == {
        "enabled": True, "dhcp": True, "auto-dns": True, "auto-gateway": True, "auto-routes": True,
        "auto-route-table-id": 0, "auto-route-metric": 7,
    }  # fmt: skip
    (address,) = shown["address"]
    assert address["ip"] == lent(host)[0].ip
    assert address["valid-life-time"].endswith("sec")
    assert asked.plan(asked.show("eth1")) == []
    assert [route.metric for route in host.routes] == [7]
    state = api.show(state_dir=asked.state_dir)
    assert [each["destination"] for each in state["routes"]["running"]] == ["0.0.0.0/0"]
    assert state["routes"]["config"] == []


def test_what_was_not_committed_takes_the_lease_off_again(server: Segment, kernel: LinuxKernel, asked: Asked) -> None:
    asked.apply(eth1(enabled=True, address=[{"ip": "203.0.113.5", "prefix-length": 24}]))
    before = kernel.snapshot()
    asked.apply(eth1(enabled=True, dhcp=True, address=[]), commit=False)
    becomes(kernel, lambda host: lent(host) and host.routes)
    asked.rollback()
    after = kernel.snapshot()
    assert (lent(after), after.routes, after.clients) == (lent(before), (), ())


def test_what_takes_dhcp_away_and_is_not_committed_brings_it_back(
    server: Segment, kernel: LinuxKernel, asked: Asked
) -> None:
    asked.apply(eth1(enabled=True, dhcp=True))
    before = becomes(kernel, lambda host: lent(host) and host.routes)
    asked.apply(eth1(enabled=True, dhcp=False, address=[{"ip": "203.0.113.5", "prefix-length": 24}]), commit=False)
    assert [each.ip for each in lent(kernel.snapshot())] == ["203.0.113.5"]
    assert kernel.snapshot().clients == kernel.snapshot().routes == ()
    asked.rollback()
    after = kernel.snapshot()
    assert (lent(after), after.routes, after.clients) == (lent(before), before.routes, before.clients)
    assert lent(after)[0].valid_s <= 120


def test_dhcp_turned_off_without_addresses_leaves_them_as_static_ones(
    server: Segment, kernel: LinuxKernel, asked: Asked
) -> None:
    asked.apply(eth1(enabled=True, dhcp=True))
    (address,) = lent(becomes(kernel, lambda host: lent(host) and host.routes))
    asked.becomes(eth1(enabled=True, dhcp=False))
    assert asked.show("eth1")["ipv4"] == {
        "enabled": True, "address": [{"ip": address.ip, "prefix-length": 24}], "dhcp": False,
    }  # fmt: skip
    (committed,) = Store(asked.state_dir).committed().interfaces or ()
    assert committed.ipv4 and committed.ipv4.address
    assert [each.ip for each in committed.ipv4.address] == [address.ip]


def test_a_family_that_is_disabled_has_no_client_and_no_address(
    server: Segment, kernel: LinuxKernel, asked: Asked
) -> None:
    asked.apply(eth1(enabled=True, dhcp=True))
    becomes(kernel, lent)
    asked.becomes(eth1(enabled=False))
    assert (lent(kernel.snapshot()), kernel.snapshot().clients) == ([], ())


def test_after_a_restart_of_the_machine_the_committed_client_asks_for_its_address(
    server: Segment, kernel: LinuxKernel, asked: Asked, state: Path
) -> None:
    asked.apply(eth1(enabled=True, dhcp=True))
    (address,) = lent(becomes(kernel, lent))
    processes.end(state, LEASES)
    with LinuxKernel(keepers=Door(state)) as fresh:
        for each in lent(fresh.snapshot()):
            server.forget(each.ip)
        restored = restore(Store(state), fresh)
    assert next(str(op) for outcome in restored.outcomes for op in outcome.ops).startswith("start DHCPv4 on eth1")
    assert [each.ip for each in lent(becomes(kernel, lent))] == [address.ip]


def test_settings_that_change_keep_the_address(server: Segment, kernel: LinuxKernel, asked: Asked) -> None:
    asked.apply(eth1(enabled=True, dhcp=True))
    (address,) = lent(becomes(kernel, lambda host: lent(host) and host.routes))
    asked.apply(eth1(dhcp=True, auto_gateway=False))
    becomes(kernel, lambda host: not host.routes)
    assert [each.ip for each in lent(kernel.snapshot())] == [address.ip]
    assert asked.show("eth1")["ipv4"]["auto-gateway"] is False


def test_an_apply_that_fails_later_leaves_no_client(server: Segment, kernel: LinuxKernel, asked: Asked) -> None:
    class Never:
        def describe(self) -> str:
            return "a check that fails after the change"

        def try_once(self, timeout_s: float) -> bool:
            return not kernel.snapshot().clients

    with pytest.raises(Unreachable, match="a check that fails after the change"):
        api.apply({"interfaces": [eth1(enabled=True, dhcp=True)]}, checks=[Never()], state_dir=asked.state_dir)
    host = kernel.snapshot()
    assert (host.clients, lent(host)) == ((), [])


@pytest.mark.parametrize("words", ["ipv4", "any"])
def test_an_apply_that_waits_for_an_address_is_done_when_the_server_has_given_one(
    server: Segment, kernel: LinuxKernel, asked: Asked, words: str
) -> None:
    asked.apply(eth1(enabled=True, dhcp=True) | {"wait-ip": words})
    assert lent(kernel.snapshot())
    shown = asked.show("eth1")
    assert shown["wait-ip"] == words
    assert asked.plan(shown) == []
    assert [each.wait_ip for each in Store(asked.state_dir).committed().interfaces or ()] == [words]


def test_an_apply_that_waits_in_vain_says_so_and_goes_back(segment: Segment, asked: Asked) -> None:
    before = asked.show("eth1")["ipv4"]
    with pytest.raises(NotSettled) as failed:
        asked.apply(eth1(enabled=True, dhcp=True) | {"wait-ip": "ipv4"})
    assert failed.value.differences == ("eth1: wait-ip: wanted an IPv4 address within 45 s, found none",)
    assert asked.show("eth1")["ipv4"] == before
