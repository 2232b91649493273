"""Random sets of policies over the model of a kernel: the engine comes to an end, and whatever comes first it is the
same where policies do not contradict each other; once it is at rest it plans nothing."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from nncp_agent.wire import encode
from tests.host_text import read_host
from tests.node_stand import Stand
from tests.policies import policies

NICS = ("eth0", "eth1", "eth2", "eth3")
HOST = "links: {eth0: {}, eth1: {}, eth2: {}, eth3: {}}"
FINAL = ("Available", "Failed", "Pending")


@st.composite
def apart(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Policies each of which has interfaces of its own, over NICs and over each other's: bonds, bridges, VLANs."""
    free = list(draw(st.permutations(NICS)))
    found: list[dict[str, Any]] = []
    bases = []
    for name in ("bond0", "bond1"):
        if len(free) >= 2 and draw(st.booleans()):
            ports = [free.pop(), free.pop()]
            section = {"mode": draw(st.sampled_from(("active-backup", "balance-rr"))), "port": ports}
            mtu = draw(st.sampled_from((1450, 1500)))
            found.append({"name": name, "type": "bond", "state": "up", "mtu": mtu, "link-aggregation": section})
            free.append(name)
    for name, number in (("v5", 5), ("v6", 6)):
        if free and draw(st.booleans()):
            base = draw(st.sampled_from(free))
            found.append({"name": name, "type": "vlan", "state": "up", "vlan": {"base-iface": base, "id": number}})
            bases.append(base)
            free.append(name)
    ports = [name for name in free if name not in bases]
    for name in ("br0", "br1"):
        if ports and draw(st.booleans()):
            bridge = {"options": {"stp": {"enabled": False}}, "port": [{"name": ports.pop()}]}
            found.append({"name": name, "type": "linux-bridge", "state": "up", "bridge": bridge})
    return found


@given(apart(), st.randoms(use_true_random=False), st.lists(st.booleans(), min_size=8, max_size=8))
@settings(max_examples=20)
def test_whatever_comes_first_the_host_is_the_same(
    interfaces: list[dict[str, Any]], order: Any, steps: list[bool]
) -> None:
    shuffled = list(interfaces)
    order.shuffle(shuffled)
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        together, apart = Stand(Path(one), read_host(HOST)), Stand(Path(other), read_host(HOST))
        for each in interfaces:
            together.source.put(each["name"], "", desiredState={"interfaces": [each]})
        together.run()
        for each, runs in zip(shuffled, steps, strict=False):
            apart.source.put(each["name"], "", desiredState={"interfaces": [each]})
            if runs:
                apart.run()
                assert "Failed" not in apart.said.rows.get(each["name"], ())
        apart.run()
        for stand in (together, apart):
            assert {stand.row(each["name"]) for each in interfaces} <= {"Available"}
        names = {each["name"] for each in interfaces} | {*NICS}
        assert _shape(together, names) == _shape(apart, names)
        for stand in (together, apart):
            done = len(stand.kernel.executed)
            stand.restart()
            stand.run()
            assert len(stand.kernel.executed) == done


def _shape(stand: Stand, names: set[str]) -> dict[str, tuple[Any, ...]]:
    """What policies say of links; whose MAC a bond or bridge has depends on which port was first."""
    links = stand.kernel.snapshot().links
    return {
        name: (links[name].kind, links[name].master, links[name].link, links[name].mtu) for name in names & {*links}
    }


@given(sets=st.lists(policies(), min_size=2, max_size=4), edits=st.lists(st.integers(0, 3), max_size=3))
@settings(max_examples=20)
def test_with_any_policies_it_comes_to_rest_and_then_plans_nothing(sets: list[Any], edits: list[int]) -> None:
    with TemporaryDirectory() as directory:
        stand = Stand(Path(directory), read_host(HOST))
        for number, state in enumerate(sets):
            stand.source.put(f"p{number}", "", desiredState=encode(state))
        stand.run()
        for number in edits:
            stand.source.put(f"p{number % len(sets)}", "", desiredState=encode(sets[(number + 1) % len(sets)]))
            stand.run()
        assert {stand.row(f"p{number}") for number in range(len(sets))} <= {*FINAL}
        done, told = len(stand.kernel.executed), dict(stand.said.objects)
        assert stand.run() is None
        stand.restart()
        stand.run()
        assert len(stand.kernel.executed) == done
        assert stand.said.objects == told
