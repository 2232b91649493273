"""A VM's NICs: wired by `vmnet`, and by the commands that do the same; served by `vmnet serve`, and by dnsmasq."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from lab import namespaces
from netkernel.ruleset import script
from tests.bench import vm_served, vm_speed
from tests.bench.contest import Contest, Side
from tests.unit.vmnet.manifests import BRIDGED, MASQUERADED, vmi
from tests.vmnet.pods import Pods
from vmnet import act
from vmnet.pod import LinuxPod
from vmnet.target import Giving

ROUNDS: Final = 5
VM: Final[Mapping[str, Any]] = vmi([MASQUERADED, BRIDGED])
"""One NIC of each binding."""
OWN_MAC: Final = "02:00:00:00:00:77"

SETUP: Final = """\
ip link add k6t-eth0 address 02:00:00:00:00:00 type bridge
ip link set k6t-eth0 mtu 1500
ip addr add 10.0.2.1/24 dev k6t-eth0
ip addr add fd10:0:2::1/120 dev k6t-eth0 nodad
ip link set k6t-eth0 up
ip tuntap add tap0 mode tap user 107 group 107
ip link set tap0 master k6t-eth0 up
sysctl -qw net.ipv4.conf.k6t-eth0.route_localnet=1 net.ipv4.conf.k6t-eth0.forwarding=1
sysctl -qw net.ipv4.conf.eth0.forwarding=1 net.ipv6.conf.all.forwarding=1
ip link add k6t-net1 address {mac} type bridge mcast_snooping 0
ip addr add 169.254.75.11/32 dev k6t-net1
sysctl -qw net.ipv4.conf.k6t-net1.arp_ignore=1 net.ipv6.conf.k6t-net1.disable_ipv6=1
ip link set k6t-net1 up
ip link set net1 down
ip link set net1 name net1-nic
sysctl -qw net.ipv6.conf.net1-nic.disable_ipv6=1
ip addr flush dev net1-nic
ip link set net1-nic address {mac} master k6t-net1
ip link set net1-nic type bridge_slave learning off
ip link set net1-nic up
ip tuntap add tap1 mode tap user 107 group 107
ip link set tap1 master k6t-net1 up
ip link add net1 address {own} type {keeper}
ip addr add 203.0.113.5/24 dev net1
nft -f {rules}
"""
TEARDOWN: Final = """\
nft delete table inet vmnet
nft delete table bridge vmnet-tap1
ip link del net1
ip link del tap1
ip link set net1-nic nomaster
ip link set net1-nic down
ip link set net1-nic address {own}
ip link set net1-nic name net1
sysctl -qw net.ipv6.conf.net1.disable_ipv6=0
ip link set net1 up
ip addr add 203.0.113.5/24 dev net1
ip link del k6t-net1
ip link del tap0
ip link del k6t-eth0
sysctl -qw net.ipv4.conf.eth0.forwarding=0 net.ipv6.conf.all.forwarding=0
"""


class Ground:
    """A pod on a node, for one round, and both ways of wiring a VM in it."""

    def __init__(self) -> None:
        self._held = ExitStack()
        self.folder = Path(self._held.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        new = lambda: self._held.enter_context(namespaces.aside())  # noqa: E731
        self.pods = Pods("/proc/thread-self/ns/net", new, self.folder)
        self.pods.attach("net1", "203.0.113.5/24")
        (self.folder / "vm.json").write_text(json.dumps(VM))
        with LinuxPod(self.pods.namespace) as pod:
            self.giving = Giving(has_dummy=pod.has_dummy())
            plan = act.planned(self.pods.asked(VM, giving=self.giving), pod, self.pods.records)
        (self.folder / "rules").write_text(script(plan.tables))

    def ours(self, verb: str) -> list[str]:
        manifest = [str(self.folder / "vm.json")] if verb == "setup" else []
        where = ["--netns", self.pods.namespace, "--state-dir", str(self.pods.records.directory)]
        return [sys.executable, "-m", "vmnet", verb, *manifest, *where]

    def theirs(self, verb: str) -> list[str]:
        keeper = "dummy" if self.giving.has_dummy else "bridge"
        words = {"mac": OWN_MAC, "own": self.pods.links()["net1"]["address"], "keeper": keeper}
        text = (SETUP if verb == "setup" else TEARDOWN).format(rules=self.folder / "rules", **words)
        (self.folder / verb).write_text(text)
        return ["nsenter", f"--net={self.pods.namespace}", "sh", "-e", str(self.folder / verb)]

    def is_wired(self) -> bool:
        return {"tap0", "tap1", "k6t-eth0", "k6t-net1", "net1-nic", "net1"} < self.pods.links().keys()

    def is_bare(self) -> bool:
        return self.pods.links().keys() == {"lo", "eth0", "net1"}


def done(command: list[str]) -> None:
    """Raises SystemExit with what it said."""
    ended = subprocess.run(command, capture_output=True, text=True)
    if ended.returncode:
        raise SystemExit(f"bench: {' '.join(command)}: {ended.stderr}")


class _Made:
    """What a side has prepared, for `holds` to look at: each round is a process of its own."""

    ground: Ground


def _side(name: str, verb: str, command: Callable[[Ground, str], Callable[[], object]]) -> Side:
    made = _Made()

    def prepare() -> Callable[[], object]:
        made.ground = Ground()
        before = command(made.ground, "setup")
        if verb == "setup":
            return before
        after = command(made.ground, "teardown")
        before()
        return after

    def run(todo: Any) -> None:
        todo()

    def holds() -> bool:
        return made.ground.is_wired() if verb == "setup" else made.ground.is_bare()

    return Side(name, prepare, run, holds)


def _command(ground: Ground, verb: str) -> Callable[[], object]:
    words = ground.ours(verb)
    return lambda: done(words)


def _commands(ground: Ground, verb: str) -> Callable[[], object]:
    words = ground.theirs(verb)
    return lambda: done(words)


def _function(ground: Ground, verb: str) -> Callable[[], object]:
    return lambda: ground.pods.setup(VM, giving=ground.giving) if verb == "setup" else ground.pods.teardown()


def contests() -> list[Contest]:
    """With Python's own start, and as whoever has one running calls it."""
    ways = {"": _command, ", as a function": _function}
    return [
        Contest(
            f"vmnet {verb}, two NICs{how}",
            _side("vmnet", verb, way),
            (_side("ip, sysctl, nft", verb, _commands),),
            (None,),
            by="wall",
            rounds=ROUNDS,
        )
        for verb in ("setup", "teardown")
        for how, way in ways.items()
    ]


def processes() -> Iterator[tuple[str, int, int]]:
    """How many each way starts, by verb."""
    for verb in ("setup", "teardown"):
        yield verb, _started(verb, Ground.ours), _started(verb, Ground.theirs)


def _started(verb: str, way: Callable[[Ground, str], list[str]]) -> int:
    with namespaces.standing_in():
        ground = Ground()
        words = way(ground, verb)
        if verb == "teardown":
            done(way(ground, "setup"))
        return _counted(words)


def _counted(command: list[str]) -> int:
    """The number of the next process, in a namespace of their own, tells."""
    shell = '"$@" >&2 && sh -c "echo \\$\\$"'
    words = ["unshare", "--pid", "--fork", "sh", "-c", shell, "sh", *command]
    last = int(subprocess.run(words, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout)
    return last - 2  # the shell around it, and the one that says its number


def rows(words: list[str]) -> Iterator[str]:
    """What is no contest of clocks: processes, memory, answers, and what a guest receives."""
    for title, measure in (
        ("vmnet: processes started", processes),
        ("vmnet serve / dnsmasq", vm_served.compared),
        ("vmnet: a guest receives, MB/s", vm_speed.compared),
    ):
        if not words or any(word in title for word in words):
            for what, ours, theirs in measure():
                yield f"{f'{title}: {what}':<64.64} {ours:>16.4g} {theirs:>16.4g} {ours / theirs:>8.3f}"
