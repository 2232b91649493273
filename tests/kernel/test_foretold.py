"""The model of the kernel against the kernel: what `simulation` foretells of an op comes true, refusals included."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, given, settings

from lab import namespaces
from netkernel.errors import KernelRefused
from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.kernel import LinuxKernel
from netkernel.link_local import is_kernel_made, is_link_local
from netkernel.ops import AddRoute, CreateLink, Op, SetLink, SetPort
from netkernel.records import Link, Neighbour
from netkernel.simulation import perform
from tests.kernel.older import SINCE_LINUX_6_17
from tests.strategies import NICS, full_histories

pytestmark = pytest.mark.needs_kernel("veth", "bonding", "bridge", "vlan", "ipv6")

PATIENCE_S = 30.0
EXAMPLES = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@contextmanager
def three_nics() -> Iterator[LinuxKernel]:
    """A namespace with three links that have a carrier: veths, whose far ends nobody touches."""
    with namespaces.standing_in(), LinuxKernel() as kernel:
        for number, name in enumerate(NICS, 1):
            mac = f"02:00:00:00:00:{number:02x}"
            kernel.execute(
                [
                    CreateLink(name, "veth", {"peer": f"far{number}", "address": mac}),
                    SetLink(f"far{number}", "veth", {"addr_gen_mode": "none", "up": True}, {}),
                ]
            )
        yield kernel


def wrong(foretold: Host, found: Host) -> list[str]:
    """What of a prediction did not come true; what it leaves open (a random MAC) may be anything."""
    lines = [f"{name}: foretold {name in foretold.links}" for name in foretold.links.keys() ^ found.links.keys()]
    for name in sorted(foretold.links.keys() & found.links.keys()):
        lines += _wrong_link(foretold.links[name], found.links[name])
        lines += _wrong_set(name, _addresses(foretold, name), _addresses(found, name))
        lines += _wrong_set(f"{name} vlans", foretold.vlans.get(name, ()), found.vlans.get(name, ()))
    for table in ("routes", "rules", "nexthops"):
        lines += _wrong_set(table, getattr(foretold, table), getattr(found, table))
    return lines + _wrong_set("neighbours", _neighbours(foretold, foretold), _neighbours(found, foretold))


def _neighbours(host: Host, foretold: Host) -> list[Neighbour]:
    """Where the MAC is not known, neither is whether it changed, which loses them."""
    return [each for each in host.neighbours if "address" in foretold.links[each.link].attrs]


def _wrong_link(foretold: Link, found: Link) -> list[str]:
    lines = []
    for what in ("attrs", "port"):
        said, seen = getattr(foretold, what), getattr(found, what)
        for key, value in said.items():
            if key not in seen and (value in ("", ()) or key in SINCE_LINUX_6_17):
                continue
            if seen.get(key, "") != value:
                lines.append(f"{foretold.name}: {what} {key}: foretold {value!r}, found {seen.get(key)!r}")
    return lines


def _addresses(host: Host, name: str) -> list[object]:
    """Without what the kernel makes by itself: that waits for a carrier."""
    link = host.links[name]
    return [
        replace(each, state=0)
        for each in host.addresses.get(name, ())
        if not is_kernel_made(each, link) and not is_link_local(each)
    ]


def _wrong_set(what: str, foretold: Sequence[object], found: Sequence[object]) -> list[str]:
    lines = [f"{what}: foretold {each}, not found" for each in foretold if each not in found]
    return lines + [f"{what}: found {each}, not foretold" for each in found if each not in foretold]


def settled(kernel: LinuxKernel, foretold: Host) -> list[str]:
    """What did not come true in time: since Linux 7 VLANs follow their base a moment later, by themselves."""
    deadline = time.monotonic() + PATIENCE_S
    while (lines := wrong(foretold, kernel.snapshot())) and (left_s := deadline - time.monotonic()) > 0:
        kernel.wait(left_s)
    return lines


def check(kernel: LinuxKernel, op: Op) -> bool:
    """Execute `op` and compare with what the model says; whether it was taken."""
    before = kernel.snapshot()
    if isinstance(op, SetPort) and op.name in before.links:
        controller = before.links.get(before.links[op.name].master)
        if controller is None or controller.kind != op.controller_kind:
            return False  # the kernel reads one controller's numbers as another's
    try:
        foretold = perform(before, op)
    except KernelRefused as refused:
        with pytest.raises(KernelRefused) as said:
            kernel.execute([op])
        if not isinstance(op, AddRoute):  # several things may be wrong with it
            assert said.value.errno == refused.errno, f"{op}: foretold {refused}, found {said.value}"
        return False
    kernel.execute([op])
    assert not settled(kernel, foretold), str(op)
    return True


@EXAMPLES
@given(full_histories)
def test_each_op_does_what_the_model_says(history: list[Op]) -> None:
    with three_nics() as kernel:
        for op in history:
            check(kernel, op)
