"""The model of the kernel against a kernel: random histories and plans, each op done by both, and both say the same."""

from __future__ import annotations

import errno
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import monotonic

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from lab import namespaces
from netkernel import devconf
from netkernel.errors import KernelRefused
from netkernel.host import Host
from netkernel.kernel import LinuxKernel
from netkernel.link_local import is_link_local
from netkernel.ops import AddRoute, CreateLink, Op, SetPort
from netkernel.records import Address, Link, Value
from netkernel.simulation import World, step
from tests.kernel.older import SINCE_LINUX_6_17
from tests.strategies import bare, busy, histories

pytestmark = pytest.mark.needs_kernel("bonding", "vlan", "bridge_vlan", "dummy")

PATIENCE_S = 30.0


@contextmanager
def standing() -> Iterator[LinuxKernel]:
    """A kernel with the NICs of `strategies.bare`, as dummies, in a namespace of its own."""
    with namespaces.standing_in(), LinuxKernel() as kernel:
        kernel.execute([CreateLink(link.name, "dummy", {"address": link.address}) for link in bare().links.values()])
        yield kernel


def answer(execute: object, *arguments: object) -> str:
    """What a kernel, or its model, says to an op: "yes" or its errno."""
    try:
        execute(*arguments)  # type: ignore[operator]
    except KernelRefused as refused:
        return f"no ({refused.errno})"
    return "yes"


def grow(kernel: LinuxKernel, history: Sequence[Op]) -> Host:
    """What stands after all of `history` that the kernel takes."""
    for op in history:
        answer(kernel.execute, [op])
    return kernel.snapshot()


def differences(model: Host, real: Host) -> Iterator[str]:
    """What the model has otherwise than the kernel. What the model calls unknown agrees with everything."""
    if model.links.keys() != real.links.keys():
        yield f"links: model {sorted(model.links)}, kernel {sorted(real.links)}"
        return
    for name, link in model.links.items():
        yield from _of_link(link, real.links[name])
        mine, theirs = _stated(model.addresses.get(name, ())), _stated(real.addresses.get(name, ()))
        if mine != theirs:
            yield f"{name}: addresses: model {mine}, kernel {theirs}"
        if model.vlans.get(name, ()) != real.vlans.get(name, ()):
            yield f"{name}: VLANs: model {model.vlans.get(name)}, kernel {real.vlans.get(name)}"
    for table in ("routes", "rules", "neighbours", "nexthops"):
        mine, theirs = frozenset(getattr(model, table)), frozenset(getattr(real, table))
        if mine != theirs:
            yield f"{table}: only the model has {[*mine - theirs]}, only the kernel {[*theirs - mine]}"
    if model.sysctls != real.sysctls:
        yield f"sysctls: model {model.sysctls}, kernel {real.sysctls}"


def _of_link(model: Link, real: Link) -> Iterator[str]:
    pairs: list[tuple[str, Value | None, Value | None]] = [("kind", model.kind, real.kind)]
    pairs += [(key, value, real.attrs.get(key)) for key, value in model.attrs.items()]
    pairs += [(f"port {key}", value, real.port.get(key)) for key, value in model.port.items()]
    pairs += [
        (f"conf6 {key}", value, devconf.get(real.conf6, key)) for key, value in devconf.stated(model.conf6).items()
    ]
    for key, mine, theirs in pairs:
        if mine != theirs and not (key in SINCE_LINUX_6_17 and theirs is None):
            yield f"{model.name}: {key}: model {mine!r}, kernel {theirs!r}"


def _stated(addresses: tuple[Address, ...]) -> list[str]:
    """The kernel makes link-local ones when carrier comes, which is no part of any op."""
    return [f"{each.ip}/{each.prefix}" for each in addresses if not is_link_local(each)]


def unsettled(kernel: LinuxKernel, model: Host) -> list[str]:
    """The differences that stay: since Linux 7 VLANs follow their base from a work queue (vlan_dev_work)."""
    deadline = monotonic() + PATIENCE_S
    while (found := list(differences(model, kernel.snapshot()))) and (left := deadline - monotonic()) > 0:
        kernel.wait(left)
    return found


def is_gateway_unreachable(op: Op, said: str) -> bool:
    """The one refusal the model leaves to the kernel, as `simulation.ip.add_route` says.

    EINVAL comes with the words "Nexthop has invalid gateway" (net/ipv4/fib_semantics.c).
    """
    return isinstance(op, AddRoute) and said in (f"no ({errno.ENETUNREACH})", f"no ({errno.EINVAL})")


def is_misread(world: World, op: Op) -> bool:
    """Port options go to whatever driver the controller has, which takes their numbers for its own."""
    return isinstance(op, SetPort) and op.name in world.links and world.kind_of(world.links[op.name].master) == "bond"


FIXED = settings(max_examples=40, deadline=None, derandomize=True, database=None, phases=(Phase.generate,))


@FIXED
@given(st.one_of(histories, busy()))
def test_each_op_of_a_history_does_to_a_kernel_what_the_model_says(history: list[Op]) -> None:
    with standing() as kernel:
        world = World(kernel.snapshot())
        for done, op in enumerate(history, 1):
            if is_misread(world, op):
                continue
            said = answer(kernel.execute, [op])
            foretold = said if is_gateway_unreachable(op, said) else answer(step, world, op)
            found = [f"answer: model {foretold}, kernel {said}"] if said[:3] != foretold[:3] else []
            found += unsettled(kernel, world.host())
            assert not found, "\n".join(("", *map(str, history[:done]), *found[:1]))
