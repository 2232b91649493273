"""A bond over eth1 and eth2 and a bridge over eth3, which another manager makes, and a neighbour beyond their cables.

The neighbour counts: every echo it asks for is answered, or a frame was lost.
"""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from signal import SIGINT
from typing import Any, Final

from netkernel.kernel import LinuxKernel
from nncp_agent.managers import holders

OURS: Final = ("bond0", "br0", "eth1", "eth2", "eth3")
ADDRESSES: Final = {"bond0": "192.0.2.10/24", "br0": "198.51.100.10/24"}
POLICY: Final[dict[str, Any]] = {
    "interfaces": [{"name": "bond0", "type": "bond", "state": "up"}, {"name": "br0", "mtu": 1400}]
}
ADOPT: Final[dict[str, Any]] = {"interfaces": [{"name": "bond0", "state": "up"}, {"name": "br0", "state": "up"}]}
NETWORKD_FILES: Final = {
    "bond0.netdev": "[NetDev]\nName=bond0\nKind=bond\n[Bond]\nMode=active-backup\nMIIMonitorSec=100ms\n",
    "br0.netdev": "[NetDev]\nName=br0\nKind=bridge\n",
    "20-bond0-ports.network": "[Match]\nName=eth1 eth2\n[Network]\nBond=bond0\n",
    "20-br0-ports.network": "[Match]\nName=eth3\n[Network]\nBridge=br0\n",
    **{
        f"20-{name}.network": f"[Match]\nName={name}\n[Network]\nAddress={address}\n"
        "LinkLocalAddressing=no\nIPv6AcceptRA=no\n"
        for name, address in ADDRESSES.items()
    },
}
"""What makes the same of systemd-networkd."""
_LOOKED_AT: Final = ("state", "mac-address", "mtu", "controller", "ipv4", "ipv6", "link-aggregation")
"""A bridge shows timers, which run."""
_NEIGHBOUR: Final = """\
ip netns add far
for n in 1 2 3; do ip link set far$n netns far; done
ip -n far link add sw type bridge
ip -n far link set far1 master sw
ip -n far link set far2 master sw
ip -n far addr add 192.0.2.1/24 dev sw
ip -n far addr add 198.51.100.1/24 dev far3
for l in sw far1 far2 far3; do ip -n far link set $l up; done
"""
KEPT: Final = "/var/lib/claimed"
"""A directory that outlasts a reboot, for `remember`."""
_LEAST: Final = 50
"""Echoes after a change; what a manager does late shows in them."""


def run(*words: str) -> str:
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def neighbour() -> None:
    subprocess.run(["sh", "-ec", _NEIGHBOUR], check=True)


def until(
    condition: Callable[[], bool],
    what: str | Callable[[], object] = "",
    limit_s: float = 120,
    pause_s: float = 0.1,
) -> None:
    """Managers work in their own time and tell nobody when they are done."""
    deadline = time.monotonic() + limit_s
    with LinuxKernel() as kernel:
        while not condition():
            assert time.monotonic() < deadline, (
                f"not within {limit_s} s: {what if isinstance(what, str) else what()}; "
                f"held: {held()}; {run('ip', '-br', 'addr')}"
            )
            kernel.wait(pause_s)


def held() -> dict[str, str]:
    with LinuxKernel() as kernel:
        return {name: str(holder) for name, holder in holders(kernel.snapshot().links).items()}


def looks() -> dict[str, Any]:
    """Our links as they are, by the kernel's word: what a claim must leave alone."""
    shown = {each["name"]: each for each in json.loads(run("nncp", "show", "-o", "json"))["interfaces"]}
    indexes = {each["ifname"]: each["ifindex"] for each in json.loads(run("ip", "-j", "link"))}
    return {name: (indexes[name], {key: shown[name].get(key) for key in _LOOKED_AT}) for name in OURS}


def not_as(before: Mapping[str, Any]) -> list[str]:
    """What of our links does not look as it did."""
    return [
        f"{name}: {key}: was {was[key]}, is {now[key]}"
        for (name, (_, was)), (_, now) in zip(before.items(), looks().values(), strict=True)
        for key in was
        if was[key] != now[key]
    ]


def remember() -> None:
    """Our links as they are, for `as_remembered` after a reboot, which gives them other numbers."""
    Path(KEPT, "looks.json").write_text(json.dumps({name: seen for name, (_, seen) in looks().items()}))


def as_remembered() -> bool:
    """Whether they are again what they were when this machine ran last."""
    remembered = json.loads(Path(KEPT, "looks.json").read_text())
    return bool(remembered == {name: seen for name, (_, seen) in looks().items()})


@contextmanager
def nothing_lost(directory: Path, addresses: Mapping[str, str] = ADDRESSES) -> Iterator[None]:
    """Every echo that the neighbour asks for in the block, and for a while after it, is answered."""
    asking = [_asking(directory / name, address.partition("/")[0]) for name, address in addresses.items()]
    for path, _ in asking:
        until(lambda path=path: _answers(path) > _LEAST, "answers")  # type: ignore[misc]  # called at once
    yield
    for path, _ in asking:
        so_far = _answers(path)
        until(lambda path=path, n=so_far: _answers(path) > n + _LEAST, "answers")  # type: ignore[misc]
    for path, process in asking:
        process.send_signal(SIGINT)
        process.wait()
        sent, received = map(int, re.findall(r"(\d+) packets transmitted, (\d+) received", path.read_text())[0])
        assert sent - received <= 1, path.read_text()[-400:]  # the last one may still be on its way


def _asking(path: Path, address: str) -> tuple[Path, subprocess.Popen[bytes]]:
    words = ["ip", "netns", "exec", "far", "ping", "-i", "0.01", "-W", "1", address]
    with path.open("wb") as out:
        return path, subprocess.Popen(words, stdout=out)


def _answers(path: Path) -> int:
    return path.read_text().count("bytes from")
