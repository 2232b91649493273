"""What a node counts: what its parts tell, in the text that Prometheus reads."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.records import Link
from nncp_agent.daemon.counting import PATIENCE_S, CountingPublisher, CountingReports, Liveness, collisions
from nncp_agent.metrics import news
from nncp_agent.metrics.node import NodeMetrics
from nncp_agent.metrics.serving import Doors, health
from nncp_agent.objects import conditions as c
from nncp_agent.objects import node_state
from nncp_agent.objects.enactment import Told, enactment
from nncp_agent.objects.mac_collisions import Collision, Holder, Use
from nncp_agent.objects.node_state import About
from tests.unit.nncp_agent.objects.worlds import NOW, a_policy

ABOUT = About(node="n1")


def says(row: c.Row, **more: Any) -> dict[str, Any]:
    return enactment("n1", "", a_policy(), Told(row=row, **more), NOW)


def read(metrics: NodeMetrics) -> dict[tuple[str, ...], float]:
    """Every sample by its name and the values of its labels, in the order of their names."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(metrics.text())
        for sample in family.samples
    }


class Silent:
    """A sink of enactments that keeps what it was told."""

    def __init__(self, known: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        self.known: dict[str, Mapping[str, Any]] = dict(known or {})
        self.events: list[str] = []

    def enactments(self) -> Mapping[str, Mapping[str, Any]]:
        return self.known

    def tell(self, enactment: dict[str, Any]) -> None:
        self.known["bond1"] = enactment

    def forget(self, policy: str) -> None:
        self.known.pop(policy, None)

    def event(self, policy: str, kind: str, reason: str, message: str) -> None:
        self.events.append(reason)


def test_an_apply_is_counted_once_by_its_phases() -> None:
    metrics = NodeMetrics()
    reports = CountingReports(Silent(), metrics)
    reports.tell(says(c.PROGRESSING))
    applied = says(c.AVAILABLE, timings={"execute": 0.25, "verify": 0.5})
    reports.tell(applied)
    reports.tell(says(c.AVAILABLE, timings={"execute": 0.25, "verify": 0.5}, drifted="mtu", differences=["mtu"]))
    found = read(metrics)
    assert found["nncp_apply_phase_seconds_count", "execute"] == 1
    assert found["nncp_apply_phase_seconds_sum", "verify"] == 0.5
    assert found["nncp_rollbacks_total",] == 0
    assert (found["nncp_enactments", "Available"], found["nncp_enactments", "Drifted"]) == (1, 1)
    assert found["nncp_drift_differences", "bond1"] == 1
    reports.forget("bond1")
    assert ("nncp_drift_differences", "bond1") not in read(metrics)
    assert read(metrics)["nncp_enactments", "Available"] == 0


def test_a_daemon_that_begins_again_counts_nothing_that_was_before_it() -> None:
    before = {"bond1": says(c.AVAILABLE, timings={"execute": 1.0})}
    metrics = NodeMetrics()
    reports = CountingReports(Silent(before), metrics)
    assert read(metrics)["nncp_enactments", "Available"] == 1
    reports.tell(says(c.AVAILABLE, timings={"execute": 1.0}, drifted="mtu"))
    assert ("nncp_apply_phase_seconds_count", "execute") not in read(metrics)


def test_what_a_cluster_says_late_of_an_earlier_process_is_not_counted_either() -> None:
    metrics, sink = NodeMetrics(), Silent()
    reports = CountingReports(sink, metrics)
    sink.known["bond1"] = says(c.AVAILABLE, timings={"execute": 1.0})
    reports.tell(says(c.AVAILABLE, timings={"execute": 1.0}, drifted="mtu"))
    assert ("nncp_apply_phase_seconds_count", "execute") not in read(metrics)


@pytest.mark.parametrize(
    ("before", "row", "message", "rollbacks", "checks"),
    [
        (c.PROGRESSING, c.FAILED, "no longer reachable: ping a, within 5 s; tcp b, within 5 s", 1, 2),
        (c.PROGRESSING, c.RETRYING, "the kernel: busy", 1, 0),
        (c.PENDING, c.FAILED, "bond1: no such thing", 0, 0),
        (c.FAILED, c.FAILED, "no longer reachable: ping a", 0, 0),
        (c.PROGRESSING, c.AVAILABLE, "", 0, 0),
        (None, c.FAILED, "bond1: no such thing", 0, 0),
    ],
)
def test_an_apply_that_was_under_way_and_failed_was_taken_back(
    before: c.Row | None, row: c.Row, message: str, rollbacks: int, checks: int
) -> None:
    found = news.of(says(before) if before else None, says(row, message=message))
    assert (found.rollbacks, found.failed_checks) == (rollbacks, checks)


def test_another_generation_says_nothing_about_this_one() -> None:
    old = enactment("n1", "", replace(a_policy(), generation=1), Told(row=c.PROGRESSING), NOW)
    assert news.of(old, says(c.FAILED)).rollbacks == 0


class Published:
    """A publisher that nothing asks and nothing stops."""

    def __init__(self) -> None:
        self.beats = 0

    def start(self, refresh: object) -> None: ...
    def stop(self) -> None: ...
    def about(self) -> About:
        return ABOUT

    def published(self) -> None:
        return None

    def tell(self, state: object) -> None: ...
    def beat(self) -> None:
        self.beats += 1


def test_how_old_a_state_is_can_be_told_from_how_old_its_last_look_is() -> None:
    now = 100.0
    metrics = NodeMetrics(lambda: now)
    publisher = CountingPublisher(Published(), metrics)
    publisher.tell(node_state.node_state(ABOUT, {"interfaces": []}, NOW))
    now = 130.0
    publisher.beat()
    found = read(metrics)
    assert found["nncp_state_changed_timestamp_seconds",] == 100
    assert found["nncp_state_checked_timestamp_seconds",] == 130
    assert found["nncp_state_failing",] == 0
    publisher.tell(node_state.failing(ABOUT, "no answer", NOW))
    assert read(metrics)["nncp_state_failing",] == 1
    assert read(metrics)["nncp_state_writes_total",] == 2


def test_cut_cables_calls_and_addresses_that_two_have_are_counted() -> None:
    metrics = NodeMetrics()
    CountingPublisher(Published(), metrics).seen(Host(links={"bond1": Link("bond1", "bond", {"up": True})}))
    metrics.called("cnv-bridge", "ADD", 0, 0.004)
    metrics.called("cnv-bridge", "ADD", 11, 0.004)
    metrics.called("cnv-bridge", "anything a client says", 0, 0.004)
    uses = tuple(Use("02:00:00:00:00:01", Holder("Pod", "ns", name), "net1") for name in "ab")
    count = collisions(metrics)
    count([Collision("02:00:00:00:00:01", uses)])
    found = read(metrics)
    assert found["nncp_network_problems",] == 1
    assert found["nncp_cni_seconds_count", "ADD", "cnv-bridge", "ok"] == 1
    assert found["nncp_cni_seconds_count", "ADD", "cnv-bridge", "error"] == 1
    assert found["nncp_cni_seconds_count", "other", "cnv-bridge", "ok"] == 1
    assert found["nncp_mac_collisions", "02:00:00:00:00:01"] == 2
    count([])
    assert ("nncp_mac_collisions", "02:00:00:00:00:01") not in read(metrics)


@given(st.lists(st.sampled_from([*c.ROWS]), max_size=8))
def test_whatever_becomes_of_a_policy_at_most_one_condition_leads(rows: list[c.Row]) -> None:
    metrics = NodeMetrics()
    reports = CountingReports(Silent(), metrics)
    for row in rows:
        reports.tell(says(row))
    found = read(metrics)
    assert found["nncp_enactments", "Available"] == (bool(rows) and rows[-1] is c.AVAILABLE)
    failed = sum(one is c.PROGRESSING and two in (c.FAILED, c.RETRYING) for one, two in pairwise(rows))
    assert found["nncp_rollbacks_total",] == failed


class Going:
    """A part that comes round, or is stuck."""

    name = "going"

    def __init__(self) -> None:
        self.is_stuck = False
        self._looks = 0

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def looks(self) -> int:
        self._looks += not self.is_stuck
        return self._looks


def test_who_asks_over_http_hears_whether_all_parts_come_round() -> None:
    part, ready = Going(), threading.Event()
    metrics = NodeMetrics()
    now = 0.0
    alive = Liveness([part, Going()], lambda: now)
    doors = Doors("health", ("127.0.0.1", 0), health(ready.is_set, alive.is_alive, metrics.text))
    doors.start()

    def asked(path: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", doors.port, timeout=30)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    try:
        assert asked("/healthz")[0] == 200
        assert asked("/readyz")[0] == 503
        ready.set()
        assert asked("/readyz")[0] == 200
        part.is_stuck = True
        now += PATIENCE_S
        assert asked("/healthz")[0] == 200, "it may be about to"
        now += 0.1
        assert asked("/healthz")[0] == 503
        part.is_stuck = False
        assert asked("/healthz")[0] == 200
        assert "nncp_rollbacks_total 0.0" in asked("/metrics")[1]
    finally:
        doors.stop()
