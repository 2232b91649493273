"""Whether this node still reaches its API server, asked by a client that knows nothing of connections from before."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

from nncp_agent.kube.access import Access
from nncp_agent.kube.client import Api
from nncp_agent.kube.errors import ApiError, NoAccess
from nncp_agent.kube.resources import NAMESPACES

ANSWER_S: Final = 5.0
AGAIN_S: Final = 0.5
ASKED: Final = "default"
"""A namespace that every cluster has, and that kubernetes-nmstate asks for as well."""


class ApiServer:
    """Implements `nncp_agent.checks.base.Check`."""

    def __init__(self, access: Access, clock: Callable[[], float] = time.monotonic) -> None:
        self._access = access
        self._clock = clock

    def describe(self) -> str:
        return "API server"

    def try_once(self, timeout_s: float) -> bool:
        deadline, never = self._clock() + timeout_s, threading.Event()
        while (left_s := deadline - self._clock()) > 0:
            if self._answers(min(left_s, ANSWER_S)):
                return True
            never.wait(min(AGAIN_S, max(deadline - self._clock(), 0.0)))
        return False

    def _answers(self, within_s: float) -> bool:
        api = Api(self._access, answer_s=within_s)
        try:
            api.get(NAMESPACES, ASKED)
        except (ApiError, NoAccess):
            return False
        finally:
            api.close()
        return True
