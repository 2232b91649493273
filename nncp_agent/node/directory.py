"""Policies from a directory of manifests, and this node from a file: the source of a node without a cluster.

A file that is being written is no order to remove anything: what cannot be read, or says nothing, counts as it was
before. A policy goes when its file does, or when its file has others and no longer it.
"""

from __future__ import annotations

import logging
import os
import select
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from netkernel import inotify
from netkernel.documents import LARGEST, Unreadable, read
from netkernel.frozen import Frozen, replace
from nncp_agent import node_file
from nncp_agent.errors import InvalidPolicy
from nncp_agent.node.doors import ThisNode
from nncp_agent.node.generations import Generations
from nncp_agent.objects.policy import BY_KEY, Check, Policy, checks_of, name_problem, policies
from nncp_agent.policy.node import Node
from nncp_agent.store import Store
from nncp_agent.wire.report import Report
from nncp_agent.wire.spec import is_fit

log = logging.getLogger(__name__)

POLICIES: Final = "/etc/nncp/policies"
_SUFFIXES: Final = (".yaml", ".yml", ".json")
_NEWS: Final = inotify.CLOSED | inotify.MOVED_FROM | inotify.PLACED | inotify.REMOVED | inotify.GONE
_AGAIN_S: Final = 2.0
"""How often one looks for a directory that is not there."""


class _File(Frozen):
    """A file as it was when it could last be read. `stamp` tells whether it was written since."""

    stamp: tuple[int, ...]
    policies: tuple[Policy, ...] = ()


class Directory:
    """Implements `Source`. `node` is the file that says what this node is, None for the usual one."""

    def __init__(self, directory: str, node: str | None, store: Store) -> None:
        self._directory = Path(directory)
        self._node_file = node
        self._generations = Generations(store)
        self._files: dict[str, _File] = {}
        self._node: ThisNode | None = None
        self._is_there = False
        self._said: set[str] = set()
        self._stale = threading.Event()
        self._stale.set()
        self._end = os.eventfd(0, os.EFD_CLOEXEC)
        self._thread: threading.Thread | None = None

    def start(self, changed: Callable[[], None]) -> None:
        self._thread = threading.Thread(target=self._listen, args=(changed,), daemon=True, name="policies")
        self._thread.start()

    def stop(self) -> None:
        os.eventfd_write(self._end, 1)
        if self._thread is not None:
            self._thread.join()

    def read_again(self) -> None:
        self._files = {name: replace(each, stamp=()) for name, each in self._files.items()}
        self._said.clear()
        self._stale.set()

    def policies(self) -> tuple[Policy, ...] | None:
        if self._stale.is_set():
            self._stale.clear()
            self._is_there = self._read()
        if not self._is_there:
            return None
        found: dict[str, Policy] = {}
        for name, file in sorted(self._files.items()):
            for policy in file.policies:
                if found.setdefault(policy.name, policy) is not policy:
                    self._say(f"{name}: policy {policy.name} is in {found[policy.name].desired.source}, too: not taken")
        return tuple(map(self._generations.numbered, found.values()))

    def node(self) -> ThisNode | None:
        path = self._node_file or node_file.USUAL
        try:
            found = node_file.node(path) if os.path.exists(path) else Node(os.uname().nodename)
        except InvalidPolicy as error:
            self._say(str(error))
            return self._node
        if not found.labels:
            self._say(f"{path}: no labels: only policies without a selector are for this node")
        checks = self._checks(found.checks, path)
        self._node = ThisNode(found.name, labels=found.labels, annotations=found.annotations, checks=checks)
        return self._node

    def _checks(self, value: object, path: str) -> Mapping[str, Check]:
        """Those of all policies; where one cannot be understood, none of them is what was asked for."""
        report = Report()
        if value is None:
            return {}
        if not is_fit(BY_KEY["checks"].schema, value, ("checks",), report):
            for problem in report.found():
                self._say(f"{path}: {problem}")
            return {}
        return checks_of(value)

    def _read(self) -> bool:
        """Whether the directory could be read; one that is gone is no order to remove anything, either."""
        try:
            names = sorted(each for each in os.listdir(self._directory) if _is_manifest(each))
        except OSError as error:
            self._say(f"{self._directory}: cannot list it: {error.strerror}: leaving all as it is")
            return False
        before = self._files
        self._files = {name: file for name in names if (file := self._file(name, before.get(name))) is not None}
        return True

    def _file(self, name: str, before: _File | None) -> _File | None:
        path = self._directory / name
        try:
            with path.open("rb") as opened:
                status = os.fstat(opened.fileno())
                stamp = (status.st_ino, status.st_mtime_ns, status.st_size)
                if before is not None and before.stamp == stamp:
                    return before
                text = opened.read(LARGEST + 1)
            documents = read(text, str(path))
        except FileNotFoundError:
            return None
        except (OSError, Unreadable) as error:
            self._say(f"{error}" + (": going by what it said before" if before else ""))
            return before
        found = []
        for document in documents:
            for policy, _ in policies(document):  # what is wrong with one is told where it is applied
                if problem := name_problem(policy.name):
                    self._say(f"{path}: metadata.name: {problem}")
                else:
                    found.append(policy)
        if not found:
            self._say(f"{path}: no policies in it" + (": going by what it said before" if before else ""))
            return before
        return _File(stamp, tuple(found))

    def _say(self, line: str) -> None:
        """Each once."""
        if line not in self._said:
            self._said.add(line)
            log.warning("%s", line)

    def _listen(self, changed: Callable[[], None]) -> None:
        with inotify.several() as news:
            poll = select.poll()
            poll.register(news, select.POLLIN)
            poll.register(self._end, select.POLLIN)
            while True:
                complete = self._watch(news)
                ready = dict(poll.poll(None if complete else _AGAIN_S * 1000))
                if self._end in ready:
                    return
                if news in ready:
                    os.read(news, 65536)
                self._stale.set()
                changed()

    def _watch(self, news: int) -> bool:
        """Whether both are there to be listened to; again each time, for one may have been put in another's place."""
        folders = (self._directory, Path(self._node_file or node_file.USUAL).parent)
        heard = 0
        for folder in folders:
            with suppress(OSError):
                inotify.also(news, folder, _NEWS)
                heard += 1
        return heard == len(folders)


def _is_manifest(name: str) -> bool:
    return name.endswith(_SUFFIXES) and not name.startswith(".")
