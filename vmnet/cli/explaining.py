"""The verbs that explain: what has become of a VM's NICs, why one does not work, what the node lacks."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence

from netkernel.documents import yaml_writer
from netkernel.typed import Final
from vmnet import prerequisites, shown, status
from vmnet.cli.call import Call
from vmnet.doctor import look, walk
from vmnet.errors import InvalidVm, Problem
from vmnet.status import NicStatus

WATCH_S: Final = 2.0
"""How often counters are read again, which nobody announces."""


def show_status(call: Call) -> int:
    """With `--watch` again whenever something has changed, until it is told to end."""
    vm = call.vm()
    last: Sequence[NicStatus] = ()
    with call.pod() as pod:
        asked = call.asked(pod, vm)
        while True:
            found = status.observed(asked, pod, call.records)
            if found != last:
                call.stdout.write(_shown(call, found))
                call.stdout.flush()
            if not call.options.watch:
                return 0
            last = found
            pod.wait(WATCH_S)


def _shown(call: Call, found: Sequence[NicStatus]) -> str:
    if call.options.output == "table":
        return f"{shown.table(found, time.time())}\n"
    plain = [shown.as_kubevirt(each) for each in found]
    as_json = call.options.output == "json"
    return f"{json.dumps(plain, indent=2)}\n" if as_json else f"---\n{yaml_writer.write(plain)}"


def doctor(call: Call) -> int:
    """1 where something is broken."""
    vm, options = call.vm(), call.options
    if options.nic and options.nic not in {nic.name for nic in vm.nics}:
        there = ", ".join(nic.name for nic in vm.nics)
        raise InvalidVm([Problem((), f"no NIC is called {options.nic!r} (there are {there})", options.file)])
    with call.pod() as pod:
        asked = call.asked(pod, vm)
        found = look.diagnosed(
            asked, pod, call.records, only=options.nic, probes=not options.no_probe, wait_s=options.wait
        )
    if options.output == "json":
        call.print(json.dumps([walk.plain(each) for each in found], indent=2))
    else:
        for each in found:
            call.stdout.write("".join(f"{line}\n" for line in walk.lines(each)))
    return int(any(each.broken for each in found))


def check(call: Call) -> int:
    """Whether a VM can do with what there is."""
    found = list(prerequisites.found())
    if call.options.output == "json":
        call.print(json.dumps([each.plain for each in found], indent=2))
    else:
        call.stdout.write("".join(f"{each}\n" for each in found))
    return int(any(each.lacking and each.matters for each in found))
