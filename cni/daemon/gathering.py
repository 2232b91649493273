"""Ports that leave together: while one delete is under way, all who come meanwhile wait for the next, which is theirs.

Nobody waits for company: who comes alone goes alone. A delete takes 10 to 30 ms whether it is of one link or of a
hundred, and while it lasts nobody else could begin one anyway.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from cni.bridge import leaving
from cni.skel import Call
from netkernel import pod_stamp as stamp
from netkernel import together
from netkernel.errors import NetworkError
from netkernel.place import Place
from netkernel.pod_stamp import Attachment


class _Wish:
    """`told` is set when it has come true or failed, or when whoever has it is to lead the next ones."""

    def __init__(self, call: Call) -> None:
        self.key = leaving.key(call)
        self.told = threading.Event()
        self.leads = False
        self.found: Attachment | None = None
        self.failure: NetworkError | None = None


class Gathering:
    """A `leaving.Leave` for the threads of one process; all of them stand in one namespace."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wishes: list[_Wish] = []
        self._is_led = False

    def __call__(self, node: Place, call: Call) -> Attachment | None:
        wish = _Wish(call)
        with self._lock:
            self._wishes.append(wish)
            wish.leads, self._is_led = not self._is_led, True
        if not wish.leads:
            with call.setting.aside():
                wish.told.wait()
        if wish.leads:
            self._lead(node, call)
        if wish.failure is not None:
            raise wish.failure
        return wish.found

    def _lead(self, node: Place, call: Call) -> None:
        with self._lock:
            wishes, self._wishes = self._wishes, []
        failure: NetworkError | None = NetworkError("whoever deleted this port with others failed")
        try:
            with call.setting.aside():
                _fulfil(node, wishes)
            failure = None
        except NetworkError as error:
            failure = error
        finally:
            for wish in wishes:
                wish.failure = failure or wish.failure
            self._hand_over()
            for wish in wishes:
                wish.leads = False
                wish.told.set()

    def _hand_over(self) -> None:
        with self._lock:
            if self._wishes:
                self._wishes[0].leads = True
                self._wishes[0].told.set()
            else:
                self._is_led = False


def _fulfil(node: Place, wishes: Sequence[_Wish]) -> None:
    of = {
        (found.container, found.ifname): (link, found)
        for link in node.links().values()
        if (found := stamp.read(link.alias)) is not None
    }
    links = []
    for wish in wishes:
        if wish.key in of:
            link, wish.found = of[wish.key]
            links.append(link)
    refused = together.delete(node, links)
    for wish in wishes:
        if wish.key in of:
            wish.failure = refused.get(of[wish.key][0].name)
