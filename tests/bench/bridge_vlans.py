"""All VLANs on a bridge port."""

from __future__ import annotations

import json
import subprocess

from netkernel.kernel import LinuxKernel
from netkernel.ops import AddVlans, CreateLink, SetLink
from netkernel.records import VlanRange
from tests.bench.contest import Contest, Side


def contests() -> list[Contest]:
    ours = Side("one range op", _ready, _add, _all_there)
    peer = Side("bridge vlan add vid 2-4094", _ready, _bridge, _all_there)
    return [Contest("4093 VLANs on a bridge port", ours, (peer,), (None,))]


def _ready() -> None:
    with LinuxKernel() as kernel:
        kernel.execute(
            [
                CreateLink("br0", "bridge", {"vlan_filtering": 1, "up": True}),
                CreateLink("p0", "dummy"),
                SetLink("p0", "dummy", {"master": "br0"}, {"master": ""}),
            ]
        )


def _add(_: object) -> None:
    with LinuxKernel() as kernel:
        kernel.execute([AddVlans("p0", VlanRange(2, 4094))])


def _bridge(_: object) -> None:
    subprocess.run(["bridge", "vlan", "add", "dev", "p0", "vid", "2-4094"], check=True)


def _all_there() -> bool:
    shown = json.loads(subprocess.run(["bridge", "-j", "vlan", "show", "dev", "p0"], capture_output=True).stdout)
    return sum(v.get("vlanEnd", v["vlan"]) - v["vlan"] + 1 for v in shown[0]["vlans"]) >= 4093
