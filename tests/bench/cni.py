"""CNI plugins: what a runtime waits for, ours through `nncp daemon` and those written in Go."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from cni.client import build
from cni.daemon.service import part
from lab import namespaces
from netkernel.place import Place
from tests.bench.contest import Contest, Side

GO: Final = Path("/usr/lib/cni")
TREE: Final = Path(__file__).parents[2]
ALONE: Final = "import sys; sys.path.insert(0, {0!r}); from cni.{1}.__main__ import command; command()"
"""Who is not served in time pays for it."""
ROUNDS: Final = 5
PODS: Final = 20
CROWD: Final = 100
PLAIN: Final = {"cniVersion": "0.3.1", "name": "net", "type": "bridge", "bridge": "br1"}
HOST_LOCAL: Final = {"type": "host-local", "subnet": "10.9.0.0/16"}
PUBLIC: Final = ({**PLAIN, "name": "br1-public"}, {"cniVersion": "0.3.1", "name": "br1-public", "type": "tuning"})
VLAN_93: Final = {
    **PLAIN, "name": "vlan-93", "vlan": 93, "macspoofchk": True, "ipam": {}, "preserveDefaultVlan": False
}  # fmt: skip
GOALS: Final = {"Python": {"plain": 2.0, "rich": 1.0}, "C": {"plain": 0.8, "rich": 0.6}}

Chain = Sequence[Mapping[str, Any]]


class Node:
    """A bridge, pods, and plugins called `command`; ours are served by a daemon in threads of this process."""

    def __init__(self, chain: Chain, pods: int, client: str = "", *, is_served: bool = True) -> None:
        self.chain = chain
        self.folder = Path(tempfile.mkdtemp(prefix="bench-"))
        self._held = ExitStack()
        self.pods = [self._held.enter_context(namespaces.aside()) for _ in range(pods)]
        self.turns: Iterator[int] = iter(range(pods))
        filters = " vlan_filtering 1" if any(each.get("vlan") for each in chain) else ""
        subprocess.run(
            ["ip", "link", "add", "br1", "address", "02:00:00:00:00:01", "type", *f"bridge{filters}".split()]
        )
        subprocess.run(["ip", "link", "set", "br1", "up"], check=True)
        self._is_served = is_served
        self.commands = self._clients(client) if client else {each: str(GO / each) for each in ("bridge", "tuning")}

    def _clients(self, language: str) -> dict[str, str]:
        socket = str(self.folder / "serving" / "socket")
        if self._is_served:
            self._held.enter_context(part({}, socket)).start()
        made = {}
        for plugin in ("bridge", "tuning"):
            python = "/usr/bin/python3" if os.access("/usr/bin/python3", os.X_OK) else sys.executable
            client = build.Client(plugin, python, (sys.executable, "-c", ALONE.format(str(TREE), plugin)), socket)
            made[plugin] = str(self.folder / plugin)
            if language == "C":
                build.compile_c(client, made[plugin])
            else:
                Path(made[plugin]).write_bytes(build.in_python(client))
                os.chmod(made[plugin], 0o755)
        return made

    def environment(self, command: str, pod: int) -> dict[str, str]:
        return {
            "CNI_COMMAND": command, "CNI_CONTAINERID": f"c{pod}", "CNI_IFNAME": "net1", "CNI_NETNS": self.pods[pod],
            "CNI_PATH": str(GO), "PATH": os.environ["PATH"],
        }  # fmt: skip

    def crowd(self, command: str, pods: int) -> str:
        """Lines of a shell that start a call for each pod: it is quick at that, and shares no lock with our threads."""
        (config,) = self.chain
        stdin = self.folder / "config"
        stdin.write_text(json.dumps(config))
        words = [" ".join(map("=".join, self.environment(command, pod).items())) for pod in range(pods)]
        return "".join(f"{each} {self.commands[config['type']]} <{stdin} &\n" for each in words)

    def start(self, command: str, pod: int, config: Mapping[str, Any]) -> subprocess.Popen[bytes]:
        ipam = {"ipam": {**config["ipam"], "dataDir": str(self.folder / "leases")}} if config.get("ipam") else {}
        started = subprocess.Popen(
            [self.commands[config["type"]]],
            env=self.environment(command, pod),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert started.stdin is not None
        started.stdin.write(json.dumps({**config, **ipam}).encode())
        started.stdin.close()
        return started

    def call(self, command: str, pod: int) -> None:
        result: dict[str, Any] = {}
        for config in self.chain:
            result = said(self.start(command, pod, {**config, **({"prevResult": result} if result else {})}))

    def close(self) -> None:
        self._held.close()
        shutil.rmtree(self.folder)

    def ports(self) -> int:
        with Place() as place:
            return sum(link.master == "br1" for link in place.links().values())

    def has(self, ports: int) -> bool:
        found = self.ports()
        shutil.rmtree(self.folder)
        return found == ports


def said(started: subprocess.Popen[bytes]) -> dict[str, Any]:
    assert started.stdout is not None
    with started.stdout as stdout:
        printed = stdout.read()
    if started.wait():
        raise SystemExit(f"bench: {started.args!r}: {printed.decode()}")
    return dict(json.loads(printed)) if printed else {}


def contests() -> list[Contest]:
    """Without VLANs, which not every machine's kernel has."""
    held = [*_adds("plain L2", [PLAIN], "plain"), *_adds("host-local", [{**PLAIN, "ipam": HOST_LOCAL}], "rich")]
    return [*held, *_adds("br1-public", PUBLIC, "rich"), *_checks(), *_crowds()]


def in_a_vlan() -> list[Contest]:
    return _adds("vlan-93", [VLAN_93], "rich")


def _adds(title: str, chain: Chain, goal: str) -> list[Contest]:
    return [
        Contest(
            f"cni ADD, {title}, client in {language}",
            _adding("nncp daemon", chain, language),
            (_adding("Go", chain, ""),),
            (GOALS[language][goal],),
            by="wall",
            rounds=ROUNDS,
        )
        for language in GOALS
    ]


class _Made:
    """What a side has prepared, for `holds` to look at: each round is a process of its own."""

    node: Node


def _adding(name: str, chain: Chain, language: str) -> Side:
    made = _Made()

    def prepare() -> Node:
        made.node = Node(chain, PODS + 1, language)
        made.node.call("ADD", next(made.node.turns))
        return made.node

    def run(node: object) -> None:
        made.node.call("ADD", next(made.node.turns))

    return Side(name, prepare, run, lambda: made.node.has(PODS + 1), runs=PODS)


def _checks() -> list[Contest]:
    def side(name: str, language: str) -> Side:
        made = _Made()

        def prepare() -> Mapping[str, Any]:
            made.node = Node([], 1, language)
            config = {**PLAIN, "cniVersion": "0.4.0", "ipam": HOST_LOCAL}
            return {**config, "prevResult": said(made.node.start("ADD", 0, config))}

        def run(config: Any) -> None:
            said(made.node.start("CHECK", 0, config))

        return Side(name, prepare, run, lambda: made.node.has(1), runs=PODS)

    return [
        Contest(f"cni CHECK, client in {each}", side("nncp daemon", each), (side("Go", ""),), (None,), "wall", ROUNDS)
        for each in GOALS
    ]


def _crowds() -> list[Contest]:
    def side(name: str, language: str) -> Side:
        made = _Made()

        def prepare() -> list[str]:
            made.node = Node([PLAIN], CROWD, language)
            for pod in range(CROWD):
                made.node.call("ADD", pod)
            return ["sh", "-c", f"{made.node.crowd('DEL', CROWD)}wait"]

        def run(command: Any) -> None:
            subprocess.run(command, check=True)

        return Side(name, prepare, run, lambda: made.node.has(0))

    title = f"cni, {CROWD} DELs at once"
    return [
        Contest(f"{title}, client in {each}", side("nncp daemon", each), (side("Go", ""),), (0.1,), "wall", 3)
        for each in GOALS
    ]
