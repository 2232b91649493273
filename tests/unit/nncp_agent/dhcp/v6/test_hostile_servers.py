"""The DHCPv6 client and servers that say anything, in any order."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from netkernel.packets import dhcp6_options as options
from netkernel.packets.dhcp6_options import FOREVER
from nncp_agent.dhcp.v6.events import (
    Action,
    Due,
    Duplicate,
    Forget,
    Heard,
    Lose,
    Ready,
    Stop,
    Take,
    Want,
    Wanted,
)
from nncp_agent.dhcp.v6.lease import Lease
from nncp_agent.dhcp.v6.state import HELD, State
from tests.unit.nncp_agent.dhcp.v6.servers import IP, IP2, OTHER, SERVER, Run, answer

LONG = st.sampled_from([0, 1, 30, 600, 86400, FOREVER])
ANSWERS = st.fixed_dictionaries({
    "type": st.integers(1, 11), "ips": st.lists(st.sampled_from([IP, IP2, "2001:db8::9"]), max_size=3, unique=True),
    "server": st.sampled_from([SERVER, OTHER, b""]), "status": st.sampled_from([0, 0, 0, 1, 2, 3, 4, 5, 99]),
    "of_all": st.sampled_from([0, 0, 0, 1, 2, 3, 4, 5, 99]), "preferred_s": LONG, "valid_s": LONG,
    "times": st.tuples(LONG, LONG), "preference": st.sampled_from([0, 1, 255]),
    "more": st.lists(st.one_of(
        st.just((options.RAPID_COMMIT, b"")),
        st.tuples(st.sampled_from([3, 7, 13, 23, 24, 32, 39, 82, 83]), st.binary(max_size=48)),
    ), max_size=3).map(tuple),
})  # fmt: skip
OTHERS = st.one_of(
    st.just("wait"), st.just("wait"), st.just("late"), st.builds(Ready, st.booleans()),
    st.builds(Want, st.sampled_from(Wanted)), st.builds(Duplicate, st.sampled_from([IP, IP2])),
)  # fmt: skip


def happen(run: Run, each: object) -> list[Action]:
    if each == "wait" and run.machine.due_s < math.inf:
        return run.wait()
    if each == "late":
        run.now_s += 400
        return run.tell(Due()) if run.machine.due_s <= run.now_s else []
    if isinstance(each, dict):
        return run.tell(Heard(answer(run.machine, **each)))
    return run.tell(each) if isinstance(each, Ready | Want | Duplicate | Stop) else []


@settings(max_examples=30, deadline=None)
@given(st.lists(st.one_of(OTHERS, ANSWERS, st.builds(Stop, st.booleans())), max_size=40))
def test_whatever_happens_what_is_on_the_host_is_what_it_holds(happenings: list[object]) -> None:
    run = Run()
    run.tell(Want(Wanted.ADDRESSES))
    run.tell(Ready(True))
    on_host: Lease | None = None
    for each in happenings:
        for action in happen(run, each):
            match action:
                case Take(lease):
                    on_host = lease
                case Lose(lease):
                    assert on_host is not None and on_host.ips == lease.ips
                    on_host = None
                case Forget(lease):
                    assert on_host is None
        machine = run.machine
        assert machine.is_held == (on_host is not None)
        assert machine.lease == on_host or not machine.is_held
        assert machine.state not in HELD or machine.is_held
        if on_host is not None:
            assert machine.due_s <= max(on_host.ends_s, run.now_s + 1)
        if machine.state not in (State.OFF, State.IDLE, State.BOUND, State.INFORMED):
            assert machine.due_s < math.inf


@settings(max_examples=30, deadline=None)
@given(st.lists(ANSWERS, min_size=1, max_size=3), st.booleans())
def test_whatever_servers_say_no_more_than_twenty_messages_leave_in_twenty_seconds(
    answers: list[dict[str, object]], every_address_is_taken: bool
) -> None:
    """Section 14.1, with servers that answer every question at once, and somebody who has every address."""
    run = Run()
    run.tell(Want(Wanted.ADDRESSES))
    run.tell(Ready(True))
    for turn in range(25):
        happen(run, "wait")
        for each in answers[turn % len(answers) :] + answers[: turn % len(answers)]:
            happen(run, each)
        if every_address_is_taken and run.machine.lease:
            for ip in run.machine.lease.ips:
                run.tell(Duplicate(ip))
    times = run.sent_at_s
    assert all(later - first >= 20 for first, later in zip(times, times[20:], strict=False))
