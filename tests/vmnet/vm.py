"""A VM whose NICs were wired in a pod, as others need it: what QEMU is told, and the way back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.unit.vmnet.manifests import read
from vmnet import act, qemu_args
from vmnet.act import Asked
from vmnet.hardware import Device, devices
from vmnet.kept import Records, namespace_id
from vmnet.pod import LinuxPod
from vmnet.target import Giving


class Wired:
    """From the moment it is made, in the namespace at `path`; `more` is of `Asked`."""

    def __init__(self, path: str, folder: Path, value: Mapping[str, Any], **more: Any) -> None:
        self.path = path
        self.records = Records(str(folder / "vmnet"))
        with LinuxPod(path) as pod:
            more.setdefault("giving", Giving(has_dummy=pod.has_dummy()))
            self.asked = Asked(vm=read(value), namespace=namespace_id(path), **more)
            act.setup(self.asked, pod, self.records)

    def devices(self) -> tuple[Device, ...]:
        with LinuxPod(self.path) as pod:
            host, kept = pod.snapshot(), self.records.read(self.asked.namespace)
            return devices(self.asked.vm, self.asked.wirings(host, kept), kept, host)

    def qemu_args(self) -> list[str]:
        return qemu_args.arguments(self.devices())

    def announce(self) -> None:
        with LinuxPod(self.path) as pod:
            act.announce(self.asked, pod, self.records)

    def teardown(self) -> None:
        with LinuxPod(self.path) as pod:
            act.teardown(self.asked.namespace, pod, self.records)
