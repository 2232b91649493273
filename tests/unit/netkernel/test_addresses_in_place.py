"""Addresses that change their metric, protocol or prefix route: nothing that needs them goes on the way."""

from __future__ import annotations

import pytest

from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.ops import AddAddress, AddRoute, SetLink, inverse
from netkernel.reconcile import reconcile
from netkernel.records import Address, Hop, Route
from netkernel.rewind import remember
from netkernel.undo import undo
from tests.fake_kernel import FakeKernel
from tests.same_host import changes
from tests.strategies import bare

FOUR, SECOND = Address("eth0", "192.0.2.1", 24), Address("eth0", "192.0.2.2", 24)
SIX = Address("eth0", "2001:db8::1", 64)


def busy() -> Host:
    """eth0 up with two addresses of a subnet, one of IPv6, and a route with a source."""
    kernel = FakeKernel(bare())
    kernel.execute([SetLink("eth0", "", {"up": True}, {"up": False}), *map(AddAddress, (FOUR, SECOND, SIX))])
    kernel.execute([AddRoute(Route("10.0.0.0/8", (Hop("eth0", "192.0.2.9"),), source="192.0.2.2"))])
    return kernel.snapshot()


def with_one_changed(host: Host, new: Address) -> Host:
    changed = tuple(new if each.key == new.key else each for each in host.addresses["eth0"])
    return replace(host, addresses={**host.addresses, "eth0": changed})


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (FOUR, replace(FOUR, metric=50), "set address 192.0.2.1/24 on eth0 metric 0 -> 50"),
        (SIX, replace(SIX, protocol=9), "set address 2001:db8::1/64 on eth0 protocol 0 -> 9"),
        (SIX, replace(SIX, flags=0x200), "set address 2001:db8::1/64 on eth0 flags 0 -> 512"),
    ],
)
def test_what_the_kernel_changes_in_place_is_changed_so(old: Address, new: Address, line: str) -> None:
    before = busy()
    plan = reconcile(before, with_one_changed(before, new))
    assert [str(op) for op in plan] == [line]
    assert inverse(inverse(plan)) == plan
    kernel = FakeKernel(before)
    kernel.execute(plan)
    assert new in kernel.snapshot().addresses["eth0"]
    assert undo(kernel, remember(before, plan)) == ()
    assert changes(before, kernel.snapshot(), link_local=True) == []


@pytest.mark.parametrize(
    "change", [{"flags": 0x200}, {"label": "eth0:web"}, {"broadcast": "192.0.2.255"}, {"protocol": 9}]
)
def test_what_the_kernel_ignores_of_an_ipv4_address_is_made_anew(change: dict[str, int]) -> None:
    before = busy()
    lines = [str(op) for op in reconcile(before, with_one_changed(before, replace(FOUR, **change)))]
    assert "delete address 192.0.2.1/24 on eth0" in lines
    assert "add address 192.0.2.1/24 on eth0" in lines
