"""NMState objects: the oldest counts, what means something is honoured, and the rest is told."""

from __future__ import annotations

from typing import Any

from nncp_agent.objects.conditions import leading
from nncp_agent.objects.nmstate import HONOURED, SPEC, WITHOUT_MEANING, checks_of, settings, statuses
from nncp_agent.objects.policy import Check

NOW = "2026-01-02T03:04:05Z"


def an_nmstate(name: str, created: str, **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "creationTimestamp": created}, "spec": spec}


def test_the_oldest_counts_and_the_others_say_so() -> None:
    old, young = an_nmstate("z", "2026-01-01T00:00:00Z", logLevel="debug"), an_nmstate("a", "2026-01-02T00:00:00Z")
    assert settings([young, old]).log_level == "debug" and settings([]).log_level == ""
    told = statuses([young, old], NOW)
    assert leading(told["z"]["conditions"]) == "Available" and leading(told["a"]["conditions"]) == "Ignored"
    assert "NMState z is older" in told["a"]["conditions"][0]["message"]


def test_the_host_of_the_dns_probe_is_honoured_unless_our_own_word_says_otherwise() -> None:
    probe = {"dns": {"host": "example.org"}}
    assert settings([an_nmstate("a", "1", probeConfiguration=probe)]).checks == {"dns": Check(target="example.org")}
    own = {"dns": {"target": "other.example", "timeoutSeconds": 5}, "gateway": {"enabled": False}}
    found = settings([an_nmstate("a", "1", probeConfiguration=probe, checks=own)]).checks
    assert found == {"dns": Check(None, "other.example", 5), "gateway": Check(enabled=False)}


def test_a_policy_says_it_before_the_cluster() -> None:
    cluster = {"dns": Check(False, "a", 5), "gateway": Check(timeout_s=9)}
    found = checks_of({"dns": Check(enabled=True), "apiServer": Check(target="x")}, cluster)
    assert found == {"dns": Check(True, "a", 5), "gateway": Check(timeout_s=9), "apiServer": Check(target="x")}


def test_what_means_nothing_here_is_listed_last() -> None:
    told = statuses([an_nmstate("a", "1", tolerations=[{}], affinity={}, logLevel="info")], NOW)["a"]["conditions"]
    assert leading(told) == "Available" and told[-1]["type"] == "PartlyIgnored"
    assert told[-1]["message"].startswith("affinity, tolerations: without meaning here")
    assert [each["type"] for each in statuses([an_nmstate("a", "1")], NOW)["a"]["conditions"]] == [
        "Available", "Degraded", "Progressing",
    ]  # fmt: skip


def test_every_field_either_means_something_or_is_listed() -> None:
    assert SPEC["properties"].keys() == {*HONOURED, *WITHOUT_MEANING}
