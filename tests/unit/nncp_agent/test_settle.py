"""Settling waits for what takes time by itself, on events, and not a moment longer."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import pytest

from netkernel.frozen import Frozen, replace
from netkernel.host import Host
from netkernel.ops import AddAddress, CreateLink, Op, SetLink
from netkernel.records import Address, Link
from nncp_agent.errors import NotSettled
from nncp_agent.sections.wait_ip import WAIT_S
from nncp_agent.settle import READY_S, await_carrier, awaiting_carrier, settle

ETH0 = Link("eth0", attrs={"up": True}, carrier=True)
DARK = replace(ETH0, carrier=False)
ADDRESS = Address("eth0", "2001:db8::1", 64)
TENTATIVE = replace(ADDRESS, state=0x40)


class Change(Frozen):
    before: Host
    ops: tuple[Op, ...]


class Scripted:
    """A kernel whose host changes at given times; waiting is what makes the time pass."""

    def __init__(self, *scenes: tuple[float, Host]) -> None:
        self.scenes = scenes
        self.now = 0.0
        self.waits: list[float] = []

    def clock(self) -> float:
        return self.now

    def snapshot(self, also: Collection[str] = ()) -> Host:
        return [host for since, host in self.scenes if since <= self.now][-1]

    def execute(self, ops: Sequence[Op]) -> None:
        raise AssertionError("settling executes nothing")

    def wait(self, timeout_s: float) -> bool:
        """Until the next scene or until the time is over."""
        self.waits.append(timeout_s)
        following = [since for since, _ in self.scenes if self.now < since <= self.now + timeout_s]
        self.now = min(following, default=self.now + timeout_s)
        return bool(following)


def _host(link: Link = ETH0, *addresses: Address) -> Host:
    return Host(links={link.name: link}, addresses={link.name: addresses})


def _lacks_address(host: Host) -> list[str]:
    return [] if host.addresses.get("eth0") else ["eth0: no address"]


ADDED = Change(_host(), (AddAddress(ADDRESS),))


def test_a_host_that_is_as_asked_is_not_waited_for() -> None:
    kernel = Scripted((0, _host(ETH0, ADDRESS)))
    settle(ADDED, kernel, _lacks_address, clock=kernel.clock)
    assert kernel.waits == []


def test_a_host_that_becomes_as_asked_is_returned_at_once() -> None:
    kernel = Scripted((0, _host()), (0.3, _host(ETH0, ADDRESS)))
    assert settle(ADDED, kernel, _lacks_address, clock=kernel.clock).addresses["eth0"] == (ADDRESS,)
    assert kernel.now == 0.3


def test_a_host_that_never_becomes_as_asked_is_not_settled_after_the_time() -> None:
    kernel = Scripted((0, _host()))
    with pytest.raises(NotSettled, match="eth0: no address"):
        settle(ADDED, kernel, _lacks_address, timeout_s=5, clock=kernel.clock)
    assert kernel.now == 5


def test_an_address_is_good_when_no_duplicate_was_found() -> None:
    kernel = Scripted((0, _host(ETH0, TENTATIVE)), (1.5, _host(ETH0, ADDRESS)))
    settle(ADDED, kernel, _lacks_address, clock=kernel.clock)
    assert kernel.now == 1.5


def test_the_time_begins_when_duplicate_address_detection_is_over() -> None:
    kernel = Scripted((0, _host(ETH0, TENTATIVE)), (2, _host(ETH0, replace(ADDRESS, state=0x48))))
    with pytest.raises(NotSettled):
        settle(ADDED, kernel, lambda host: ["eth0: dadfailed"], timeout_s=5, clock=kernel.clock)
    assert kernel.now == 7


def test_an_address_on_a_link_without_carrier_stays_tentative_and_is_not_waited_for() -> None:
    kernel = Scripted((0, _host(DARK, TENTATIVE)))
    settle(ADDED, kernel, _lacks_address, clock=kernel.clock)
    assert kernel.now == 0


def test_the_time_begins_when_the_carrier_is_back() -> None:
    change = Change(_host(ETH0), (SetLink("eth0", "", {"mtu": 9000}, {"mtu": 1500}),))
    kernel = Scripted((0, _host(DARK)), (4, _host(ETH0)))
    with pytest.raises(NotSettled):
        settle(change, kernel, lambda host: ["eth0: mtu"], timeout_s=5, clock=kernel.clock)
    assert kernel.now == 9


def test_the_time_begins_at_last_also_without_carrier() -> None:
    change = Change(_host(ETH0), (SetLink("eth0", "", {"mtu": 9000}, {"mtu": 1500}),))
    kernel = Scripted((0, _host(DARK)))
    with pytest.raises(NotSettled):
        settle(change, kernel, lambda host: ["eth0: mtu"], timeout_s=5, clock=kernel.clock)
    assert kernel.now == READY_S + 5


def test_what_sends_no_event_is_found_by_the_heartbeat() -> None:
    kernel = Scripted((0, _host()))
    with pytest.raises(NotSettled):
        settle(ADDED, kernel, _lacks_address, timeout_s=5, clock=kernel.clock)
    assert max(kernel.waits) == 1


BOND = Link("bond1", "bond", attrs={"up": True})


@pytest.mark.parametrize(("port", "awaited"), [(ETH0, ("bond1",)), (DARK, ())])
def test_a_new_bond_is_expected_to_get_carrier_when_a_port_has_it(port: Link, awaited: tuple[str, ...]) -> None:
    port = replace(port, attrs={"up": True, "master": "bond1"})
    host = Host(links={"bond1": BOND, "eth0": port})
    assert awaiting_carrier(Change(_host(port), (CreateLink("bond1", "bond"),)), host, ["bond1"]) == awaited


def test_a_link_the_kernel_has_not_taken_note_of_passes_nothing_yet() -> None:
    change = Change(_host(ETH0), (SetLink("eth0", "", {"mtu": 9000}, {"mtu": 1500}),))
    kernel = Scripted((0, _host(replace(ETH0, operstate="down"))), (1, _host(replace(ETH0, operstate="up"))))
    await_carrier(change, kernel, clock=kernel.clock)
    assert kernel.now == 1


def test_a_nic_that_had_no_carrier_before_is_not_waited_for() -> None:
    change = Change(_host(DARK), (SetLink("eth0", "", {"mtu": 9000}, {"mtu": 1500}),))
    kernel = Scripted((0, _host(DARK)))
    await_carrier(change, kernel, clock=kernel.clock)
    assert kernel.now == 0


def test_carrier_is_waited_for_until_it_is_there() -> None:
    change = Change(_host(ETH0), (SetLink("eth0", "", {"mtu": 9000}, {"mtu": 1500}),))
    kernel = Scripted((0, _host(DARK)), (3.5, _host(ETH0)))
    await_carrier(change, kernel, clock=kernel.clock)
    assert kernel.now == 3.5


def test_what_is_awaited_has_more_time_than_what_is_wrong_and_not_for_ever() -> None:
    kernel = Scripted((0, _host()), (40.0, _host(ETH0, ADDRESS)))
    settle(ADDED, kernel, lambda host: (), clock=kernel.clock, awaited=_lacks_address)
    assert kernel.now == 40.0
    never = Scripted((0, _host()))
    with pytest.raises(NotSettled, match="eth0: no address"):
        settle(ADDED, never, lambda host: (), clock=never.clock, awaited=_lacks_address)
    assert never.now == WAIT_S
    wrong = Scripted((0, _host()))
    with pytest.raises(NotSettled, match="eth0: mtu"):
        settle(ADDED, wrong, lambda host: ["eth0: mtu"], timeout_s=5, clock=wrong.clock, awaited=_lacks_address)
    assert wrong.now == 5
