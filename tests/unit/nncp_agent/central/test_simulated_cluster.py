"""Rollouts in a cluster in memory, by chance: late watches, dying daemons, refused writes, new writers."""

from __future__ import annotations

import random

import pytest

from nncp_agent.kube.resources import ENACTMENTS, LEASES, NODES, POLICIES
from nncp_agent.objects import conditions as c
from nncp_agent.objects.enactment import row_of
from nncp_agent.objects.rollout import limit
from nncp_agent.objects.slots import read
from tests.unit.nncp_agent.central.cluster import Cluster

WALKS = range(12)


def rows(cluster: Cluster) -> list[str]:
    return [row_of(cluster.said(each), cluster.generation).name for each in cluster.daemons]


def slots_of(cluster: Cluster) -> list[str]:
    return [name for name, lease in cluster.server.all(LEASES).items() if read(lease) is not None]


def shown(cluster: Cluster) -> str:
    return c.leading(cluster.server.all(POLICIES)["bond1"].get("status", {}).get("conditions", ()))


@pytest.mark.parametrize("seed", WALKS)
def test_never_more_nodes_are_unavailable_than_allowed_whatever_happens(seed: int) -> None:
    chance = random.Random(seed)
    cluster = Cluster(
        chance, count=chance.randint(1, 12), max_unavailable=chance.choice([1, 2, "10%", "50%"]),
        fails=chance.choice([0.0, 0.2]), dies=chance.choice([0.0, 0.05]), refuses=chance.choice([0.0, 0.3]),
    )  # fmt: skip
    for _ in range(400):
        cluster.step()
        if chance.random() < 0.02:
            cluster.start_writer()
        if chance.random() < 0.01:
            cluster.edit()
        if chance.random() < 0.02:
            chance.choice(cluster.watches).list_anew()
        assert len(cluster.unavailable()) <= cluster.allowed()
    cluster.settle(120)
    assert set(rows(cluster)) <= {"Available", "Failed", "Aborted"}, "somebody starves"
    assert not slots_of(cluster), "ghost slots"
    assert shown(cluster) == ("Available" if set(rows(cluster)) == {"Available"} else "Degraded")


@pytest.mark.parametrize("seed", range(4))
def test_without_failures_everybody_is_served_and_the_status_only_grows(seed: int) -> None:
    cluster = Cluster(random.Random(seed), count=20, max_unavailable="10%")
    while "Available" not in {c.leading(each["conditions"]) for each in cluster.statuses[-1:]}:
        cluster.step()
        assert len(cluster.unavailable()) <= 2
        assert cluster.now_s < 10_000
    assert rows(cluster) == ["Available"] * 20
    told = [(each["observedGeneration"], each["nodes"]["finished"]) for each in cluster.statuses]
    assert told == sorted(told) and told[-1] == (1, 20)
    assert [c.leading(each["conditions"]) for each in cluster.statuses] == [
        *["Progressing"] * (len(cluster.statuses) - 1), "Available",
    ]  # fmt: skip


def test_two_hundred_nodes_are_rolled_out_with_few_writes_of_the_status() -> None:
    cluster = Cluster(random.Random(1), count=200, max_unavailable="10%")
    turns = 0
    while shown(cluster) != "Available":
        turns += 1
        cluster.now_s += 0.25
        for watch in cluster.watches:
            watch.arrive(10**6)
        for daemon in cluster.daemons:
            cluster.live(daemon)
        cluster.write()
        assert len(cluster.unavailable()) <= 20
        assert turns < 100
    assert rows(cluster) == ["Available"] * 200
    writes = cluster.server.writes
    assert writes.count("create leases") == 200 == writes.count("delete leases")
    assert writes.count("patch nodenetworkconfigurationpolicies/status") <= 22


def test_as_many_failures_as_allowed_abort_the_rest_and_an_edit_heals() -> None:
    cluster = Cluster(random.Random(2), count=10, max_unavailable=2, fails=1.0)
    cluster.settle(40)
    assert sorted(rows(cluster)) == ["Aborted"] * 8 + ["Failed"] * 2 and shown(cluster) == "Degraded"
    cluster.fails = 0.0
    cluster.edit()
    cluster.settle(60)
    assert rows(cluster) == ["Available"] * 10 and shown(cluster) == "Available"
    assert cluster.statuses[-1]["observedGeneration"] == 2


def test_a_failure_is_told_at_the_writers_next_look() -> None:
    cluster = Cluster(random.Random(3), count=4, max_unavailable=1)
    cluster.settle(2)
    cluster.say(cluster.daemons[0], c.FAILED)
    for watch in cluster.watches:
        watch.arrive(10**6)
    cluster.write()
    assert shown(cluster) == "Degraded"


def test_a_node_that_dies_at_work_counts_as_failed_until_it_is_back() -> None:
    cluster = Cluster(random.Random(4), count=3, max_unavailable=1)
    victim = cluster.daemons[0]
    while not victim.works_on:
        cluster.settle(1)
        if not victim.works_on and row_of(cluster.said(victim), 1) in c.FINAL:
            cluster.edit()
    victim.alive = False
    generation = cluster.generation
    for _ in range(50):
        cluster.now_s += 1.0
        for watch in cluster.watches:
            watch.arrive(10**6)
        for daemon in cluster.daemons[1:]:
            cluster.live(daemon)
        cluster.write()
    assert shown(cluster) == "Degraded" and set(rows(cluster)[1:]) <= {"Aborted", "Available"}
    victim.alive, victim.works_on = True, 0
    cluster.settle(60)
    assert rows(cluster)[0] == "Available" and not slots_of(cluster) and cluster.generation == generation


def test_a_deleted_nodes_and_policys_enactments_go_and_the_status_counts_anew() -> None:
    cluster = Cluster(random.Random(5), count=3, max_unavailable=3)
    cluster.settle(30)
    gone = cluster.daemons.pop()
    cluster.count -= 1
    cluster.server.drop(NODES, gone.name)
    cluster.settle(40)
    assert f"{gone.name}.bond1" not in cluster.server.all(ENACTMENTS)
    assert "1/2" not in str(cluster.statuses[-1]) and cluster.statuses[-1]["nodes"]["matching"] == 2
    assert f"nncp-node.{gone.name}" not in cluster.server.all(LEASES), "its sign of life"
    cluster.server.drop(POLICIES, "bond1")
    for _ in range(6):
        cluster.now_s += 1.0
        for watch in cluster.watches:
            watch.arrive(10**6)
        cluster.write()
    assert not cluster.server.all(ENACTMENTS)


def test_the_limits_of_the_simulation_are_those_of_the_writer() -> None:
    assert Cluster(random.Random(0), count=5, max_unavailable="50%").allowed() == limit("50%", 5) == 3
