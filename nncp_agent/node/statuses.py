"""Policies with their status, as files: `policies/<name>.yaml`, in the maths of a cluster that has one node."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nncp_agent.node.doors import ThisNode
from nncp_agent.node.sink import POLICIES, Folder
from nncp_agent.objects import policy_status
from nncp_agent.objects.members import Member
from nncp_agent.objects.policy import Policy


class FileStatuses:
    """Implements `Statuses` below a run directory."""

    def __init__(self, run: str | os.PathLike[str], now: Callable[[], float] = time.time) -> None:
        self._folder = Folder(Path(run) / POLICIES)
        self._known = self._folder.all()
        self._now = now

    def tell(self, policies: Sequence[Policy], node: ThisNode, enactments: Mapping[str, Mapping[str, Any]]) -> None:
        """What is so of each, where that is news; those that are no more have no file."""
        now = datetime.fromtimestamp(self._now(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        member = Member(node.name, labels=node.labels, is_ready=True)
        for policy in policies:
            old = self._known.get(policy.name) or {}
            its = {node.name: enactments[policy.name]} if policy.name in enactments else {}
            status = policy_status.status(policy_status.summary(policy, [member], its), now, old.get("status"))
            if policy_status.says_the_same(old.get("status"), status) and _spec(old) == _spec(policy.source):
                continue
            self._known = {**self._known, policy.name: {**policy.source, "status": status}}
            self._folder.put(policy.name, self._known[policy.name])
        names = {each.name for each in policies}
        for name in self._known.keys() - names:
            self._folder.drop(name)
        self._known = {name: each for name, each in self._known.items() if name in names}


def _spec(source: Mapping[str, Any]) -> Any:
    return source.get("spec")
