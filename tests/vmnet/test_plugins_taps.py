"""Taps and macvtaps that a CNI plugin made are the guest's as they are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from lab import virtual
from lab.setup.base import TREE
from netkernel import macvtap_device, netns
from netkernel.differences import differences
from tests.kernel.frames import Tap, frame
from tests.unit.vmnet.manifests import LAN, vmi
from tests.vmnet.pods import Pods, sh
from vmnet.doctor import look
from vmnet.doctor.walk import Diagnosis
from vmnet.pod import LinuxPod

pytestmark = pytest.mark.needs_kernel("veth", "macvtap", "tap")

MAC, IP, FAR = "02:00:00:00:00:01", "203.0.113.5", "203.0.113.1"


def macvtap(pods: Pods, name: str = "net1") -> None:
    """As the macvtap plugin makes it: on a link of the node, then into the pod, with the MAC it was handed."""
    sh(
        f"ip link add lower-{name} type veth peer name far-{name};"
        f"ip link set lower-{name} up; ip link set far-{name} up;"
        f"ip link add link lower-{name} name made address {MAC} type macvtap mode bridge;"
        f"ip link set made netns {pods.namespace} name {name}"
    )
    sh(f"ip link set {name} addrgenmode none up", pods.namespace)


def with_plugin(name: str, **fields: Any) -> dict[str, Any]:
    return vmi([{"name": "nic-0", "binding": {"name": name}, "macAddress": MAC, **fields}], [LAN])


@contextmanager
def opened(pods: Pods, count: int) -> Iterator[list[int]]:
    with netns.inside(pods.namespace):
        found = macvtap_device.queues("net1", count, vnet_hdr=False)
    try:
        yield found
    finally:
        for each in found:
            os.close(each)


def diagnosed(pods: Pods) -> Diagnosis:
    with LinuxPod(pods.namespace) as pod:
        (found,) = look.diagnosed(pods.asked(with_plugin("macvtap")), pod, pods.records, wait_s=0.2)
        return found


def test_the_doctor_looks_at_what_a_macvtap_stands_on(pods: Pods) -> None:
    macvtap(pods)
    found = diagnosed(pods)
    assert found.broken is None, found
    assert "node link lower-net1" in [each.hop for each in found.findings]
    sh("ip link set far-net1 down")
    broken = diagnosed(pods).broken
    assert broken is not None
    assert (broken.hop, broken.wrong) == ("node link lower-net1", "has no carrier")


def test_a_macvtap_is_found_whatever_the_file_of_its_index_is(pods: Pods) -> None:
    """Two namespaces may have links of one index: only one of them has the file of that name."""
    macvtap(pods)
    with opened(pods, 1) as (descriptor,), Tap("far-net1") as far:
        os.write(descriptor, bytes(frame(b"said by the guest", source=MAC)))
        assert far.marks_until(b"said by the guest")
        far.send(frame(b"heard by the guest"))
        os.set_blocking(descriptor, True)
        while b"heard by the guest" not in os.read(descriptor, 65536):
            pass


def test_a_macvtap_has_several_queues(pods: Pods) -> None:
    macvtap(pods)
    with opened(pods, 4) as found, Tap("far-net1") as far:
        for number, descriptor in enumerate(found):
            mark = f"queue {number}".encode()
            os.write(descriptor, bytes(frame(mark, source=MAC)))
            assert far.marks_until(mark)


def test_what_a_plugin_made_stays_as_it_is_when_the_vm_comes_and_goes(pods: Pods) -> None:
    macvtap(pods)
    before = pods.host()
    assert pods.setup(with_plugin("macvtap")).ops == ()
    assert differences(before, pods.host()) == ()
    pods.teardown()
    assert differences(before, pods.host()) == ()


TODO = f"ip link set eth0 up; ip addr add {IP}/24 dev eth0; ping -c 1 -W 30 {FAR} && echo REACHED"


@pytest.mark.guests
@pytest.mark.parametrize(("plugin", "queues"), [("macvtap", 2), ("tap", 1)])
def test_a_guest_speaks_through_what_the_plugin_made(pods: Pods, tmp_path: Path, plugin: str, queues: int) -> None:
    if plugin == "macvtap":
        macvtap(pods)
        far = "far-net1"
    else:
        tap_of_a_plugin(pods)
        far = "node-lan"
    sh(f"ip addr add {FAR}/24 dev {far}")
    value = with_plugin(plugin, queues=queues)
    (tmp_path / "vm.json").write_text(json.dumps(value))
    (tmp_path / "resolv.conf").write_text("")
    options = [
        "--netns",
        pods.namespace,
        "--state-dir",
        str(tmp_path / "state"),
        "--resolv-conf",
        str(tmp_path / "resolv.conf"),
    ]
    with virtual.command(TODO) as words:
        vm = [sys.executable, "-P", "-m", "vmnet", "run", str(tmp_path / "vm.json"), *options, "--", *words]
        environment = {**os.environ, "PYTHONPATH": str(TREE)}
        done = subprocess.run(vm, capture_output=True, text=True, env=environment, timeout=180)
    assert done.returncode == 0, done.stderr
    assert "REACHED" in done.stdout


def tap_of_a_plugin(pods: Pods) -> None:
    """One with several queues, on a bridge in the pod."""
    pods.attach("lan")
    sh(
        "ip tuntap add net1 mode tap multi_queue; ip link add br0 type bridge; ip link set lan master br0;"
        "ip link set net1 master br0 up; ip link set br0 up",
        pods.namespace,
    )
