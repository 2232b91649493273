"""Does one call for a client: with its files, its environment, and the namespace it has opened."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext

from cni.client import LOST
from cni.daemon.requests import Request
from cni.skel import ADD, DEL, Answer, Plugin, Setting, answer, refusal
from cni.types.errors import INTERNAL, CniError
from netkernel import mounts, netns
from netkernel.errors import NetworkError
from netkernel.frozen import replace
from netkernel.typed import Final

MOST_LOG: Final = 64 << 10
"""Bytes of what delegates print on stderr that the client passes on."""

Told = Callable[[str, str, int, float], None]
"""Hears of a call: the plugin, the command, the status of its process (0: well), and the seconds it took."""


class Desk:
    """`plugins` by their names; `aside` is what a call does while it waits for others, `told` hears of each call."""

    def __init__(
        self,
        plugins: Mapping[str, Plugin],
        aside: Callable[[], AbstractContextManager[object]] = nullcontext,
        told: Told | None = None,
    ) -> None:
        self._plugins = plugins
        self._aside = aside
        self._told = told
        status = os.stat(netns.OWN)
        self._home = status.st_dev, status.st_ino

    def takes(self, request: Request) -> bool:
        """Whether it is one for us: of a plugin we know, from the namespace we stand in, about a namespace."""
        if request.plugin not in self._plugins or not request.command:
            return False
        home = os.fstat(request.home)
        is_namespace = all(os.fstat(each).st_dev == self._home[0] for each in request.descriptors[4:])
        return (home.st_dev, home.st_ino) == self._home and is_namespace

    def answer(self, request: Request) -> Answer:
        if self._told is None:
            return self._answer(request, request.environment)
        began = time.monotonic()
        said = self._answer(request, request.environment)
        self._told(request.plugin, request.command, said.status, time.monotonic() - began)
        return said

    def take_back(self, request: Request) -> None:
        """Whoever asked for it is gone: what an ADD has made goes, too."""
        if request.command == ADD:
            self._answer(request, {**request.environment, "CNI_COMMAND": DEL})

    def _answer(self, request: Request, environment: Mapping[str, str]) -> Answer:
        plugin = self._plugins[request.plugin]
        log = os.memfd_create("stderr")
        setting = Setting(request.namespace, log, self._aside)
        environment = {key: value for key, value in environment.items() if key != LOST}
        try:
            with mounts.inside(request.view):
                said = answer(plugin, environment, lambda: request.stdin, "", setting)
            return replace(said, stderr=os.pread(log, MOST_LOG, 0) + said.stderr)
        except NetworkError as error:  # not the plugin's, which have been answered
            needed = "the nncp daemon needs CAP_SYS_ADMIN and CAP_SYS_CHROOT for callers outside of its container"
            return refusal(CniError(INTERNAL, str(error), needed))
        finally:
            os.close(log)
