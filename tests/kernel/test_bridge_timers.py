"""Bridge timers against the kernel's clock: it keeps jiffies, and says centiseconds (clock_t_to_jiffies, kernel/time).

At HZ=250, Debian's and Ubuntu's, a jiffy is 4 ms and an odd number of centiseconds reads back one lower; at HZ=100 and
HZ=1000 every one reads back as written. A policy must be taken, verified and found in place on all of them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from netkernel.kernel import LinuxKernel
from netkernel.ops import CreateLink, DeleteLink
from tests.kernel.asked import Asked, State

pytestmark = pytest.mark.needs_kernel("bridge", "veth")

SECONDS: Final = {"hello-time": 3, "forward-delay": 7, "max-age": 11}
INTERVALS: Final = {
    "multicast-last-member-interval": 101,
    "multicast-membership-interval": 26003,
    "multicast-querier-interval": 25505,
    "multicast-query-interval": 12507,
    "multicast-query-response-interval": 1009,
    "multicast-startup-query-interval": 3111,
}
"""Odd centiseconds, each."""


@pytest.fixture
def host(netns: str, tmp_path: Path) -> Asked:
    return Asked(tmp_path)


@pytest.fixture
def rounds(netns: str) -> bool:
    """Whether this kernel's clock ticks beside centiseconds: then a quarter of 125 s is 31.24 s to it."""
    with LinuxKernel() as kernel:
        kernel.execute([CreateLink("clock0", "bridge")])
        found = kernel.snapshot().links["clock0"].attrs["mcast_startup_query_interval"]
        kernel.execute([DeleteLink("clock0", "bridge")])
    assert found in (3124, 3125)
    return found == 3124


def bridge(intervals: dict[str, int], ageing_s: int, seconds: dict[str, int]) -> State:
    options = {**intervals, "mac-ageing-time": ageing_s, "stp": {"enabled": True, **seconds}}
    return {"name": "br0", "type": "linux-bridge", "state": "up", "bridge": {"options": options, "port": []}}


def assert_kept(host: Asked, rounds: bool, asked: State) -> None:
    wanted, found = asked["bridge"]["options"], host.show("br0")["bridge"]["options"]
    kept = {word: wanted[word] - wanted[word] % 2 * rounds for word in INTERVALS}
    assert {word: found[word] for word in INTERVALS} == kept
    assert_kept_seconds(host, asked)


def assert_kept_seconds(host: Asked, asked: State) -> None:
    wanted, found = asked["bridge"]["options"], host.show("br0")["bridge"]["options"]
    assert {word: found["stp"][word] for word in SECONDS} == {word: wanted["stp"][word] for word in SECONDS}
    assert found["mac-ageing-time"] == wanted["mac-ageing-time"]
    assert host.plan(asked) == []


def test_a_bridge_is_made_with_timers_that_the_kernel_rounds(host: Asked, rounds: bool) -> None:
    asked = bridge(INTERVALS, 299, SECONDS)
    host.apply(asked)
    assert_kept(host, rounds, asked)


def test_timers_that_the_kernel_rounds_are_changed_in_place(host: Asked, rounds: bool) -> None:
    host.apply(bridge({}, 300, {}))
    born = host.show("br0")["mac-address"]
    asked = bridge({word: value + 20 for word, value in INTERVALS.items()}, 301, SECONDS | {"hello-time": 1})
    host.apply(asked)
    assert_kept(host, rounds, asked)
    assert host.show("br0")["mac-address"] == born


@pytest.mark.parametrize("seconds", [{"hello-time": 1}, {"forward-delay": 30}, {"max-age": 39}])
def test_each_second_of_spanning_tree_is_kept_exactly(host: Asked, seconds: dict[str, int]) -> None:
    asked = bridge({}, 1, SECONDS | seconds)
    host.apply(asked)
    assert_kept_seconds(host, asked)
