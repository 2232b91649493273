"""The DHCPv4 client against servers made of messages: every arrow of figure 5 in RFC 2131, and what hostile ones do."""

import math
from collections.abc import Sequence
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netkernel.frozen import replace
from netkernel.packets import arp, dhcp4
from netkernel.packets import dhcp4_options as options
from netkernel.packets.arp import Arp
from netkernel.packets.dhcp4 import Message
from nncp_agent.dhcp.events import Action, Ask, Carrier, Due, Event, Forget, Heard, Lose, Overheard, Say, Stop, Take
from nncp_agent.dhcp.lease import Lease
from nncp_agent.dhcp.machine import HELD, Machine, State, step
from nncp_agent.dhcp.messages import Who

MAC = "02:00:00:00:00:01"
STRANGER = "02:00:00:00:00:66"
WHO = Who(MAC, b"\x01\x02\x00\x00\x00\x00\x01", "node7")
SERVER, OTHER = "192.0.2.1", "192.0.2.2"
T = TypeVar("T")


def dice() -> float:
    return 0.5


class Run:
    """A client and the time; what it wanted done is in `done`."""

    def __init__(self, machine: Machine | None = None, now_s: float = 1000.0) -> None:
        self.machine, self.now_s = machine or Machine(WHO), now_s
        self.done: list[Action] = []

    def tell(self, event: Event) -> list[Action]:
        self.machine, actions = step(self.machine, event, self.now_s, dice)
        self.done += actions
        return list(actions)

    def wait(self) -> list[Action]:
        """Until it wants to be told."""
        self.now_s = max(self.now_s, self.machine.due_s)
        return self.tell(Due())

    def hear(self, type: int, ip: str = "192.0.2.7", server: str = SERVER, *more: tuple[int, bytes]) -> list[Action]:
        return self.tell(Heard(answer(self.machine, type, ip, server, *more)))

    def bound(self, *more: tuple[int, bytes]) -> "Run":
        """With a lease."""
        self.tell(Carrier(True))
        self.hear(dhcp4.OFFER)
        self.hear(dhcp4.ACK, "192.0.2.7", SERVER, *more)
        while self.machine.state is State.PROBING:
            self.wait()
        assert self.machine.state is State.BOUND
        self.done.clear()
        return self


def answer(machine: Machine, type: int, ip: str, server: str = SERVER, *more: tuple[int, bytes]) -> Message:
    given = {
        options.MESSAGE_TYPE: bytes((type,)),
        options.SERVER_ID: options.pack_addresses([server]),
        **({} if type == dhcp4.NAK else {options.LEASE_TIME: (3600).to_bytes(4, "big")}),
        options.SUBNET_MASK: options.pack_prefix(24),
    } | dict(more)
    return Message(dhcp4.REPLY, machine.transaction, machine.who.mac, tuple(given.items()), your_ip=ip)


def only(actions: Sequence[Action], kind: type[T]) -> T:
    found = [each for each in actions if isinstance(each, kind)]
    assert len(found) == 1, actions
    return found[0]


def test_a_client_discovers_asks_probes_and_has_an_address() -> None:
    run = Run()
    assert only(run.tell(Carrier(True)), Say).message.type == dhcp4.DISCOVER
    asked = only(run.hear(dhcp4.OFFER), Say)
    assert (asked.message.type, asked.source, asked.server) == (dhcp4.ASK, "", "")
    assert asked.message.option(options.REQUESTED_IP) == options.pack_addresses(["192.0.2.7"])
    assert asked.message.option(options.SERVER_ID) == options.pack_addresses([SERVER])
    assert only(run.hear(dhcp4.ACK), Ask).packet == Arp(arp.REQUEST, MAC, arp.UNSTATED, target_ip="192.0.2.7")
    assert [only(run.wait(), Ask).packet.sender_ip for _ in range(2)] == [arp.UNSTATED] * 2
    actions = run.wait()
    assert only(actions, Take).lease.ip == "192.0.2.7"
    assert only(actions, Ask).packet.sender_ip == "192.0.2.7"
    assert run.machine.state is State.BOUND


def test_without_an_answer_it_asks_again_ever_more_seldom_and_never_gives_up() -> None:
    run = Run()
    run.tell(Carrier(True))
    waits = []
    for _ in range(8):
        before_s = run.now_s
        assert only(run.wait(), Say).message.type == dhcp4.DISCOVER
        waits.append(run.now_s - before_s)
    assert waits == [4, 8, 16, 32, 64, 64, 64, 64]


def test_of_two_servers_the_first_to_answer_is_taken_and_the_other_is_not_heard() -> None:
    run = Run()
    run.tell(Carrier(True))
    run.hear(dhcp4.OFFER, "192.0.2.7", OTHER)
    assert run.hear(dhcp4.OFFER, "192.0.2.8", SERVER) == []
    assert run.hear(dhcp4.NAK, "0.0.0.0", SERVER) == []
    assert run.hear(dhcp4.ACK, "192.0.2.8", SERVER) == []
    only(run.hear(dhcp4.ACK, "192.0.2.7", OTHER), Ask)


def test_an_offer_whose_server_is_gone_is_given_up_after_some_tries() -> None:
    run = Run()
    run.tell(Carrier(True))
    run.hear(dhcp4.OFFER)
    said = [only(run.wait(), Say).message.type for _ in range(4)]
    assert said == [dhcp4.ASK, dhcp4.ASK, dhcp4.ASK, dhcp4.DISCOVER]
    only(run.hear(dhcp4.OFFER, "192.0.2.9", OTHER), Say)


def test_an_address_that_somebody_has_is_declined_and_another_is_asked_for_later() -> None:
    run = Run()
    run.tell(Carrier(True))
    run.hear(dhcp4.OFFER)
    run.hear(dhcp4.ACK)
    actions = run.tell(Overheard(Arp(arp.REPLY, STRANGER, "192.0.2.7", MAC)))
    refusal = only(actions, Say).message
    assert (refusal.type, refusal.client_ip) == (dhcp4.DECLINE, "0.0.0.0")
    assert refusal.option(options.REQUESTED_IP) == options.pack_addresses(["192.0.2.7"])
    assert only(actions, Forget).why == f"{STRANGER} has the address already"
    assert run.machine.due_s == run.now_s + 10
    assert only(run.wait(), Say).message.type == dhcp4.DISCOVER


def test_who_probes_for_the_same_address_at_the_same_time_has_it_too() -> None:
    run = Run()
    run.tell(Carrier(True))
    run.hear(dhcp4.OFFER)
    run.hear(dhcp4.ACK)
    assert run.tell(Overheard(Arp(arp.REQUEST, MAC, arp.UNSTATED, target_ip="192.0.2.7"))) == []
    only(run.tell(Overheard(Arp(arp.REQUEST, STRANGER, arp.UNSTATED, target_ip="192.0.2.7"))), Forget)


def test_an_address_is_defended_once_and_given_up_when_it_is_claimed_again() -> None:
    run = Run().bound()
    claim = Overheard(Arp(arp.REQUEST, STRANGER, "192.0.2.7", target_ip="192.0.2.7"))
    assert only(run.tell(claim), Ask).packet.sender_ip == "192.0.2.7"
    run.now_s += 60
    only(run.tell(claim), Ask)
    run.now_s += 5
    assert only(run.tell(claim), Lose).lease.ip == "192.0.2.7"


def test_half_way_through_its_own_server_extends_the_lease() -> None:
    run = Run().bound()
    began_s = run.machine.lease.since_s if run.machine.lease else 0
    said = only(run.wait(), Say)
    assert began_s + 1700 < run.now_s <= began_s + 1800
    assert (said.message.client_ip, said.source, said.server) == ("192.0.2.7", "192.0.2.7", SERVER)
    assert said.message.option(options.REQUESTED_IP) is None
    assert said.message.option(options.SERVER_ID) is None
    taken = only(run.hear(dhcp4.ACK), Take)
    assert (run.machine.state, taken.lease.since_s) == (State.BOUND, run.now_s)


def test_without_its_server_it_asks_all_of_them_and_another_takes_over() -> None:
    run = Run().bound()
    while run.machine.state is not State.REBINDING:
        said = only(run.wait(), Say)
    assert (said.server, said.source, said.message.client_ip) == ("", "192.0.2.7", "192.0.2.7")
    assert run.now_s == pytest.approx(1000 + 3150, abs=1)
    assert only(run.hear(dhcp4.ACK, "192.0.2.7", OTHER), Take).lease.server == OTHER


def test_without_any_server_the_lease_ends_when_it_ends_and_no_sooner() -> None:
    run = Run().bound()
    lease = run.machine.lease
    assert lease is not None
    gaps = []
    while not any(isinstance(each, Lose) for each in run.done):
        before_s = run.now_s
        run.wait()
        gaps.append(run.now_s - before_s)
    assert run.now_s == lease.ends_s
    assert len([gap for gap in gaps if gap < 60]) <= 2, "but for the last before T2 and the last of all"
    assert (run.machine.state, run.machine.lease, run.machine.is_held) == (State.SELECTING, None, False)


@pytest.mark.parametrize("state", [State.RENEWING, State.REBINDING])
def test_a_refusal_takes_the_address_off_at_once(state: State) -> None:
    run = Run().bound()
    while run.machine.state is not state:
        run.wait()
    actions = run.hear(dhcp4.NAK, "0.0.0.0", SERVER, (options.ERROR_TEXT, b"wrong network"))
    assert only(actions, Lose).why == "the server refused it: wrong network"
    assert only(run.wait(), Say).message.type == dhcp4.DISCOVER


def test_another_server_cannot_refuse_what_its_own_is_asked_for() -> None:
    run = Run().bound()
    run.wait()
    assert run.machine.state is State.RENEWING
    assert run.hear(dhcp4.NAK, "0.0.0.0", OTHER) == []


def held_on_disk(now_s: float = 1000.0) -> Run:
    lease = Lease("192.0.2.7", 24, SERVER, now_s - 100, 3600, 1800, 3150)
    return Run(Machine(WHO, lease=lease), now_s)


def test_after_a_restart_the_same_address_is_asked_for_and_probed_before_it_is_used() -> None:
    run = held_on_disk()
    said = only(run.tell(Carrier(True)), Say).message
    assert (said.type, said.client_ip) == (dhcp4.ASK, "0.0.0.0")
    assert said.option(options.REQUESTED_IP) == options.pack_addresses(["192.0.2.7"])
    assert said.option(options.SERVER_ID) is None
    only(run.hear(dhcp4.ACK), Ask)


def test_an_address_that_is_still_on_the_link_is_not_probed_again() -> None:
    run = held_on_disk()
    run.machine = replace(run.machine, is_held=True)
    run.tell(Carrier(True))
    only(run.hear(dhcp4.ACK), Take)


def test_after_a_restart_in_another_network_the_lease_is_forgotten() -> None:
    run = held_on_disk()
    run.tell(Carrier(True))
    only(run.hear(dhcp4.NAK, "0.0.0.0", OTHER), Forget)


def test_after_a_restart_without_a_server_the_lease_is_used_as_long_as_it_lasts() -> None:
    run = held_on_disk()
    run.tell(Carrier(True))
    while run.machine.state is not State.BOUND:
        run.wait()
    taken = only([each for each in run.done if isinstance(each, Take)], Take).lease
    assert (taken.ip, taken.ends_s) == ("192.0.2.7", 1000 - 100 + 3600)


def test_a_lease_that_ended_while_nobody_looked_is_not_asked_for() -> None:
    run = held_on_disk()
    run.now_s += 4000
    actions = run.tell(Carrier(True))
    only(actions, Forget)
    assert only(actions, Say).message.type == dhcp4.DISCOVER


def test_without_carrier_the_address_stays_and_is_asked_for_again_when_it_comes_back() -> None:
    run = Run().bound()
    assert run.tell(Carrier(False)) == []
    assert run.machine.is_held
    assert only(run.tell(Carrier(True)), Say).message.type == dhcp4.ASK
    assert run.machine.state is State.REBOOTING


def test_without_carrier_a_lease_ends_all_the_same() -> None:
    run = Run().bound()
    run.tell(Carrier(False))
    only(run.wait(), Lose)
    assert (run.machine.state, run.machine.due_s) == (State.OFF, math.inf)


def test_only_who_is_told_to_releases_its_address() -> None:
    assert Run().bound().tell(Stop()) == []
    actions = Run().bound().tell(Stop(release=True))
    said = only(actions, Say)
    assert (said.message.type, said.message.client_ip, said.server) == (dhcp4.RELEASE, "192.0.2.7", SERVER)
    only(actions, Lose)


def test_a_lease_without_end_is_never_renewed() -> None:
    run = Run().bound((options.LEASE_TIME, b"\xff" * 4))
    assert run.machine.due_s == math.inf


@pytest.mark.parametrize(
    "change",
    [
        {"transaction": 1}, {"mac": STRANGER}, {"operation": dhcp4.REQUEST}, {"your_ip": "0.0.0.0"},
        {"options": ()}, {"your_ip": "255.255.255.255"}, {"your_ip": "224.0.0.9"},
    ],
)  # fmt: skip
def test_an_offer_that_is_not_for_us_or_gives_nothing_is_not_taken(change: dict[str, object]) -> None:
    run = Run()
    run.tell(Carrier(True))
    offer = answer(run.machine, dhcp4.OFFER, "192.0.2.7")
    assert run.tell(Heard(replace(offer, **change))) == []


def test_an_answer_to_another_client_identifier_is_not_ours() -> None:
    run = Run()
    run.tell(Carrier(True))
    assert run.hear(dhcp4.OFFER, "192.0.2.7", SERVER, (options.CLIENT_ID, b"else")) == []
    assert run.hear(dhcp4.OFFER, "192.0.2.7", SERVER, (options.CLIENT_ID, WHO.client_id)) != []


SERVERS = st.sampled_from([SERVER, OTHER])
ADDRESSES = st.sampled_from(["192.0.2.7", "192.0.2.8", "0.0.0.0"])
EVENTS = st.one_of(
    st.just("wait"), st.just("late"), st.tuples(st.integers(1, 8), ADDRESSES, SERVERS),
    st.builds(Carrier, st.booleans()), st.builds(Stop, st.booleans()),
    st.builds(Overheard, st.builds(Arp, st.sampled_from([1, 2]), st.sampled_from([MAC, STRANGER]), ADDRESSES,
                                   target_ip=ADDRESSES)),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(EVENTS, max_size=40))
def test_whatever_happens_what_is_on_the_host_is_what_it_holds(happenings: list[object]) -> None:
    """An address is put on the host only after a probe or when it is there; it never stays beyond its lease."""
    run = Run()
    on_host: Lease | None = None
    for each in happenings:
        if each == "wait" and run.machine.due_s < math.inf:
            actions = run.wait()
        elif each == "late":
            run.now_s += 400
            actions = run.tell(Due()) if run.machine.due_s <= run.now_s else []
        elif isinstance(each, tuple) and type(each) is tuple:
            actions = run.hear(each[0], each[1], each[2])
        else:
            actions = run.tell(each) if isinstance(each, Carrier | Stop | Overheard) else []
        for action in actions:
            match action:
                case Take(lease):
                    on_host = lease
                case Lose(lease):
                    assert on_host is not None and on_host.ip == lease.ip
                    on_host = None
                case Forget(lease):
                    assert on_host is None
        machine = run.machine
        assert machine.is_held == (on_host is not None)
        assert machine.state not in HELD or machine.is_held
        assert machine.state is State.OFF or machine.due_s < math.inf or machine.state is State.BOUND
        if on_host and machine.due_s <= run.now_s < on_host.ends_s:
            continue
        assert on_host is None or machine.due_s <= on_host.ends_s or machine.state is State.PROBING
