"""Real guests on NICs that vmnet wired: they get their addresses, reach the world, are reached where they may be."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from lab import virtual
from lab.setup.base import TREE
from netkernel import netns
from netkernel.differences import differences
from tests.unit.vmnet.manifests import BRIDGED, LAN, MASQUERADED, POD, vmi
from tests.vmnet.pods import NODE4, NODE6, POD4, POD6, Pods, answering, called, sh
from tests.vmnet.serving import remembered, serving
from vmnet import qemu_args, vm
from vmnet.doctor import look
from vmnet.hardware import devices
from vmnet.pod import LinuxPod

pytestmark = [pytest.mark.guests, pytest.mark.needs_kernel("veth", "bridge", "tap", "nft_nat")]

HERE = "/proc/thread-self/ns/net"
MODELS = [each for each in vm.MODELS if each != "virtio" and each in virtual.models()]
"""Beside virtio, as far as this machine's QEMU has them (igb since 8.0)."""
OTHERS = {model: f"net{number}" for number, model in enumerate(MODELS, start=1)}


def nics(pods: Pods, value: Mapping[str, Any]) -> list[str]:
    """QEMU's arguments for the NICs."""
    asked = pods.asked(value)
    with LinuxPod(pods.namespace) as pod:
        host, kept = pod.snapshot(), pods.records.read(asked.namespace)
        return qemu_args.arguments(devices(asked.vm, asked.wirings(host, kept), kept, host))


def file(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text)
    return folder / name


TODO = f"""
ask="udhcpc -n -s /lease -O search -O staticroutes -O mtu -T 1 -t 60"
$ask -f -i eth0 -p /client &
until ip addr show dev eth0 | grep -q "inet 10"; do sleep 0.2; done
for number in $(seq {len(MODELS)}); do $ask -q -i eth$number; done
until ip -6 route | grep -q ^default; do sleep 0.2; done
echo 0 >/proc/sys/net/ipv6/conf/eth0/accept_dad
dhclient -6 -1 -q -cf /dev/null -lf /leases6 -pf /client6 -sf /lease6 eth0
ip -6 route | grep ^default
(while true; do echo guest | nc -l -p 80; done) & (while true; do echo guest | nc -l -p 81; done) &
ping -c 1 -W 20 10.0.2.1 >/dev/null && echo GATEWAY
nc -w 20 {NODE4} 99 </dev/null && echo " OUT4"
nc -w 20 {NODE6} 99 </dev/null && echo " OUT6"
{virtual.LISTEN}
"""


def test_a_guest_has_its_addresses_over_every_model_and_speaks_through_masquerade(pods: Pods, tmp_path: Path) -> None:
    for number, link in enumerate(OTHERS.values(), start=1):
        pods.attach(link, f"198.51.{number}.5/24")
        sh(f"ip addr add 198.51.{number}.1/24 dev node-{link}")
    value = vmi(
        [{**MASQUERADED, "ports": [{"port": 80}], "mtu": 1400},
         *({"name": f"lan-{model}", "bridge": {}, "model": model} for model in OTHERS)],
        [POD, *({"name": f"lan-{model}", "multus": {"networkName": model}} for model in OTHERS)],
        hostname="demo",
    )  # fmt: skip
    pods.setup(value)
    manifest = file(tmp_path, "vm.json", json.dumps(value))
    resolv_conf = file(
        tmp_path, "resolv.conf", "nameserver 192.0.2.53\nnameserver 2001:db8::53\nsearch shop.svc.cluster.local\n"
    )
    words = nics(pods, value)
    state = str(pods.records.directory)
    with ExitStack() as running:
        running.enter_context(answering(HERE, 99))
        with serving(manifest, pods.namespace, state, resolv_conf):
            with netns.inside(pods.namespace):
                guest = running.enter_context(virtual.on(words, TODO, [virtual.dhclient()]))
            guest.until("LISTENING")
        said = guest.said
        assert "LEASE eth0 10.0.2.2/24 mtu=1400 router=10.0.2.1 dns=192.0.2.53 hostname=demo" in said
        assert "LEASE6 eth0 fd10:0:2::2 dns=2001:db8::53 search=shop.svc.cluster.local." in said
        for number in range(1, len(MODELS) + 1):
            assert f"LEASE eth{number} 198.51.{number}.5/24" in said
            sh(f"ping -c 1 -W 20 198.51.{number}.5")
        assert "default via fe80::ff:fe00:0 dev eth0" in said
        assert {"GATEWAY", f"::ffff:{POD4} OUT4", f"{POD6} OUT6"} < set(said.splitlines()), said
        assert called(HERE, POD4, 80) == "guest\n"
        with pytest.raises(ConnectionRefusedError):
            called(HERE, POD4, 81)
        guest.do(f"ping -i 0.2 {NODE4} >/pings & echo $! >/pinging")
        with serving(manifest, pods.namespace, state, resolv_conf):
            guest.do("kill -USR1 $(cat /client)")
            guest.until("LEASE eth0", since=len(said))
            guest.do("dhclient -6 -1 -q -cf /dev/null -lf /leases6 -pf /client6 -sf /lease6 eth0")
        pings = guest.do("kill -INT $(cat /pinging); until grep loss /pings; do sleep 0.1; done")
        sent, received = map(int, re.findall(r"(\d+) packets", pings))
        assert sent - received <= 1  # the last one may be under way
        sh("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1")
        with LinuxPod(pods.namespace) as pod:
            found = look.diagnosed(pods.asked(value), pod, pods.records, wait_s=1)
        assert [each.broken for each in found] == [None] * len(found)
        noted = [finding.noted for each in found for finding in each.findings]
        assert not any("vnet_hdr" in each for each in noted), noted
    known = remembered(state)["tap0"]
    assert any(each.said.startswith("DISCOVER from") and each.said.endswith("OFFER 10.0.2.2") for each in known.lines)
    assert {each.ip for each in known.leases} == {"10.0.2.2", "fd10:0:2::2"}
    assert guest.said.count("LEASE6 eth0 fd10:0:2::2") == 2


def test_one_command_runs_a_vm_from_its_wires_to_its_end(pods: Pods, tmp_path: Path) -> None:
    pods.attach("net1", "203.0.113.5/24")
    before = pods.host()
    value = vmi([{**MASQUERADED, "queues": 2}, {**BRIDGED, "state": "down"}], [POD, LAN])
    manifest = file(tmp_path, "vm.json", json.dumps(value))
    resolv_conf = file(tmp_path, "resolv.conf", "nameserver 192.0.2.53\n")
    options = ["--netns", pods.namespace, "--state-dir", str(pods.records.directory), "--resolv-conf", str(resolv_conf)]
    todo = """
        udhcpc -i eth0 -n -q -s /lease -T 1 -t 60; ping -c 1 -W 20 10.0.2.1
        ip link set eth1 up; echo CABLES $(cat /sys/class/net/eth0/carrier /sys/class/net/eth1/carrier)
    """
    with virtual.command(todo) as words:
        command = [sys.executable, "-P", "-m", "vmnet", "run", str(manifest), *options, "--", *words]
        done = subprocess.run(
            command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(TREE)}, timeout=180
        )
    assert done.returncode == 0, done.stderr
    assert "LEASE eth0 10.0.2.2/24" in done.stdout
    assert "1 packets received" in done.stdout
    assert "CABLES 1 0" in done.stdout
    assert differences(before, pods.host()) == ()
