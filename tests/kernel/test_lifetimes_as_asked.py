"""Static addresses that are there for a while, asked for in nmstate's form, on a real kernel."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from nncp_agent import api
from nncp_agent.errors import InvalidPolicy
from tests.kernel.asked import Asked, State

pytestmark = pytest.mark.needs_kernel("dummy", "ipv6")
FOUR, SIX = "192.0.2.1", "2001:db8::1"


def dummy(valid: Any = None, preferred: Any = None, **stack: Any) -> State:
    """d0 with an address of each family, for so long."""
    times = {"valid-life-time": valid, "preferred-life-time": preferred}
    said = {key: each for key, each in times.items() if each is not None}
    return {
        "name": "d0",
        "type": "dummy",
        "ipv4": {"enabled": True, "address": [{"ip": FOUR, "prefix-length": 24, **said}], **stack},
        "ipv6": {"enabled": True, "address": [{"ip": SIX, "prefix-length": 64, **said}], **stack},
    }


def left(ip: str) -> tuple[int, int]:
    """Seconds that the kernel keeps the address and prefers it; 2**32 - 1 is for ever."""
    told = json.loads(subprocess.run(["ip", "-j", "address"], capture_output=True, text=True, check=True).stdout)
    found = [each for link in told for each in link["addr_info"] if each.get("local") == ip]
    return (found[0]["valid_life_time"], found[0]["preferred_life_time"]) if found else (0, 0)


def near(seconds: int) -> range:
    """What is left of it in a test that may take long."""
    return range(seconds - 300, seconds + 1)


def change(ip: str, *words: str) -> None:
    subprocess.run(["ip", "address", "change", ip, "dev", "d0", *words], check=True)


FOREVER = 2**32 - 1


@pytest.fixture
def host(netns: str, tmp_path: Path) -> Asked:
    return Asked(tmp_path / "state")


def test_addresses_come_for_a_while_are_shown_so_and_a_running_lifetime_is_no_difference(host: Asked) -> None:
    host.apply(dummy("3600sec", "1800sec"))
    for ip in (FOUR, SIX):
        valid, preferred = left(ip)
        assert valid in near(3600) and preferred in near(1800)
    shown = host.show("d0")
    for address in (shown["ipv4"]["address"][0], shown["ipv6"]["address"][0]):
        assert int(address["valid-life-time"].removesuffix("sec")) in near(3600)
        assert int(address["preferred-life-time"].removesuffix("sec")) in near(1800)
    assert host.plan(dummy("3600sec", "1800sec")) == []
    assert host.plan(shown) == []
    assert host.plan(dummy("60sec", "30sec")) == []  # a document of an hour ago takes nothing from a lease


@pytest.mark.parametrize("valid", [3600, "3600", "3600sec"])
def test_who_says_one_lifetime_means_both(host: Asked, valid: Any) -> None:
    host.apply(dummy(valid))
    assert all(each in near(3600) for ip in (FOUR, SIX) for each in left(ip))


def test_a_longer_lifetime_renews_and_none_is_for_good(host: Asked) -> None:
    host.apply(dummy("3600sec"))
    assert host.plan(dummy("7200sec")) == [
        f"set address {FOUR}/24 on d0 for 7200 s",
        f"set address {SIX}/64 on d0 for 7200 s",
    ]
    host.apply(dummy("7200sec"))
    assert left(FOUR)[0] in near(7200) and left(SIX)[0] in near(7200)
    host.becomes(dummy())
    assert left(FOUR) == left(SIX) == (FOREVER, FOREVER)
    host.apply(dummy("600sec"))
    assert left(FOUR)[0] in near(600) and left(SIX)[0] in near(600)


def test_rollback_puts_back_what_was_left(host: Asked) -> None:
    host.apply(dummy("7200sec", "600sec"))
    for asked in (dummy("9000sec"), dummy(), {"name": "d0", "state": "absent"}):
        host.apply(asked, commit=False)
        host.rollback()
        for ip in (FOUR, SIX):
            assert left(ip)[0] in near(7200) and left(ip)[1] in near(600)
    assert host.plan(dummy("7200sec", "600sec")) == []


def test_undo_leaves_alone_what_somebody_renewed_beside_it(host: Asked) -> None:
    host.apply(dummy("3600sec"))
    host.apply(dummy("3600sec") | {"mtu": 1400}, commit=False)
    change(f"{FOUR}/24", "valid_lft", "9000", "preferred_lft", "9000")
    host.rollback()
    assert left(FOUR)[0] in near(9000)


def test_an_address_for_a_while_goes_with_the_policy_and_a_foreign_one_stays(host: Asked) -> None:
    host.apply(dummy("3600sec"))
    subprocess.run(
        ["ip", "address", "add", "192.0.2.99/24", "dev", "d0", "valid_lft", "900", "preferred_lft", "9"], check=True
    )
    host.apply({"name": "d0", "ipv4": {"enabled": True, "address": [{"ip": "192.0.2.2", "prefix-length": 24}]}})
    assert [each["ip"] for each in host.show("d0")["ipv4"]["address"]] == ["192.0.2.2", "192.0.2.99"]


def test_an_address_that_is_not_preferred_is_shown_and_stays_so_until_somebody_says_otherwise(host: Asked) -> None:
    host.apply(dummy())
    change(f"{SIX}/64", "preferred_lft", "0")
    shown = host.show("d0")
    assert shown["ipv6"]["address"][0] == {"ip": SIX, "prefix-length": 64, "preferred-life-time": "0sec"}
    assert host.plan(shown) == host.plan(dummy()) == []
    host.apply(dummy("forever", "forever"))
    assert left(SIX) == (FOREVER, FOREVER)
    host.apply(dummy(None, "0sec"))
    assert left(SIX) == (FOREVER, 0)


def test_where_the_network_gives_addresses_those_that_expire_are_its_own(host: Asked) -> None:
    asked = dummy("3600sec") | {"ipv4": {"enabled": False}}
    asked["ipv6"]["autoconf"] = True
    host.apply(asked)
    assert left(SIX) == (0, 0)


def test_at_boot_an_address_for_a_while_is_over_and_one_that_is_there_stays(host: Asked) -> None:
    from netkernel.kernel import LinuxKernel
    from nncp_agent.restore import restore
    from nncp_agent.store import Store

    host.apply(dummy("3600sec"))
    with LinuxKernel() as kernel:
        assert restore(Store(host.state_dir), kernel).failures == ()
        assert left(SIX)[0] in near(3600)
        subprocess.run(["ip", "link", "delete", "d0"], check=True)
        assert restore(Store(host.state_dir), kernel).failures == ()
    assert host.show("d0")["state"] == "up"
    assert left(FOUR) == left(SIX) == (0, 0)


@pytest.mark.parametrize(
    ("valid", "preferred", "path"),
    [("tomorrow", None, "valid"), ("-5", None, "valid"), ("9sec", "10sec", "preferred"), (2**32, None, "valid")],
)
def test_lifetimes_that_cannot_be_are_refused(host: Asked, valid: Any, preferred: Any, path: str) -> None:
    with pytest.raises(InvalidPolicy) as refused:
        host.plan(dummy(valid, preferred))
    assert {f"d0: ipv4.address[0].{path}-life-time", f"d0: ipv6.address[0].{path}-life-time"} == {
        each.path for each in refused.value.problems
    }


def test_two_shown_states_do_not_differ_in_what_is_left(host: Asked) -> None:
    host.apply(dummy("3600sec"))
    first = api.show(state_dir=host.state_dir)
    change(f"{FOUR}/24", "valid_lft", "1000", "preferred_lft", "1000")
    assert api.differences(api.show(state_dir=host.state_dir), first) == {}
