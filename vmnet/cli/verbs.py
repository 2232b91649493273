"""What each verb does."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from netkernel import documents
from netkernel.errors import NetworkError
from netkernel.frozen import replace
from netkernel.ruleset import script
from netkernel.typed import Final, TextIO
from vmnet import act, domain_xml, manifest, networks, prerequisites, qemu_args, running, status
from vmnet.act import Asked
from vmnet.cli.parser import Options
from vmnet.errors import InvalidVm, PodUnfit, Problem
from vmnet.hardware import Device, devices
from vmnet.kept import Records, namespace_id
from vmnet.plan import Plan
from vmnet.pod import LinuxPod
from vmnet.serve import launch, resolver, telling
from vmnet.serve.told import Told
from vmnet.status import NicStatus
from vmnet.target import Giving
from vmnet.vm import Vm


class Call:
    """One command being run. Results go to stdout, all else to stderr."""

    def __init__(self, options: Options, stdout: TextIO, stderr: TextIO, stdin: TextIO) -> None:
        self.options = options
        self.stdout = stdout
        self.stderr = stderr
        self._stdin = stdin
        self.records = Records(options.state_dir)
        self.namespace = _path(options.netns) if options.netns else ""

    def vm(self) -> Vm:
        """Raises InvalidVm, Unreadable, NetworkError."""
        file = self.options.file
        name = "standard input" if file == "-" else file
        try:
            text = self._stdin.read() if file == "-" else Path(file).read_bytes()
        except (OSError, UnicodeDecodeError) as error:
            raise NetworkError(f"{name}: cannot be read: {getattr(error, 'strerror', error)}") from error
        return manifest.one(documents.read(text, name), name)

    @contextmanager
    def pod(self) -> Iterator[LinuxPod]:
        with LinuxPod(self.namespace) as pod:
            yield pod

    def asked(self, pod: LinuxPod, vm: Vm) -> Asked:
        """Raises NetworkError when there is no such namespace."""
        options = self.options
        return Asked(
            vm=vm,
            namespace=namespace_id(self.namespace),
            links=options.links,
            primary=options.primary,
            giving=Giving(user=options.user, group=options.group, has_dummy=pod.has_dummy()),
            standby=options.standby,
        )

    def print(self, text: str) -> None:
        self.stdout.write(f"{text}\n")

    def log(self) -> None:
        if self.options.verbose:
            logging.basicConfig(stream=self.stderr, format="%(message)s", level=logging.INFO)


def _path(netns: str) -> str:
    if "/" in netns:
        return netns
    return f"/proc/{netns}/ns/net" if netns.isdigit() else f"/run/netns/{netns}"


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


def show_status(call: Call) -> int:
    found = _statuses(call, call.vm())
    if call.options.output == "json":
        call.print(json.dumps([status.as_kubevirt(each) for each in found], indent=2))
    else:
        call.print(status.table(found))
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
        found, vhost = _devices(call, vm), os.access(prerequisites.VHOST, os.R_OK | os.W_OK)
        status = running.run(call.namespace, call.options.command, found, told, _transcript(call), vhost=vhost)
    finally:
        if not call.options.keep:
            teardown(call)
    return status if status >= 0 else 128 - status


def check(call: Call) -> int:
    """Whether a VM can do with what there is."""
    found = list(prerequisites.found())
    for each in found:
        call.print(str(each))
    return int(any(each.lacking and each.matters for each in found))


VERBS: Final[Mapping[str, Callable[[Call], int]]] = {
    "validate": validate,
    "networks": show_networks,
    "plan": plan,
    "setup": setup,
    "status": show_status,
    "hotplug": hotplug,
    "unplug": unplug,
    "announce": announce,
    "teardown": teardown,
    "domain-xml": show_xml,
    "qemu-args": show_qemu,
    "serve": serve,
    "run": run,
    "check": check,
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


def _statuses(call: Call, vm: Vm) -> list[NicStatus]:
    with call.pod() as pod:
        host, kept = pod.snapshot(), call.records.read(namespace_id(call.namespace))
        wirings = call.asked(pod, vm).wirings(host, kept)
        there = [each for each in wirings if each.link in host.links or (kept and kept.of(each.nic.name))]
        return list(status.statuses(vm, wirings, kept, host, devices(vm, there, kept, host)))
