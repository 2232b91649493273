"""Which link can sit on which, and be whose port: a kernel and the model of it say the same of every pair."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pytest

from lab import namespaces
from netkernel.errors import KernelRefused
from netkernel.kernel import LinuxKernel
from netkernel.ops import CreateLink, Op, SetLink
from netkernel.simulation import World, step

pytestmark = pytest.mark.needs_kernel(
    "bonding", "vlan", "bridge", "dummy", "macvlan", "macvtap", "ipvlan", "macsec", "vxlan", "vrf", "hsr", "gre"
)

NIC, OTHER = CreateLink("d0", "dummy"), CreateLink("d1", "dummy")
UP: Final = SetLink("d0", "dummy", {"up": True}, {"up": False})
VRF: Final = CreateLink("red", "vrf", {"table": 9})
LOWER: Final[dict[str, Sequence[Op]]] = {
    "dummy": [CreateLink("low", "dummy")],
    "vlan": [CreateLink("low", "vlan", {"link": "d0", "id": 5})],
    "macvlan": [CreateLink("low", "macvlan", {"link": "d0", "mode": "bridge"})],
    "macvtap": [CreateLink("low", "macvtap", {"link": "d0", "mode": "bridge"})],
    "passthru": [CreateLink("low", "macvlan", {"link": "d0", "mode": "passthru"})],
    "ipvlan": [CreateLink("low", "ipvlan", {"link": "d0", "mode": "l2"})],
    "macsec": [CreateLink("low", "macsec", {"link": "d0"})],
    "vxlan": [CreateLink("low", "vxlan", {"id": 5, "remote": "192.0.2.1"})],
    "vrf": [CreateLink("low", "vrf", {"table": 10})],
    "hsr": [CreateLink("low", "hsr", {"slave1": "d0", "slave2": "d1", "version": 1})],
    "bridge": [CreateLink("low", "bridge")],
    "bond": [CreateLink("low", "bond", {"mode": "active-backup"})],
    "gre": [CreateLink("low", "gre", {"local": "192.0.2.1", "remote": "192.0.2.2"})],
    "gretap": [CreateLink("low", "gretap", {"local": "192.0.2.1", "remote": "192.0.2.2"})],
    "port of a bond": [
        CreateLink("low", "dummy"),
        CreateLink("b0", "bond", {"mode": "active-backup"}),
        SetLink("low", "dummy", {"master": "b0"}, {"master": ""}),
    ],
    "port of a bridge": [
        CreateLink("low", "dummy"),
        CreateLink("b0", "bridge"),
        SetLink("low", "dummy", {"master": "b0"}, {"master": ""}),
    ],
    "port of a vrf": [CreateLink("low", "dummy"), VRF, SetLink("low", "dummy", {"master": "red"}, {"master": ""})],
}
JOIN: Final = SetLink("low", "", {"master": "top"}, {"master": ""})
UPPER: Final[dict[str, Sequence[Op]]] = {
    "vlan": [CreateLink("top", "vlan", {"link": "low", "id": 7})],
    "service vlan": [CreateLink("top", "vlan", {"link": "low", "id": 7, "protocol": "802.1ad"})],
    "macvlan": [CreateLink("top", "macvlan", {"link": "low", "mode": "bridge"})],
    "macvtap": [CreateLink("top", "macvtap", {"link": "low", "mode": "bridge"})],
    "ipvlan": [CreateLink("top", "ipvlan", {"link": "low", "mode": "l2"})],
    "macsec": [CreateLink("top", "macsec", {"link": "low", "port": 9})],
    "vxlan": [CreateLink("top", "vxlan", {"id": 9, "link": "low", "remote": "192.0.2.7"})],
    "hsr": [CreateLink("d2", "dummy"), CreateLink("top", "hsr", {"slave1": "low", "slave2": "d2", "version": 1})],
    "bridge": [CreateLink("top", "bridge"), JOIN],
    "bond": [CreateLink("top", "bond", {"mode": "active-backup", "mtu": 1400}), JOIN],
    "vrf": [CreateLink("top", "vrf", {"table": 11}), JOIN],
}


@pytest.mark.parametrize("lower", LOWER)
def test_the_model_takes_on_a_link_what_the_kernel_takes(lower: str) -> None:
    for upper, ops in UPPER.items():
        with namespaces.standing_in(), LinuxKernel() as kernel:
            kernel.execute([NIC, OTHER, UP, *LOWER[lower]])
            world = World(kernel.snapshot())
            assert _answer(kernel, ops, world) == "", f"{upper} on {lower}"


@pytest.mark.parametrize("upper", [each for each in UPPER if each not in ("bond", "vxlan")])
def test_nothing_but_a_vxlan_sits_on_the_loopback(upper: str) -> None:
    on_lo = [_on_lo(op) for op in UPPER[upper]]
    with namespaces.standing_in(), LinuxKernel() as kernel:
        world = World(kernel.snapshot())
        assert _answer(kernel, on_lo, world) == ""
        with pytest.raises(KernelRefused):
            step(world, on_lo[-1])


def _on_lo(op: Op) -> Op:
    if isinstance(op, SetLink):
        return SetLink("lo", op.kind, op.new, op.old)
    assert isinstance(op, CreateLink)
    return CreateLink(op.name, op.kind, {key: "lo" if value == "low" else value for key, value in op.attrs.items()})


def _answer(kernel: LinuxKernel, ops: Sequence[Op], world: World) -> str:
    """What the kernel says otherwise than its model, or has otherwise below; "" for nothing."""
    for op in ops:
        said = []
        for execute in (lambda op: kernel.execute([op]), lambda op: step(world, op)):
            try:
                execute(op)
                said.append(0)
            except KernelRefused as refused:
                said.append(refused.errno)
        if said[0] != said[1]:
            return f"{op}: the kernel says {said[0]}, the model {said[1]}"
    real, model = kernel.snapshot().links.get("top"), world.links.get("top")
    mine, theirs = (link.below if link else () for link in (model, real))
    return "" if mine == theirs else f"the kernel has it on {theirs}, the model on {mine}"
