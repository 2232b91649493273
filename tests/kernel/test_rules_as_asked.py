"""Routing rules asked for in nmstate's form, on a real kernel: what is asked is shown, and what is absent is gone."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from netkernel.errors import KernelRefused
from netkernel.kernel import LinuxKernel
from netkernel.ops import AddRule, DeleteRule
from netkernel.reconcile import reconcile
from netkernel.records import Rule
from nncp_agent import api
from tests.kernel.asked import State

pytestmark = pytest.mark.needs_kernel("ipv6")

FROM = Rule(4, 100, table=5, source="192.0.2.0/24", protocol=4)
ANY = Rule(4, 100, table=5, protocol=4)


@pytest.fixture
def kept(netns: str, tmp_path: Path) -> Path:
    return tmp_path / "state"


def ask(kept: Path, *rules: State, **options: Any) -> api.Outcome:
    return api.apply(document(*rules), checks=None, state_dir=kept, **options)


def document(*rules: State) -> State:
    return {"route-rules": {"config": list(rules)}}


def shown(kept: Path) -> list[State]:
    listed = api.show(state_dir=kept)["route-rules"]["config"]
    assert isinstance(listed, list)
    return listed


def iproute(family: int) -> str:
    run = subprocess.run(["ip", f"-{family}", "rule", "show"], check=True, capture_output=True, text=True)
    return run.stdout


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"ip-from": "192.0.2.0/24", "route-table": 500}, "from 192.0.2.0/24 lookup 500"),
        ({"ip-to": "2001:db8::/64", "route-table": 70000, "priority": 7}, "7:\tfrom all to 2001:db8::/64 lookup 70000"),
        ({"family": "ipv4", "fwmark": "0x20", "fwmask": "0xff"}, "fwmark 0x20/0xff lookup main"),
        ({"family": "ipv6", "fwmark": "0x20"}, "fwmark 0x20 lookup main"),
        ({"family": "ipv4", "iif": "nowhere", "route-table": 5}, "iif nowhere [detached] lookup 5"),
        ({"ip-from": "192.0.2.7/32", "action": "blackhole"}, "from 192.0.2.7 blackhole"),
        ({"ip-from": "192.0.2.7/32", "action": "unreachable"}, "from 192.0.2.7 unreachable"),
        ({"ip-from": "2001:db8::7/128", "action": "prohibit"}, "from 2001:db8::7 prohibit"),
        ({"family": "ipv4", "suppress-prefix-length": 0}, "lookup main suppress_prefixlength 0"),
        ({"family": "ipv4", "priority": 0, "route-table": 5}, "0:\tfrom all lookup 5"),
    ],
)
def test_whatever_a_rule_says_is_shown_again_and_taken_away_again(kept: Path, asked: State, words: str) -> None:
    ask(kept, asked)
    (rule,) = shown(kept)
    assert asked.items() <= rule.items()
    assert words in iproute(4) + iproute(6)
    assert api.plan(document(asked), state_dir=kept) == []
    assert api.plan(api.show(state_dir=kept), state_dir=kept) == []
    ask(kept, {**asked, "state": "absent"})
    assert shown(kept) == []


def test_the_kernels_own_rules_survive_a_wildcard(kept: Path) -> None:
    before = iproute(4), iproute(6)
    subprocess.run(["ip", "rule", "add", "from", "192.0.2.1", "table", "9"], check=True)
    ask(kept, {"state": "absent"})
    assert (iproute(4), iproute(6)) == before


def test_a_change_on_trial_goes_back(kept: Path) -> None:
    subprocess.run(["ip", "rule", "add", "from", "192.0.2.0/24", "table", "9", "priority", "50"], check=True)
    subprocess.run(["ip", "rule", "add", "from", "198.51.100.0/24", "table", "9", "priority", "50"], check=True)
    before = iproute(4)
    ask(kept, {"ip-from": "192.0.2.0/24", "priority": 50, "state": "absent"}, {"family": "ipv4"}, commit=False)
    assert "192.0.2.0" not in iproute(4)
    assert api.rollback(state_dir=kept) == ()
    assert iproute(4) == before


def test_history_takes_rules_back(kept: Path) -> None:
    before = iproute(4)
    ask(kept, {"ip-from": "192.0.2.0/24", "route-table": 5})
    api.go_back(0, checks=None, state_dir=kept)
    assert iproute(4) == before


def test_the_kernel_takes_like_rules_for_one_another_as_foretold(netns: str) -> None:
    with LinuxKernel() as kernel:
        kernel.execute([AddRule(FROM)])
        with pytest.raises(KernelRefused):
            kernel.execute([AddRule(ANY)])
        kernel.execute([AddRule(ANY, beside=True)])
        kernel.execute([DeleteRule(ANY)])
        assert ours(kernel) == [ANY]
        before = kernel.snapshot()
        kernel.execute([AddRule(FROM), AddRule(Rule(4, 100, table=6, protocol=4))])
        after = kernel.snapshot()
        kernel.execute(reconcile(after, before, exact=True))
        assert ours(kernel) == [ANY]
        kernel.execute(reconcile(before, after, exact=True))
        assert kernel.snapshot().rules == after.rules


def ours(kernel: LinuxKernel) -> list[Rule]:
    return [rule for rule in kernel.snapshot().rules if rule.priority == 100]
