"""The DHCPv6 client against servers made of messages: the exchanges of RFC 8415 section 18.2, and hostile ones."""

import math

import pytest

from netkernel.frozen import replace
from netkernel.packets import dhcp6, names
from netkernel.packets import dhcp6_options as options
from netkernel.packets.dhcp6_options import FOREVER, Identity, IdentityAddress
from nncp_agent.dhcp.v6.events import (
    Due,
    Duplicate,
    Forget,
    Heard,
    Lose,
    Ready,
    Say,
    Stop,
    Take,
    Want,
    Wanted,
)
from nncp_agent.dhcp.v6.lease import Lease, Lent
from nncp_agent.dhcp.v6.machine import step
from nncp_agent.dhcp.v6.state import Machine, State
from tests.unit.nncp_agent.dhcp.v6.servers import IP, IP2, OTHER, SERVER, WHO, Run, answer, only, said


def test_a_client_solicits_requests_and_has_an_address() -> None:
    run = Run()
    run.tell(Want(Wanted.ADDRESSES))
    assert run.tell(Ready(True)) == []
    assert 1000.1 <= run.machine.due_s <= 1001, "a rack that comes up does not speak all at once"
    asked = only(run.wait(), Say).message
    assert (asked.type, asked.server_id, asked.option(options.RAPID_COMMIT)) == (dhcp6.SOLICIT, b"", b"")
    assert asked.option(options.CLIENT_NAME) == b"\1" + names.pack_name("node7.example")
    assert asked.option(options.ELAPSED) == b"\0\0"
    wanted = asked.option(options.WANTED) or b""
    assert [int.from_bytes(wanted[at : at + 2], "big") for at in range(0, len(wanted), 2)] == [23, 24, 82, 83]
    assert run.hear(dhcp6.ADVERTISE, IP) == [], "it waits for others"
    assert said(run.wait()) == (dhcp6.REQUEST, (IP,), SERVER)
    dns = (
        (options.NAME_SERVERS, options.pack_addresses(["2001:db8::53"])),
        (options.SEARCH, names.pack_domains(["a.example"])),
    )
    taken = only(run.hear(dhcp6.REPLY, IP, more=dns), Take).lease
    assert taken.addresses == (Lent(IP, 1800, 3600, run.now_s),)
    assert (taken.server, taken.renew_s, taken.rebind_s) == (SERVER, 900, 1440)
    assert (taken.name_servers, taken.search) == (("2001:db8::53",), ("a.example",))


def test_of_two_servers_the_one_with_the_higher_preference_is_taken() -> None:
    run = Run().looking()
    run.hear(dhcp6.ADVERTISE, IP, server=SERVER, preference=3)
    run.hear(dhcp6.ADVERTISE, IP2, server=OTHER, preference=9)
    run.hear(dhcp6.ADVERTISE, IP, server=SERVER, preference=9)
    assert said(run.wait()) == (dhcp6.REQUEST, (IP2,), OTHER)
    assert run.hear(dhcp6.REPLY, IP, server=SERVER) == [], "that one was not asked"
    only(run.hear(dhcp6.REPLY, IP2, server=OTHER), Take)


def test_the_highest_preference_is_taken_at_once() -> None:
    run = Run().looking()
    assert said(run.hear(dhcp6.ADVERTISE, IP, preference=255)) == (dhcp6.REQUEST, (IP,), SERVER)


def test_after_the_first_wait_the_first_server_that_answers_is_taken() -> None:
    run = Run().looking()
    run.wait()
    assert said(run.hear(dhcp6.ADVERTISE, IP)) == (dhcp6.REQUEST, (IP,), SERVER)


def test_a_server_that_commits_at_once_saves_a_request() -> None:
    run = Run().looking()
    assert run.hear(dhcp6.REPLY, IP) == [], "it does not say that it has committed anything"
    only(run.hear(dhcp6.REPLY, IP, more=((options.RAPID_COMMIT, b""),)), Take)


def test_without_an_answer_it_asks_again_ever_more_seldom_and_never_gives_up() -> None:
    run = Run().looking()
    waits = []
    for _ in range(15):
        before_s = run.now_s
        assert said(run.wait())[0] == dhcp6.SOLICIT
        waits.append(run.now_s - before_s)
    assert waits == pytest.approx([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 3600, 3600, 3600])
    assert only(run.wait(), Say).message.option(options.ELAPSED) == b"\xff\xff"


def test_the_first_wait_for_a_server_is_never_shorter_and_later_ones_differ_by_a_tenth() -> None:
    for luck in (0.0, 0.999):
        machine = Machine(WHO, Wanted.ADDRESSES)
        machine, _ = step(machine, Ready(True), 0, lambda: luck)  # noqa: B023
        machine, _ = step(machine, Due(), 10, lambda: luck)  # noqa: B023
        assert 11 <= machine.due_s <= 11.1
        machine, _ = step(machine, Due(), 20, lambda: luck)  # noqa: B023
        assert 21.8 < machine.due_s < 22.4
        assert machine.transaction <= 0xFFFFFF


def test_a_server_says_how_seldom_to_ask_even_when_it_has_no_addresses() -> None:
    run = Run().looking()
    run.hear(dhcp6.ADVERTISE, status=options.NO_ADDRESSES, more=((options.SOLICIT_MAXIMUM, (60).to_bytes(4, "big")),))
    for _ in range(10):
        before_s = run.now_s
        assert said(run.wait())[0] == dhcp6.SOLICIT
    assert run.now_s - before_s == 60


@pytest.mark.parametrize("status", [options.NO_ADDRESSES, options.NOT_ON_LINK])
def test_an_advertised_address_that_is_refused_is_looked_for_again_ever_more_seldom(status: int) -> None:
    run, pauses = Run().looking(), []
    for _ in range(9):
        run.hear(dhcp6.ADVERTISE, IP, preference=255)
        before_s = run.now_s
        assert run.hear(dhcp6.REPLY, status=status) == []
        assert said(run.wait())[0] == dhcp6.SOLICIT
        pauses.append(run.now_s - before_s)
    assert pauses == pytest.approx([1.5, 3, 6, 12, 24, 48, 96, 180, 180])


@pytest.mark.parametrize("status", [options.UNSPECIFIED_FAILURE, options.USE_MULTICAST])
def test_a_failure_that_says_nothing_is_asked_about_again(status: int) -> None:
    run = Run().looking()
    run.hear(dhcp6.ADVERTISE, IP, preference=255)
    assert run.hear(dhcp6.REPLY, of_all=status) == []
    assert said(run.wait()) == (dhcp6.REQUEST, (IP,), SERVER)
    only(run.hear(dhcp6.REPLY, IP), Take)


def test_a_server_that_offered_and_is_gone_is_given_up_after_ten_questions() -> None:
    run = Run().looking()
    run.hear(dhcp6.ADVERTISE, IP, preference=255)
    kinds = []
    while not kinds or kinds[-1] != dhcp6.SOLICIT:
        kinds += [each.message.type for each in run.wait() if isinstance(each, Say)]
    assert kinds.count(dhcp6.REQUEST) <= 9


def test_half_way_through_its_own_server_extends_the_lease() -> None:
    run = Run().bound()
    assert said(run.wait()) == (dhcp6.RENEW, (IP,), SERVER)
    assert 1880 < run.now_s <= 1902
    assert run.hear(dhcp6.REPLY, IP, server=OTHER) == []
    taken = only(run.hear(dhcp6.REPLY, IP), Take).lease
    assert (run.machine.state, taken.addresses[0].since_s) == (State.BOUND, run.now_s)


def test_without_its_server_it_asks_all_of_them_and_another_takes_over() -> None:
    run = Run().bound()
    while run.machine.state is not State.REBINDING:
        actions = run.wait()
    assert said(actions) == (dhcp6.REBIND, (IP,), b"")
    assert run.now_s == pytest.approx(1000.55 + 1440, abs=1)
    assert only(run.hear(dhcp6.REPLY, IP, server=OTHER), Take).lease.server == OTHER


def test_without_any_server_the_address_ends_when_it_ends_and_no_sooner() -> None:
    run = Run().bound()
    lease = run.machine.lease
    assert lease is not None
    while not any(isinstance(each, Lose) for each in run.done):
        run.wait()
    assert run.now_s == lease.ends_s
    assert (run.machine.state, run.machine.lease, run.machine.is_held) == (State.SOLICITING, None, False)
    assert len(run.sent_at_s) < 20


def test_a_server_that_does_not_know_us_any_more_is_asked_to_lend_the_same_address_anew() -> None:
    run = Run().bound()
    run.wait()
    assert said(run.hear(dhcp6.REPLY, status=options.NO_BINDING)) == (dhcp6.REQUEST, (IP,), SERVER)
    assert run.machine.is_held
    assert only(run.hear(dhcp6.REPLY, IP), Take).lease.ips == (IP,)


def test_a_server_that_lends_another_address_instead_has_the_old_one_replaced() -> None:
    run = Run().bound()
    run.wait()
    run.hear(dhcp6.REPLY, status=options.NO_BINDING)
    assert only(run.hear(dhcp6.REPLY, IP2), Take).lease.ips == (IP2,)


def test_when_the_server_that_forgot_us_is_gone_all_are_asked_before_the_address_is_lost() -> None:
    run = Run().bound()
    run.wait()
    run.hear(dhcp6.REPLY, status=options.NO_BINDING)
    while run.machine.state is State.REQUESTING:
        actions = run.wait()
    assert said(actions) == (dhcp6.REBIND, (IP,), b"")
    assert run.machine.is_held


def test_an_address_that_gets_no_time_is_lost_and_the_others_stay() -> None:
    run = Run().bound(IP, IP2)
    run.wait()
    none = Identity(WHO.number, addresses=(IdentityAddress(IP, 0, 0),)).pack()
    message = answer(run.machine, dhcp6.REPLY, more=((options.IDENTITY, none),))
    assert only(run.tell(Heard(message)), Take).lease.ips == (IP2,)
    run.wait()
    none = Identity(WHO.number, addresses=(IdentityAddress(IP2, 0, 0),)).pack()
    message = answer(run.machine, dhcp6.REPLY, more=((options.IDENTITY, none),))
    assert only(run.tell(Heard(message)), Lose).why == "the server took it back"


def test_an_extension_that_is_denied_for_now_is_asked_for_again() -> None:
    run = Run().bound()
    run.wait()
    assert run.hear(dhcp6.REPLY, status=options.NO_ADDRESSES) == []
    assert run.hear(dhcp6.REPLY) == [], "no word of our addresses"
    assert said(run.wait()) == (dhcp6.RENEW, (IP,), SERVER)


def held_on_disk(is_held: bool = False, now_s: float = 1000.0) -> Run:
    lease = Lease(SERVER, now_s - 100, 900, 1440, (Lent(IP, 1800, 3600, now_s - 100),))
    return Run(Machine(WHO, lease=lease, is_held=is_held), now_s)


def test_after_a_restart_the_link_is_asked_whether_the_address_is_good_there() -> None:
    run = held_on_disk()
    run.tell(Want(Wanted.ADDRESSES))
    assert run.tell(Ready(True)) == []
    assert said(run.wait()) == (dhcp6.CONFIRM, (IP,), b"")
    assert run.hear(dhcp6.REPLY, of_all=options.UNSPECIFIED_FAILURE) == []
    actions = run.hear(dhcp6.REPLY, server=OTHER)
    assert only(actions, Take).lease.ends_s == 4500
    assert said(actions) == (dhcp6.RENEW, (IP,), SERVER), "there may be more to be told than that it is good"


def test_after_a_restart_in_another_network_the_lease_is_forgotten() -> None:
    run = held_on_disk()
    run.looking()
    only(run.hear(dhcp6.REPLY, of_all=options.NOT_ON_LINK), Forget)
    assert said(run.wait())[0] == dhcp6.SOLICIT


def test_after_a_restart_without_a_server_the_lease_is_used_as_long_as_it_lasts() -> None:
    run = held_on_disk().looking()
    while run.machine.state is State.CONFIRMING:
        actions = run.wait()
    assert only(actions, Take).lease.ends_s == 4500
    assert 1010 <= run.now_s <= 1011


def test_a_lease_that_ended_while_nobody_looked_is_not_asked_for() -> None:
    run = held_on_disk()
    run.now_s += 4000
    run.tell(Want(Wanted.ADDRESSES))
    only(run.tell(Ready(True)), Forget)
    assert said(run.wait())[0] == dhcp6.SOLICIT


def test_without_carrier_the_address_stays_and_is_confirmed_when_it_comes_back() -> None:
    run = Run().bound()
    assert run.tell(Ready(False)) == []
    assert run.machine.is_held
    assert run.tell(Ready(True)) == []
    assert said(run.wait())[0] == dhcp6.CONFIRM


def test_without_carrier_an_address_ends_all_the_same() -> None:
    run = Run().bound()
    run.tell(Ready(False))
    only(run.wait(), Lose)
    assert (run.machine.state, run.machine.due_s) == (State.OFF, math.inf)


def test_only_who_is_told_to_releases_its_addresses_and_takes_them_off_first() -> None:
    assert Run().bound().tell(Stop()) == []
    run = Run().bound(IP, IP2)
    actions = run.tell(Stop(release=True))
    assert [type(each) for each in actions] == [Lose, Say]
    assert said(actions) == (dhcp6.RELEASE, (IP, IP2), SERVER)
    assert [said(run.wait())[0] for _ in range(3)] == [dhcp6.RELEASE] * 3
    assert run.wait() == []
    assert (run.machine.state, run.machine.due_s) == (State.OFF, math.inf)


def test_a_release_that_is_answered_is_not_said_again() -> None:
    run = Run().bound()
    run.tell(Stop(release=True))
    run.hear(dhcp6.REPLY)
    assert (run.machine.state, run.machine.due_s) == (State.OFF, math.inf)


def test_an_address_that_somebody_has_is_declined_and_looked_for_again_later() -> None:
    run = Run().bound()
    actions = run.tell(Duplicate(IP))
    assert only(actions, Lose).why == f"another host has {IP} already"
    assert said(actions) == (dhcp6.DECLINE, (IP,), SERVER)
    declined_s = run.now_s
    assert said(run.wait()) == (dhcp6.DECLINE, (IP,), SERVER)
    run.hear(dhcp6.REPLY)
    assert said(run.wait())[0] == dhcp6.SOLICIT
    assert declined_s + 10 <= run.now_s <= declined_s + 11


def test_a_server_that_hears_no_refusal_is_left_after_four() -> None:
    run = Run().bound()
    run.tell(Duplicate(IP))
    kinds = [each.message.type for _ in range(5) for each in run.wait() if isinstance(each, Say)]
    assert kinds == [dhcp6.DECLINE] * 3 + [dhcp6.SOLICIT]


def test_of_several_addresses_only_those_that_somebody_has_are_declined() -> None:
    run = Run().bound(IP, IP2)
    actions = run.tell(Duplicate(IP))
    assert only(actions, Take).lease.ips == (IP2,)
    assert said(actions)[1] == (IP,)
    assert only(run.hear(dhcp6.REPLY), Take).lease.ips == (IP2,)
    assert run.tell(Duplicate("2001:db8::66")) == []
    assert run.machine.state is State.BOUND


def test_both_of_two_are_declined_when_both_are_taken() -> None:
    run = Run().bound(IP, IP2)
    run.tell(Duplicate(IP))
    assert said(run.tell(Duplicate(IP2)))[1] == (IP, IP2)


def test_who_wants_information_only_asks_for_it_and_again_when_it_is_old() -> None:
    run = Run()
    run.tell(Want(Wanted.INFORMATION))
    run.tell(Ready(True))
    asked = only(run.wait(), Say).message
    assert (asked.type, asked.option(options.IDENTITY)) == (dhcp6.INFORMATION_REQUEST, None)
    assert asked.option(options.CLIENT_NAME) is None
    wanted = asked.option(options.WANTED) or b""
    assert [int.from_bytes(wanted[at : at + 2], "big") for at in range(0, len(wanted), 2)] == [23, 24, 32, 83]
    dns = (options.NAME_SERVERS, options.pack_addresses(["2001:db8::53"]))
    taken = only(run.hear(dhcp6.REPLY, more=(dns, (options.REFRESH_TIME, (700).to_bytes(4, "big")))), Take).lease
    assert (taken.addresses, taken.name_servers, taken.renew_s) == ((), ("2001:db8::53",), 700)
    asked_s = run.now_s
    assert said(run.wait())[0] == dhcp6.INFORMATION_REQUEST
    assert run.now_s == asked_s + 700
    assert only(run.hear(dhcp6.REPLY), Take).lease.renew_s == 86400
    run.wait()
    run.hear(dhcp6.REPLY, more=((options.REFRESH_TIME, b"\xff" * 4),))
    assert run.machine.due_s == math.inf


def test_how_seldom_who_wants_information_only_asks_is_the_servers_to_say() -> None:
    run = Run().looking(Wanted.INFORMATION)
    most = ((options.INFORMATION_MAXIMUM, (90).to_bytes(4, "big")),)
    run.hear(dhcp6.REPLY, of_all=options.UNSPECIFIED_FAILURE, more=most)
    for _ in range(10):
        before_s = run.now_s
        assert said(run.wait())[0] == dhcp6.INFORMATION_REQUEST
    assert run.now_s - before_s == 90


def test_routers_that_want_nothing_are_believed_until_they_want_more() -> None:
    run = Run()
    run.tell(Want(Wanted.NOTHING))
    assert run.tell(Ready(True)) == []
    assert run.machine.due_s == math.inf
    run.tell(Want(Wanted.INFORMATION))
    assert said(run.wait())[0] == dhcp6.INFORMATION_REQUEST
    run.hear(dhcp6.REPLY)
    run.tell(Want(Wanted.ADDRESSES))
    assert said(run.wait())[0] == dhcp6.SOLICIT
    assert run.machine.is_held, "what was told still holds"
    run.hear(dhcp6.ADVERTISE, IP, preference=255)
    assert run.hear(dhcp6.REPLY, status=options.NO_ADDRESSES) == []
    assert run.machine.is_held


def test_an_address_is_kept_when_another_router_wants_none() -> None:
    run = Run().bound()
    assert run.tell(Want(Wanted.NOTHING)) == []
    assert said(run.wait()) == (dhcp6.RENEW, (IP,), SERVER)


def test_a_lease_without_end_is_never_renewed() -> None:
    run = Run().bound(preferred_s=FOREVER, valid_s=FOREVER)
    assert run.machine.due_s == math.inf


def test_times_of_the_server_are_kept_where_they_make_sense() -> None:
    lease = Run().bound(times=(100, 200)).machine.lease
    assert lease is not None and (lease.renew_s, lease.rebind_s) == (100, 200)
    lease = Run().bound(times=(100, 9000)).machine.lease
    assert lease is not None and (lease.renew_s, lease.rebind_s) == (100, 2880)
    lease = Run().bound(preferred_s=0).machine.lease
    assert lease is not None and (lease.renew_s, lease.rebind_s) == (1800, 2880)


def test_a_server_that_wants_to_be_asked_all_the_time_is_asked_every_five_seconds() -> None:
    run = Run().bound(times=(1, 2))
    for _ in range(5):
        before_s = run.now_s
        run.wait()
        run.hear(dhcp6.REPLY, IP, times=(1, 2))
        assert run.now_s - before_s >= 5


@pytest.mark.parametrize(
    "change",
    [
        {"transaction": 1}, {"type": dhcp6.RECONFIGURE}, {"type": dhcp6.SOLICIT}, {"options": ()},
        {"options": ((options.SERVER_ID, SERVER),)}, {"options": ((options.CLIENT_ID, WHO.duid),)},
    ],
)  # fmt: skip
def test_what_is_not_for_us_or_has_no_server_is_not_heard(change: dict[str, object]) -> None:
    run = Run().looking()
    advertised = answer(run.machine, dhcp6.ADVERTISE, (IP,), preference=255)
    assert run.tell(Heard(replace(advertised, **change))) == []  # type: ignore[arg-type]


def test_addresses_of_another_set_are_not_ours() -> None:
    run = Run().looking()
    assert run.hear(dhcp6.ADVERTISE, IP, preference=255, number=8) == []
