"""A pod that a guest is to move to, on a real kernel: nothing of it is heard before it is announced, then all is."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from scapy.layers.inet6 import ICMPv6ND_NA
from scapy.layers.l2 import ARP, Dot1Q
from scapy.packet import Packet

from lab.setup.base import TREE
from netkernel.differences import differences
from tests.faults import raw
from tests.kernel.frames import Tap, frame
from tests.unit.vmnet.manifests import BRIDGED, LAN, MASQUERADED, vmi
from tests.vmnet.guest import tap_guest
from tests.vmnet.pods import Pods, sh
from tests.vmnet.serving import noted, serving
from tests.vmnet.test_serve import discover, offered

pytestmark = pytest.mark.needs_kernel("veth", "bridge", "bridge_vlan", "tap", "nft_nat", "nft_bridge")

MAC = "02:00:00:00:00:01"
STATUS = {"interfaces": [{"name": "nic-0", "mac": MAC, "ipAddresses": ["203.0.113.7", "2001:db8:1::7"]}]}
VALUE = {**vmi([MASQUERADED, BRIDGED]), "status": STATUS}
PATIENCE_S = 30.0


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "vm.json"
    path.write_text(json.dumps(VALUE))
    return path


def command(pods: Pods, verb: str, manifest: Path | None, *more: str) -> list[str]:
    where = ["--netns", pods.namespace, "--state-dir", str(pods.records.directory)]
    return [sys.executable, "-P", "-m", "vmnet", verb, *([str(manifest)] if manifest else []), *where, *more]


def vmnet(pods: Pods, verb: str, manifest: Path | None, *more: str) -> str:
    """What it says of what it did."""
    environment = {**os.environ, "PYTHONPATH": str(TREE)}
    done = subprocess.run(command(pods, verb, manifest, *more), env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stderr


def heard_until(node: Tap, wanted: Callable[[list[Packet]], bool]) -> list[Packet]:
    found: list[Packet] = []
    deadline = time.monotonic() + PATIENCE_S
    while not wanted(found):
        assert time.monotonic() < deadline, [each.summary() for each in found]
        found += node.packets(0.2)
    return found


def refuses(say: Callable[[], None]) -> bool:
    try:
        say()
    except OSError:
        return True
    return False


def test_a_guest_that_stands_by_is_mute_and_nobody_speaks_to_it_until_it_is_announced(
    pods: Pods, manifest: Path, tmp_path: Path
) -> None:
    pods.attach("net1", "203.0.113.5/24")
    resolv_conf = tmp_path / "resolv.conf"
    resolv_conf.write_text("nameserver 192.0.2.53\n")
    assert "standing by" in vmnet(pods, "setup", manifest, "--standby")
    with (
        Tap("node-net1") as node,
        tap_guest(pods.namespace, "tap1") as on_bridge,
        tap_guest(pods.namespace, "tap0") as behind_masquerade,
        serving(manifest, pods.namespace, str(pods.records.directory), resolv_conf),
    ):
        assert refuses(lambda: on_bridge.say(frame(b"too early", source=MAC)))
        assert refuses(lambda: behind_masquerade.say(discover()))
        sh("ip link set net1-nic down; ip link set net1-nic up", pods.namespace)
        assert node.packets(0.5) == []
        assert list(pods.records.directory.glob("*.transcript")) == []
        assert vmnet(pods, "announce", manifest).startswith("2 changes")
        found = heard_until(node, lambda seen: any(each.haslayer(ICMPv6ND_NA) for each in seen))
        assert {each.src for each in found} == {MAC}
        assert {each.type for each in found} == {0x8035, 0x0806, 0x86DD}
        assert {each[ARP].psrc for each in found if each.type == 0x0806} == {"203.0.113.7"}
        pods.await_forwarding("tap0")
        assert offered(behind_masquerade) == "10.0.2.2"
        pods.await_forwarding("tap1")
        on_bridge.say(frame(b"at last", source=MAC))
        assert b"at last" in node.marks_until(b"at last")
    until(lambda: bool(noted(str(pods.records.directory), "tap0")))
    said = noted(str(pods.records.directory), "tap0")
    assert "DISCOVER" in " ".join(each.said for each in said)


def test_a_switch_learns_where_the_guest_is_in_its_vlan(pods: Pods) -> None:
    """The node's bridge is the switch; it knew the guest at another of its ports."""
    value = vmi([{**BRIDGED, "macAddress": MAC, "vlan": {"access": 93}}], [LAN])
    pods.attach("net1")
    sh("ip link add switch type bridge vlan_filtering 1; ip link add old type veth peer name far")
    for port in ("old", "node-net1"):
        sh(f"ip link set {port} master switch up; bridge vlan add dev {port} vid 93")
    sh("ip link set switch up; ip link set far up")
    with Tap("far") as far:
        far.send(frame(b"here", source=MAC, vlan=93))
        until(lambda: place_of(MAC) == "old")
        pods.setup(value, standby=True)
        far.send(frame(b"still here", source=MAC, vlan=93))
        assert place_of(MAC) == "old"
        pods.announce(value)
        until(lambda: place_of(MAC) == "node-net1")
        assert Dot1Q in {type(layer) for each in far.packets(0.1) for layer in [each.payload]}


def place_of(mac: str) -> str:
    rows = json.loads(sh("bridge -j fdb show br switch"))
    return next((row["ifname"] for row in rows if row["mac"] == mac and row.get("vlan") == 93), "")


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, sh("bridge fdb show br switch")


@pytest.mark.parametrize("verb", ["setup", "announce"])
def test_killed_anywhere_it_is_finished_or_taken_back_by_another(pods: Pods, manifest: Path, verb: str) -> None:
    pods.attach("net1", "203.0.113.5/24")
    before = pods.dump()
    if verb == "announce":
        vmnet(pods, "setup", manifest, "--standby")
    words = command(pods, verb, manifest, *(["--standby"] if verb == "setup" else []))
    for moment in range(3):
        killed(words, after=moment)
    if verb == "setup":
        vmnet(pods, "setup", manifest, "--standby")
        assert taps(pods) == {"tap0": False, "tap1": False}
    vmnet(pods, "announce", manifest)
    assert taps(pods) == {"tap0": True, "tap1": True}
    vmnet(pods, "teardown", None)
    assert raw.changes(before, pods.dump()) == ""


def killed(words: list[str], after: int) -> None:
    """The command, killed when it has said so many of its ops, or has ended by then."""
    environment = {**os.environ, "PYTHONPATH": str(TREE)}
    with subprocess.Popen([*words, "-v"], env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        for _ in range(after + 1):
            process.stderr.readline()
        process.send_signal(signal.SIGKILL)


def taps(pods: Pods) -> dict[str, bool]:
    return {name: "UP" in link["flags"] for name, link in pods.links().items() if name.startswith("tap")}


def test_teardown_of_what_stands_by_leaves_the_pod_as_cni_made_it(pods: Pods) -> None:
    pods.attach("net1", "203.0.113.5/24")
    before = pods.host()
    pods.setup(VALUE, standby=True)
    pods.teardown()
    assert differences(before, pods.host()) == ()
