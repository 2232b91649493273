"""The writer's doors: certificates that clients believe, webhooks over TLS, and health in plain words."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from nncp_agent.central.certificates import LIFE, RENEWED_BEFORE, Pair, is_good, made, trusted
from nncp_agent.central.serving import webhooks
from nncp_agent.metrics.serving import Doors, health

NAMES = ["nncp-webhooks.nncp-agent.svc", "localhost"]
NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def pair() -> Pair:
    return made(NAMES, NOW)


@pytest.fixture
def doors(pair: Pair) -> Iterator[Doors]:
    serving = Doors("webhooks", ("127.0.0.1", 0), webhooks(lambda *_: None, lambda: 17), tls=True)
    serving.use(pair)
    serving.start()
    yield serving
    serving.stop()


def asked(doors: Doors, path: str, body: bytes, bundle: str) -> tuple[int, Any]:
    context = ssl.create_default_context(cadata=bundle)
    connection = http.client.HTTPSConnection("localhost", doors.port, context=context, timeout=30)
    try:
        connection.request("POST", path, body)
        answer = connection.getresponse()
        text = answer.read().decode()
        return answer.status, json.loads(text) if text.startswith("{") else text
    finally:
        connection.close()


def test_a_review_is_answered_to_who_trusts_the_certificate(doors: Doors, pair: Pair) -> None:
    policy = {"kind": "NodeNetworkConfigurationPolicy", "spec": {}}
    review = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {"uid": "7", "object": policy}}
    status, answer = asked(doors, "/validate-policy", json.dumps(review).encode(), pair.certificate)
    assert status == 200 and answer["response"]["uid"] == "7" and not answer["response"]["allowed"]
    status, answer = asked(doors, "/mutate-policy", json.dumps(review).encode(), pair.certificate)
    assert status == 200 and answer["response"]["patchType"] == "JSONPatch"


def test_nonsense_gets_an_error_and_the_server_goes_on(doors: Doors, pair: Pair) -> None:
    assert asked(doors, "/validate-policy", b"{", pair.certificate)[0] == 400
    assert asked(doors, "/validate-policy", b'{"request": 7}', pair.certificate)[0] == 400
    assert asked(doors, "/elsewhere", b"", pair.certificate)[0] == 404
    with socket.create_connection(("127.0.0.1", doors.port), 30) as plain, suppress(ConnectionError):
        plain.sendall(b"GET / HTTP/1.0\r\n\r\n")
        plain.recv(100)
    assert asked(doors, "/validate-policy", b"{}", pair.certificate)[0] == 200


def test_a_new_certificate_is_served_at_once_and_believed_beside_the_old_one(doors: Doors, pair: Pair) -> None:
    newer = made(NAMES, NOW)
    both = trusted(newer.certificate, pair.certificate, NOW)
    assert asked(doors, "/validate-policy", b"{}", both)[0] == 200
    doors.use(newer)
    assert asked(doors, "/validate-policy", b"{}", both)[0] == 200
    with pytest.raises(ssl.SSLCertVerificationError):
        asked(doors, "/validate-policy", b"{}", pair.certificate)


def test_a_certificate_is_good_for_its_names_and_its_time(pair: Pair) -> None:
    assert is_good(pair, NAMES, NOW) and is_good(pair, NAMES[:1], NOW + LIFE - RENEWED_BEFORE - timedelta(days=1))
    assert not is_good(pair, NAMES, NOW + LIFE - RENEWED_BEFORE + timedelta(days=1))
    assert not is_good(pair, ["other.svc"], NOW)
    assert not is_good(Pair(pair.certificate, made(NAMES, NOW).key), NAMES, NOW), "another one's key"
    assert not is_good(Pair("", ""), NAMES, NOW) and not is_good(Pair("x", pair.key), NAMES, NOW)


def test_only_one_older_certificate_is_trusted_and_none_that_has_ended(pair: Pair) -> None:
    bundle = pair.certificate
    for _ in range(3):
        bundle = trusted(made(NAMES, NOW).certificate, bundle, NOW)
    assert bundle.count("BEGIN CERTIFICATE") == 2
    ended = made(NAMES, NOW - LIFE - timedelta(days=1))
    assert trusted(pair.certificate, ended.certificate, NOW).count("BEGIN CERTIFICATE") == 1
    assert trusted(pair.certificate, "nonsense", NOW) == pair.certificate


def test_health_says_what_is_so() -> None:
    ready = [False]
    serving = Doors("health", ("127.0.0.1", 0), health(lambda: ready[0], lambda: True, lambda: "a 1\n"))
    serving.start()
    try:

        def got(path: str) -> tuple[int, str]:
            connection = http.client.HTTPConnection("127.0.0.1", serving.port, timeout=30)
            with closing(connection):
                connection.request("GET", path)
                answer = connection.getresponse()
                return answer.status, answer.read().decode()

        assert got("/readyz") == (503, "not yet\n") and got("/healthz") == (200, "ok\n")
        ready[0] = True
        assert got("/readyz")[0] == 200 and got("/metrics?x=1") == (200, "a 1\n") and got("/")[0] == 404
    finally:
        serving.stop()
