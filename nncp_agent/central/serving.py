"""The pages on which the writer is asked by API servers: webhooks."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from nncp_agent.central import admission
from nncp_agent.central.admission import Networks
from nncp_agent.metrics.serving import Answer, Page


def webhooks(networks: Networks, now_ns: Callable[[], int] = time.time_ns) -> dict[str, Page]:
    """/validate-policy, /mutate-policy and /mutate-pod."""
    return {
        "/validate-policy": _reviewed(admission.validate),
        "/mutate-policy": _reviewed(lambda review: admission.stamp(review, now_ns())),
        "/mutate-pod": _reviewed(lambda review: admission.inject(review, networks)),
    }


def _reviewed(answer: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> Page:
    def page(body: bytes) -> Answer:
        try:
            review = json.loads(body)
        except ValueError:
            review = None
        if not isinstance(review, dict) or not isinstance(review.get("request") or {}, dict):
            return 400, "text/plain", "wanted an AdmissionReview\n"
        return 200, "application/json", json.dumps(answer(review))

    return page
