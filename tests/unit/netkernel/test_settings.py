"""What only /proc/sys tells of a link: it goes with the link, and comes back with it when that is undone."""

from __future__ import annotations

import pytest

from netkernel import settings
from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.ops import CreateLink, DeleteLink, Op, SetLink, WriteSysctl
from netkernel.rewind import Remembered, rewind, touch
from netkernel.undo import undo, way_back
from tests.fake_kernel import FakeKernel
from tests.strategies import grown

RP_FILTER, MTU_PROBES = "net/ipv4/conf/v5/rp_filter", "net/ipv6/conf/v5/router_probe_interval"
DELETE = DeleteLink("d0", "dummy")


def host() -> Host:
    """A VLAN on a dummy, with settings of its own; those of others do not matter."""
    made = grown([CreateLink("d0", "dummy"), CreateLink("v5", "vlan", {"link": "d0", "id": 5})])
    theirs = {RP_FILTER: "2", MTU_PROBES: "30", "net/ipv4/conf/eth0/rp_filter": "1"}
    return replace(made, sysctls={**made.sysctls, **theirs})


@pytest.mark.parametrize(
    ("path", "link"),
    [
        (RP_FILTER, "v5"),
        ("net/ipv4/conf/eth0.5/rp_filter", "eth0.5"),
        ("net/ipv6/neigh/v5/locktime", "v5"),
        ("net/ipv4/conf/default/rp_filter", ""),
        ("net/ipv4/conf/all/rp_filter", ""),
        ("net/ipv6/conf/v5/accept_ra", ""),  # in the link's record
        ("net/ipv4/ip_forward", ""),
    ],
)
def test_a_path_tells_whose_it_is(path: str, link: str) -> None:
    assert settings.link_of(path) == link


def test_links_that_go_lose_theirs_and_so_do_those_above_them() -> None:
    assert touch(host(), [DELETE]).losing == {"d0", "v5"}
    assert touch(host(), [SetLink("d0", "dummy", {"mtu": 1000}, {"mtu": 1500})]).losing == {"d0", "v5"}
    assert touch(host(), [SetLink("d0", "dummy", {"mtu": 1400}, {"mtu": 1500})]).losing == set()


@pytest.mark.parametrize("plan", [(DELETE,), (SetLink("d0", "dummy", {"mtu": 1000}, {"mtu": 1500}),)])
def test_what_was_lost_is_written_again(plan: tuple[Op, ...]) -> None:
    before = host()
    kernel = FakeKernel(before)
    remembered = Remembered.from_json(way_back(kernel, before, plan).to_json())
    kernel.execute(plan)
    assert MTU_PROBES not in kernel.snapshot().sysctls
    assert undo(kernel, remembered) == ()
    assert kernel.snapshot().sysctls == before.sysctls
    written = [op.path for op in kernel.executed if isinstance(op, WriteSysctl) and settings.link_of(op.path)]
    assert MTU_PROBES in written and "net/ipv4/conf/eth0/rp_filter" not in written


def test_what_nobody_has_looked_at_is_not_written_over() -> None:
    before = host()
    remembered = way_back(FakeKernel(before), before, (DELETE,))
    unseen = replace(before, sysctls={})
    assert rewind(unseen, remembered).sysctls == {}
    gone = replace(unseen, links={name: link for name, link in before.links.items() if name not in ("d0", "v5")})
    assert rewind(gone, remembered).sysctls == {RP_FILTER: "2", MTU_PROBES: "30"}
