"""`./dev demo`: the whole story on a real kernel, told by the commands a user would type, each result verified.

Runs inside the lab, in a namespace of its own. The node has bond0 (eth0, eth1) with the default route; eth2 and eth3
are free. A second namespace plays the rack: the switch behind all four and the gateway.
"""

from __future__ import annotations

import difflib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from netkernel import netns
from netkernel.kernel import LinuxKernel

EXAMPLES: Final = Path(__file__).resolve().parent.parent / "deploy" / "examples"
Dump = dict[str, list[dict[str, Any]]]

BOTH: Final = ("worker-bond1.yaml", "worker-bond1-br1.yaml")
RACK: Final = "rack"
GATEWAY: Final = "192.0.2.1"
BOLD, DIM, RED, GREEN, PLAIN = ("\033[1m", "\033[2m", "\033[31m", "\033[32m", "\033[0m")

NODE: Final = """
link add bond0 type bond mode active-backup miimon 100
link set eth0 master bond0
link set eth1 master bond0
link set bond0 up
address add 192.0.2.10/24 dev bond0
route add default via 192.0.2.1
"""

TYPOS: Final = """\
apiVersion: nmstate.io/v1
kind: NodeNetworkConfigurationPolicy
metadata: {name: typos}
spec:
  desiredState:
    interfaces:
      - name: bond2
        type: bond
        state: up
        link-aggregation:
          mode: active-backup
          options: {miimom: 100, lacp_rate: fast}
          port: [eth2, eth9]
      - name: bond2.4095
        type: vlan
        vlan: {base-iface: bond2, id: 4095}
"""

CUTS_THE_NODE_OFF: Final = """\
apiVersion: nmstate.io/v1
kind: NodeNetworkConfigurationPolicy
metadata: {name: wrong-subnet}
spec:
  desiredState:
    interfaces:
      - name: bond0
        type: bond
        state: up
        ipv4:
          enabled: true
          address:
            - {ip: 192.0.2.110, prefix-length: 32}
"""

RENUMBER: Final = """\
interfaces:
  - name: br1
    type: linux-bridge
    state: up
    ipv4:
      enabled: true
      address:
        - {ip: 203.0.113.10, prefix-length: 24}
"""


class Story:
    """Tells what happens, runs what it tells, and stops at the first thing that is not as promised."""

    def __init__(self, directory: Path, colour: bool) -> None:
        self._directory = directory
        self._colour = colour
        self.promises = 0

    def chapter(self, title: str) -> None:
        print(f"\n{self._in(BOLD, title)}", flush=True)

    def file(self, name: str, text: str) -> None:
        """Show a file and lay it beside the others."""
        (self._directory / name).write_text(text)
        print(self._in(DIM, f"$ cat {name}"))
        print(self._in(DIM, "\n".join(f"  {line}" for line in text.splitlines())), flush=True)

    def nncp(self, *arguments: str, status: int = 0, given: str = "", quiet: bool = False) -> str:
        """Run `nncp` as a user would; its output is shown and returned. Raises SystemExit on another exit status."""
        if not quiet:
            print(f"$ {'nncp show | ' if given else ''}nncp {' '.join(arguments)}", flush=True)
        command = [sys.executable, "-m", "nncp_agent.cli", "--state-dir", str(self._directory / "state"), *arguments]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
        done = subprocess.run(
            command, cwd=self._directory, env=environment, input=given, capture_output=True, text=True
        )
        if not quiet:
            print("".join(f"  {line}\n" for line in (done.stderr + done.stdout).splitlines()), end="")
        if status:
            print(self._in(DIM, f"  (exit status {done.returncode})"))
        if done.returncode != status:
            raise SystemExit(f"demo: wanted exit status {status}, found {done.returncode}")
        return done.stdout

    def promise(self, words: str, kept: bool) -> None:
        """One thing the reader may rely on, checked by other means than our own code."""
        mark = self._in(GREEN, "verified") if kept else self._in(RED, "BROKEN")
        print(f"  {mark}: {words}", flush=True)
        if not kept:
            raise SystemExit(f"demo: {words}: not so")
        self.promises += 1

    def unchanged(self, words: str, was: Dump, deadline_s: float = 0.0) -> None:
        """The promise that the host is as it was; what differs is shown before the story stops."""
        kept = _settled(lambda: _dump() == was, deadline_s)
        for line in () if kept else _differences(was, _dump()):
            print(f"  {line}")
        self.promise(words, kept)

    def _in(self, colour: str, text: str) -> str:
        return f"{colour}{text}{PLAIN}" if self._colour else text


def main() -> int:
    with netns.throw_away(), tempfile.TemporaryDirectory() as directory:
        story = Story(Path(directory), sys.stdout.isatty() and "NO_COLOR" not in os.environ)
        _build_node()
        try:
            _tell(story, Path(directory))
        finally:
            subprocess.run(["ip", "netns", "delete", RACK], check=False)
    print(f"\nAll {story.promises} promises were verified with iproute2, on Linux {os.uname().release}.")
    return 0


def _tell(story: Story, directory: Path) -> None:
    for example in BOTH:
        (directory / example).write_text((EXAMPLES / example).read_text())
    pristine = _dump()
    _plan(story, pristine)
    _apply(story, pristine)
    made = _nothing_to_do(story)
    _refuse(story, made)
    _go_back(story, made)
    _clear_away(story, directory, pristine)


def _plan(story: Story, pristine: Dump) -> None:
    story.chapter("1. The node: bond0 carries the default route; eth2 and eth3 are free.")
    story.nncp("show", "-o", "table")

    story.chapter(
        "2. Two manifests as they stand in a cluster: a bond with `slaves`, a bridge over it. What would be done?"
    )
    story.nncp("plan", *BOTH)
    story.unchanged("planning touched nothing", pristine)


def _apply(story: Story, pristine: Dump) -> None:
    story.chapter("3. Apply both: one transaction, verified against the kernel before it is kept.")
    story.nncp("apply", *BOTH)
    bond, bridge = _link("bond1"), _link("br1")
    data = bond["linkinfo"]["info_data"]
    story.promise(
        "bond1 is a balance-alb bond, miimon 100, MTU 1450",
        (data["mode"], data["miimon"], bond["mtu"]) == ("balance-alb", 100, 1450),
    )
    story.promise(
        "eth2 and eth3 are its ports", {_link("eth2").get("master"), _link("eth3").get("master")} == {"bond1"}
    )
    story.promise(
        "br1 is a bridge without STP, bond1 its port",
        bridge["linkinfo"]["info_data"]["stp_state"] == 0 and bond["master"] == "br1",
    )
    story.promise(
        "bond0, eth0, eth1, addresses and routes are untouched",
        _only(_dump(), "bond0", "eth0", "eth1") == _only(pristine, "bond0", "eth0", "eth1"),
    )
    story.promise("the gateway answers", _reaches(GATEWAY))
    story.nncp("show", "bond1", "br1")
    story.nncp("show", "-o", "tree")


def _nothing_to_do(story: Story) -> Dump:
    story.chapter("4. The same again: nothing to do, and `show` is a policy that changes nothing.")
    story.promise("a second plan is empty", story.nncp("plan", *BOTH) == "")
    made = _dump()
    story.promise(
        "`nncp show | nncp plan -` is empty", story.nncp("plan", "-", given=story.nncp("show", quiet=True)) == ""
    )
    return made


def _refuse(story: Story, made: Dump) -> None:
    story.chapter("5. A bad policy is refused before anything is touched, all of its problems at once.")
    story.file("typos.yaml", TYPOS)
    story.nncp("apply", "typos.yaml", status=3)
    story.unchanged("nothing was touched", made)


def _go_back(story: Story, made: Dump) -> None:
    story.chapter(
        "6. A policy that cuts the node off is rolled back: the gateway answered before and must answer after."
    )
    story.file("wrong-subnet.yaml", CUTS_THE_NODE_OFF)
    story.nncp("apply", "--check-timeout", "2", "wrong-subnet.yaml", status=1)
    story.unchanged("the host is exactly as it was", made, 10.0)
    story.promise("the gateway answers", _reaches(GATEWAY))

    story.chapter("7. A change on trial: nobody commits it, so the host goes back by itself.")
    story.file("renumber.yaml", RENUMBER)
    story.nncp("apply", "--no-commit", "--timeout", "3", "renumber.yaml")
    story.promise("br1 has the address on trial", "203.0.113.10" in _addresses("br1"))
    story.unchanged("after the deadline the host is exactly as it was", made, 10.0)


def _clear_away(story: Story, directory: Path, pristine: Dump) -> None:
    story.chapter("8. What happened, and back to where we began.")
    story.nncp("history")
    (directory / "gone.yaml").write_text(
        "interfaces:\n- {name: br1, type: linux-bridge, state: absent}\n- {name: bond1, type: bond, state: absent}\n"
    )
    story.nncp("apply", "gone.yaml")
    story.promise(
        "bond1 and br1 are gone, eth2 and eth3 have their own MACs and MTU back", _settled(lambda: _is_free(pristine))
    )


def _build_node() -> None:
    """eth0 … eth3 are veths whose far ends are ports of a switch in another namespace."""
    subprocess.run(["ip", "netns", "delete", RACK], check=False, stderr=subprocess.DEVNULL)
    _ip("netns add " + RACK)
    for n in range(4):
        _ip(f"link add eth{n} address 52:54:00:00:00:0{n} type veth peer name port{n} netns {RACK}")
    _ip("link set lo up")
    for line in NODE.strip().splitlines():
        _ip(line)
    rack = "link add tor type bridge\nlink set tor up\naddress add 192.0.2.1/24 dev tor\nlink set lo up\n"
    rack += "".join(f"link set port{n} master tor up\n" for n in range(4))
    for line in rack.splitlines():
        _ip(f"-n {RACK} {line}")
    if not _settled(lambda: _reaches(GATEWAY)):
        raise SystemExit("demo: the gateway does not answer: the lab is broken")


def _ip(line: str) -> None:
    subprocess.run(["ip", *line.split()], check=True)


def _json(*arguments: str) -> list[dict[str, Any]]:
    """What iproute2 sees: the demo never asks the code it demonstrates whether a promise was kept."""
    out = subprocess.run(["ip", "-j", "-d", *arguments], capture_output=True, check=True, text=True).stdout
    return list(json.loads(out or "[]"))


def _link(name: str) -> dict[str, Any]:
    return next((link for link in _json("link") if link["ifname"] == name), {})


def _addresses(name: str) -> str:
    return json.dumps(_json("address", "show", "dev", name))


def _dump() -> Dump:
    """Everything configured, without counters and timers."""
    asked = {
        "links": ["address"],
        "routes": ["route", "show", "table", "all"],
        "routes6": ["-6", "route", "show", "table", "all"],
        "rules": ["rule"],
        "rules6": ["-6", "rule"],
    }
    return {
        table: [_steady(entry) for entry in _json(*words) if entry.get("protocol") != "kernel"]  # they follow addresses
        for table, words in asked.items()
    }


def _differences(was: Dump, now: Dump) -> list[str]:
    """The lines of two dumps that are in one of them only."""
    before, after = (json.dumps(dump, indent=1, sort_keys=True).splitlines() for dump in (was, now))
    return [line for line in difflib.ndiff(before, after) if line[:1] in "+-"]


def _steady(entry: Any) -> Any:
    """The entry without what moves by itself: timers, lifetimes, learned MACs, what waits for carrier or DAD."""
    moving = {
        *("valid_life_time", "preferred_life_time", "tentative", "linkdown", "flags", "operstate", "state"),
        "fdb_n_learned",
    }
    if isinstance(entry, dict):
        return {key: _steady(value) for key, value in entry.items() if key not in moving and not key.endswith("_timer")}
    return [_steady(value) for value in entry] if isinstance(entry, list) else entry


def _only(dump: Dump, *names: str) -> list[dict[str, Any]]:
    return [entry for table in dump.values() for entry in table if {entry.get("ifname"), entry.get("dev")} & {*names}]


def _is_free(pristine: Dump) -> bool:
    """eth2 and eth3 as they were, but up: a port that leaves a bond stays usable."""

    def configured(dump: Dump) -> list[tuple[Any, ...]]:
        return [(link["address"], link["mtu"], link.get("master")) for link in _only(dump, "eth2", "eth3")[:2]]

    return not _link("bond1") and not _link("br1") and configured(_dump()) == configured(pristine)


def _reaches(address: str) -> bool:
    return subprocess.run(["ping", "-c1", "-W1", address], stdout=subprocess.DEVNULL).returncode == 0


def _settled(is_so: Callable[[], bool], deadline_s: float = 10.0) -> bool:
    """Wait for the claim, woken by each change that the kernel reports."""
    end = time.monotonic() + deadline_s
    with LinuxKernel() as kernel:
        while True:
            kernel.snapshot()
            if is_so():
                return True
            if time.monotonic() > end:
                return False
            kernel.wait(min(0.5, deadline_s))


if __name__ == "__main__":
    sys.exit(main())
