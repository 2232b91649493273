"""What each verb does."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from netkernel.errors import NetworkError
from netkernel.frozen import replace
from netkernel.ruleset import script
from netkernel.typed import Final
from vmnet import act, domain_xml, networks, qemu_args, running, surroundings
from vmnet.cli import completing, explaining
from vmnet.cli.call import Call
from vmnet.errors import InvalidVm, PodUnfit, Problem
from vmnet.hardware import Device, devices
from vmnet.kept import namespace_id
from vmnet.plan import Plan
from vmnet.pod import LinuxPod
from vmnet.serve import launch, resolver, telling
from vmnet.serve.told import Told
from vmnet.vm import Vm


def validate(call: Call) -> int:
    vm = call.vm()
    call.print(f"{vm.namespace}/{vm.name}: {len(vm.nics)} NIC{'s' * (len(vm.nics) != 1)}, all well")
    return 0


def show_networks(call: Call) -> int:
    vm = call.vm()
    shown = networks.of_pod(vm) if call.options.output == "annotations" else networks.selections(vm)
    call.print(json.dumps(shown, indent=2))
    return 0


def plan(call: Call) -> int:
    vm = call.vm()
    with call.pod() as pod:
        found = act.planned(call.asked(pod, vm), pod, call.records)
    _show(call, found)
    return 0


def setup(call: Call) -> int:
    return _wired(call, call.vm())


def hotplug(call: Call) -> int:
    vm = _with_one(call, lambda nic, is_it, is_there: is_it or is_there)
    return _wired(call, vm)


def unplug(call: Call) -> int:
    vm = _with_one(call, lambda nic, is_it, is_there: not is_it and is_there)
    return _wired(call, vm)


def announce(call: Call) -> int:
    call.log()
    vm = call.vm()
    with call.pod() as pod:
        found = act.announce(call.asked(pod, vm), pod, call.records)
    call.stderr.write(f"{len(found.ops)} changes; the networks know that {vm.name} is here\n")
    return 0


def teardown(call: Call) -> int:
    call.log()
    with call.pod() as pod:
        found = act.teardown(namespace_id(call.namespace), pod, call.records)
    call.stderr.write(f"{len(found.ops)} changes; the pod is as CNI made it\n")
    return 0


def show_xml(call: Call) -> int:
    found = _devices(call, call.vm())
    if into := call.options.into:
        try:
            domain = Path(into).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise NetworkError(f"{into}: cannot be read: {getattr(error, 'strerror', error)}") from error
        call.stdout.write(domain_xml.merged(domain, found, into))
    else:
        call.stdout.write(domain_xml.text(found))
    return 0


def show_qemu(call: Call) -> int:
    words = qemu_args.arguments(_devices(call, call.vm()))
    call.print(" \\\n".join(f"{option} {value}" for option, value in zip(words[::2], words[1::2], strict=True)))
    return 0


def serve(call: Call) -> int:
    """Becomes the process that serves."""
    vm = call.vm()
    with call.pod() as pod:
        told = _told(call, pod, vm)
    if not told:
        call.stderr.write(f"{vm.name}: no NIC whose address is ours to give\n")
        return 0
    launch.become(call.namespace, told, _transcript(call))


def run(call: Call) -> int:
    """QEMU's own exit status; its NICs are gone with it unless they are to stay."""
    vm = call.vm()
    _wired(call, vm)
    try:
        with call.pod() as pod:
            told = _told(call, pod, vm)
        found, vhost = _devices(call, vm), os.access(surroundings.VHOST, os.R_OK | os.W_OK)
        status = running.run(call.namespace, call.options.command, found, told, _transcript(call), vhost=vhost)
    finally:
        if not call.options.keep:
            teardown(call)
    return status if status >= 0 else 128 - status


VERBS: Final[Mapping[str, Callable[[Call], int]]] = {
    "validate": validate,
    "networks": show_networks,
    "plan": plan,
    "setup": setup,
    "status": explaining.show_status,
    "doctor": explaining.doctor,
    "hotplug": hotplug,
    "unplug": unplug,
    "announce": announce,
    "teardown": teardown,
    "domain-xml": show_xml,
    "qemu-args": show_qemu,
    "serve": serve,
    "run": run,
    "check": explaining.check,
    "completion": completing.run,
}


def _wired(call: Call, vm: Vm) -> int:
    call.log()
    with call.pod() as pod:
        found = act.setup(call.asked(pod, vm), pod, call.records)
    kept = call.records.read(namespace_id(call.namespace))
    waits = ", standing by until `vmnet announce`" if kept and kept.standby else ""
    call.stderr.write(f"{len(found.ops)} changes; {len(vm.wired)} of {len(vm.nics)} NICs wired{waits}\n")
    return 0


def _with_one(call: Call, stays: Callable[[str, bool, bool], bool]) -> Vm:
    """The VM with those NICs only that are to stay: asked of each are its name, whether it is meant, and is there."""
    vm, asked = call.vm(), call.options.nic
    if asked not in {nic.name for nic in vm.nics}:
        there = ", ".join(nic.name for nic in vm.nics)
        raise InvalidVm([Problem((), f"no NIC is called {asked!r} (there are {there})", call.options.file)])
    kept = call.records.read(namespace_id(call.namespace))
    known = {each.nic for each in kept.taken} if kept else set()
    nics = [
        nic if stays(nic.name, nic.name == asked, nic.name in known) else replace(nic, state="absent")
        for nic in vm.nics
    ]
    return replace(vm, nics=tuple(nics))


def _told(call: Call, pod: LinuxPod, vm: Vm) -> tuple[Told, ...]:
    kept = call.records.read(namespace_id(call.namespace))
    if kept is None:
        raise PodUnfit([f"{vm.name}: none of its NICs is wired: run `vmnet setup` before"])
    path = Path(call.options.resolv_conf)
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise NetworkError(f"{path}: cannot be read: {error.strerror}") from error
    wirings = call.asked(pod, vm).wirings(pod.snapshot(), kept)
    return telling.told(vm, wirings, kept, resolver.read(text, vm.subdomain))


def _transcript(call: Call) -> str:
    return str(call.records.transcript(namespace_id(call.namespace)))


def _show(call: Call, found: Plan) -> None:
    for op in found.ops:
        call.print(str(op))
    if found.tables and found.ops:
        call.print("")
    call.stdout.write(script(found.tables))


def _devices(call: Call, vm: Vm) -> tuple[Device, ...]:
    with call.pod() as pod:
        host, kept = pod.snapshot(), call.records.read(namespace_id(call.namespace))
        return devices(vm, call.asked(pod, vm).wirings(host, kept), kept, host)
