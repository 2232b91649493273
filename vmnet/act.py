"""Wire a VM's NICs, or leave the pod exactly as it was; put it back. Each goes on where another one stopped."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence

from netkernel.errors import NetworkError, NotUndone
from netkernel.frozen import Frozen, replace
from netkernel.host import Host
from netkernel.typed import Final
from vmnet import names, plan
from vmnet.announcing import announcements
from vmnet.errors import NotAsAsked, PodUnfit
from vmnet.kept import Kept, Records, Taken
from vmnet.plan import Plan
from vmnet.pod import Pod, observe
from vmnet.target import Giving
from vmnet.vm import Vm
from vmnet.wiring import Wiring, wirings

log = logging.getLogger(__name__)

_TRIES: Final = 4
SETTLE_S: Final = 5.0
"""How long the pod may take to look as planned."""


class Asked(Frozen, kw_only=True):
    """A VM and the pod it is for. `links` says for some NICs which link they are on, `primary` that of the pod.

    `standby`: the guest runs elsewhere still and is to come here (see `announce`).
    """

    vm: Vm
    namespace: str
    links: Mapping[str, str] = {}
    primary: str = names.PRIMARY
    giving: Giving = Giving()
    standby: bool = False

    def wirings(self, pod: Host, kept: Kept | None) -> tuple[Wiring, ...]:
        given = {each.nic: each.link for each in kept.taken} if kept else {}
        return wirings(self.vm, pod.links.keys(), {**self.links, **given}, self.primary)

    def watched(self, pod: Host, kept: Kept | None) -> list[str]:
        """The links whose settings count."""
        return [name for each in self.wirings(pod, kept) for name in (each.link, each.bridge)]


def planned(asked: Asked, pod: Pod, records: Records) -> Plan:
    """What `setup` would do now. Touches nothing. Raises PodUnfit, NetworkError."""
    kept = records.read(asked.namespace)
    now = _observed(asked, pod, kept)
    found = asked.wirings(now, kept)
    begun = plan.begun(now, asked.vm, found, kept, asked.namespace, asked.standby)
    return plan.setup(now, asked.vm, found, begun, asked.giving)


def setup(
    asked: Asked, pod: Pod, records: Records, *, clock: Callable[[], float] = time.monotonic, settle_s: float = SETTLE_S
) -> Plan:
    """Wire the NICs. What was done of it by an earlier call is not done again; gives what was.

    Raises PodUnfit, KernelRefused, NotAsAsked and other NetworkErrors, with the pod as it was before the call: what is
    not has its line in `leftovers`.
    """
    before = records.read(asked.namespace)
    now = _observed(asked, pod, before)
    found = asked.wirings(now, before)
    kept = _dated(plan.begun(now, asked.vm, found, before, asked.namespace, asked.standby), time.time())

    def again() -> Plan:
        return plan.setup(_observed(asked, pod, kept), asked.vm, found, kept, asked.giving)

    todo = plan.setup(now, asked.vm, found, kept, asked.giving)
    if kept != before:
        records.write(kept)
    try:
        pod.put_up(todo.tables)
        _settle(pod, todo, again, clock, settle_s)
    except BaseException as error:
        _undo(asked, pod, records, before, kept, found, error)
        raise
    there = {nic.name for nic in asked.vm.wired}
    stay = tuple(each for each in kept.taken if each.nic in there)
    if stay != kept.taken:
        records.write(replace(kept, taken=stay))
    return todo


def announce(
    asked: Asked, pod: Pod, records: Records, *, clock: Callable[[], float] = time.monotonic, settle_s: float = SETTLE_S
) -> Plan:
    """Let through what stands by, and tell the networks that the guest is here; again after any error, and it finishes.

    Gives what was still to be done. Raises PodUnfit, KernelRefused, NotAsAsked and other NetworkErrors; then it stands
    by as before.
    """
    before = records.read(asked.namespace)
    if before is None or not before.taken:
        raise PodUnfit([f"{asked.vm.name}: none of its NICs is wired: run `vmnet setup --standby` before"])
    found = asked.wirings(_observed(asked, pod, before), before)

    def to_do(kept: Kept) -> Callable[[], Plan]:
        return lambda: plan.setup(_observed(asked, pod, kept), asked.vm, found, kept, asked.giving)

    ready = replace(before, standby=False)
    todo = to_do(ready)()
    if ready != before:
        records.write(ready)  # before the first tap is up: a guest that runs is not cut off by who comes after us
    try:
        _settle(pod, todo, to_do(ready), clock, settle_s)
        pod.say(announcements(asked.vm, found, before))
    except BaseException as error:
        if ready != before:
            _stand_by(pod, records, before, to_do(before), error)
        raise
    return todo


def _stand_by(pod: Pod, records: Records, kept: Kept, to_do: Callable[[], Plan], error: BaseException) -> None:
    """Again, as before an announcement that failed."""
    try:
        pod.execute(to_do().ops)
        left = tuple(f"still to be done: {op}" for op in to_do().ops)
    except NetworkError as refused:
        left = (str(refused),)
    records.write(kept)
    if left:
        error.add_note(str(NotUndone(left)))
        if isinstance(error, NetworkError):
            error.leftovers = left


def teardown(namespace: str, pod: Pod, records: Records) -> Plan:
    """Put the pod back as CNI made it. Nothing to do is success. Raises NetworkError, NotUndone."""
    kept = records.read(namespace)
    if kept is None:
        pod.put_up(())
        return Plan()
    todo = plan.teardown(_of(pod, kept.taken), kept)
    left = _put_back(pod, kept.taken)
    pod.put_up(())
    if left:
        raise NotUndone(left)
    records.remove(namespace)
    return todo


def _dated(kept: Kept, now: float) -> Kept:
    return replace(kept, taken=tuple(each if each.since else replace(each, since=now) for each in kept.taken))


def _observed(asked: Asked, pod: Pod, kept: Kept | None) -> Host:
    return observe(pod, asked.watched(pod.snapshot(), kept))


def _of(pod: Pod, taken: Sequence[Taken]) -> Host:
    return observe(pod, [name for each in taken for name in (each.link, each.bridge, each.renamed)])


def _settle(pod: Pod, todo: Plan, again: Callable[[], Plan], clock: Callable[[], float], settle_s: float) -> None:
    """Do it, until planning again finds nothing: what another process began may hide some of it. Raises NotAsAsked."""
    deadline = clock() + settle_s
    tries = _TRIES
    while todo.ops:
        if tries:
            tries -= 1
            for op in todo.ops:
                log.info("%s", op)
            pod.execute(todo.ops)
        elif (left_s := deadline - clock()) > 0:
            pod.wait(left_s)
        else:
            raise NotAsAsked([str(op) for op in todo.ops])
        todo = again()


def _undo(
    asked: Asked,
    pod: Pod,
    records: Records,
    before: Kept | None,
    kept: Kept,
    found: Sequence[Wiring],
    error: BaseException,
) -> None:
    """Take back what this call began; what was there before stays, and so do its tables."""
    stay = before.taken if before else ()
    stay = tuple(each for each in kept.taken if each in stay)
    wired = [(wiring, each) for wiring in found for each in stay if each.nic == wiring.nic.name]
    left = _put_back(pod, [each for each in kept.taken if each not in stay])
    if not left:
        try:
            pod.put_up(tuple(plan.tables(asked.vm, wired)))
        except NetworkError as refused:
            left = (str(refused),)
    if left:
        error.add_note(str(NotUndone(left)))
        if isinstance(error, NetworkError):
            error.leftovers = left
    elif stay:
        records.write(replace(kept, taken=stay))
    else:
        records.remove(kept.namespace)


def _put_back(pod: Pod, taken: Sequence[Taken]) -> tuple[str, ...]:
    """One line for each thing that is still different. What cannot be done is tried again, then one by one."""
    refused: list[str] = []
    for _ in range(_TRIES):
        ops = plan.teardown(_of(pod, taken), Kept("", "", tuple(taken))).ops
        if not ops:
            return ()
        refused = []
        try:
            pod.execute(ops)
        except NetworkError as error:
            refused.append(str(error))
    ops = plan.teardown(_of(pod, taken), Kept("", "", tuple(taken))).ops
    return (*(f"still to be done: {op}" for op in ops), *refused) if ops else ()
