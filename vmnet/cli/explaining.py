"""The verbs that explain: what has become of a VM's NICs, why one does not work, what the node lacks."""

from __future__ import annotations

import json

from vmnet import prerequisites, status
from vmnet.cli.call import Call
from vmnet.doctor import look, walk
from vmnet.errors import InvalidVm, Problem
from vmnet.hardware import devices
from vmnet.kept import namespace_id
from vmnet.status import NicStatus
from vmnet.vm import Vm


def show_status(call: Call) -> int:
    found = _statuses(call, call.vm())
    if call.options.output == "json":
        call.print(json.dumps([status.as_kubevirt(each) for each in found], indent=2))
    else:
        call.print(status.table(found))
    return 0


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
    for each in found:
        call.print(str(each))
    return int(any(each.lacking and each.matters for each in found))


def _statuses(call: Call, vm: Vm) -> list[NicStatus]:
    with call.pod() as pod:
        host, kept = pod.snapshot(), call.records.read(namespace_id(call.namespace))
        wirings = call.asked(pod, vm).wirings(host, kept)
        there = [each for each in wirings if each.link in host.links or (kept and kept.of(each.nic.name))]
        return list(status.statuses(vm, wirings, kept, host, devices(vm, there, kept, host)))
