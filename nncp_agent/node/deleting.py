"""Deleted policies: nothing, what they made goes, or what was before comes back; checked and guarded as any apply."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

from netkernel import ethtool
from netkernel.errors import NetworkError
from netkernel.files import MANAGERS
from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.transaction import Kernel
from nncp_agent import back
from nncp_agent.apply import apply, perform
from nncp_agent.change import Change
from nncp_agent.errors import Busy, StoreBroken
from nncp_agent.model import NetworkState
from nncp_agent.node import deletion, ways
from nncp_agent.node.doors import ThisNode
from nncp_agent.node.holds import COMMAND
from nncp_agent.node.memory import Record, Remembering
from nncp_agent.node.telling import Telling
from nncp_agent.objects import conditions as rows
from nncp_agent.objects.enactment import Told
from nncp_agent.objects.policy import Policy
from nncp_agent.objects.selectors import matches
from nncp_agent.options import Options
from nncp_agent.store import Store

log = logging.getLogger(__name__)

_DONE: Final = {"Remove": "Removed", "Restore": "Restored"}


class Deleting:
    """One at a time, each tried once; what goes wrong is told, and the host is as it was then."""

    def __init__(self, kernel: Kernel, store: Store, options: Options, memory: Remembering, telling: Telling) -> None:
        self._kernel = kernel
        self._store = store
        self._options = options
        self._memory = memory
        self._telling = telling

    def one(self, policies: Sequence[Policy], mine: Sequence[Policy], node: ThisNode) -> bool:
        """Deal with one deleted policy; whether there was one. Raises Busy, StoreBroken."""
        known = {each.name: each for each in policies}
        going = {name: each for name, each in known.items() if each.deleting}
        names = {each.name for each in mine}
        for name, record in self._memory.now.policies.items():
            if name in names or (name in known and name not in going) or record.outcome == "gone":
                if record.outcome == "gone" and name not in known:
                    self._forget(name)
                continue
            if record.left:
                self._forget(name)
                return True
            return self._deal(name, record, going.get(name), mine, node)
        for name, policy in going.items():  # never applied here, and whoever waits for us wants to hear it
            is_ours = matches(policy, node.name, node.labels)
            if is_ours and name not in self._memory.now.policies and policy.deletion_policy in _DONE:
                self._memory.keep(self._memory.now.having({name: Record(outcome="gone")}))
                self._tell(policy, Told(row=rows.AVAILABLE, deletion=_DONE[policy.deletion_policy]), node)
                return True
        return False

    def _deal(self, name: str, record: Record, policy: Policy | None, mine: Sequence[Policy], node: ThisNode) -> bool:
        wanted = policy.deletion_policy if policy is not None else record.deletion
        told = Told(row=rows.AVAILABLE, deletion=_DONE.get(wanted, ""))
        if wanted in _DONE and record.asked:
            try:
                self._undo(name, record, wanted, [self._memory.now.of(each.name) for each in mine])
            except (Busy, StoreBroken):
                raise  # to be tried again
            except NetworkError as error:
                words = f"deleted, and what it made stays: {error}"
                log.error("%s: %s", name, words)
                self._telling.event(name, "Warning", "DeletionFailed", words)
                told = Told(row=rows.FAILED, message=words)
            else:
                self._telling.event(name, "Normal", _DONE[wanted], f"what the policy did is {_DONE[wanted].lower()}")
        if policy is None:
            self._forget(name)
        else:
            self._memory.keep(self._memory.now.having({name: Record(outcome="gone")}))
            ways.forget(self._store, name)
            self._tell(policy, told, node)
        return True

    def _undo(self, name: str, record: Record, wanted: str, others: Sequence[Record]) -> None:
        trees = [each.asked for each in others if each.asked]
        options = replace(self._options, command=f"{COMMAND} ({name} was deleted)", policies=(name,))
        if wanted == "Remove":
            state = deletion.removal(record, trees, self._kernel.snapshot())
            apply(state, self._kernel, self._store, options=options)
            return
        found = ways.all_of(self._store, name)
        following = deletion.without(self._store.committed(), record, trees)

        def planned(before: Host, committed: NetworkState, options: Options) -> Change:
            return back.by(found, before, following)

        perform(planned, lambda _: (*ethtool.PARTS, MANAGERS), self._kernel, self._store, options)

    def _forget(self, name: str) -> None:
        self._memory.keep(self._memory.now.without(name))
        ways.forget(self._store, name)
        self._telling.forget(name)

    def _tell(self, policy: Policy, told: Told, node: ThisNode) -> None:
        self._telling.tell(policy, told, node)
