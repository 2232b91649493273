"""Every attribute of a tunnel, written and read back on a real kernel; and what a change must not lose."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netkernel import simulation
from netkernel.errors import KernelRefused
from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.kernel import LinuxKernel
from netkernel.link_kinds import KINDS
from netkernel.ops import AddAddress, CreateLink, Op, SetLink
from netkernel.reconcile import reconcile
from netkernel.records import Address, Attrs, Value

pytestmark = pytest.mark.needs_kernel("dummy", "ipv6", "ipip", "sit", "gre", "ip6tnl", "ip6gre", "geneve")
KEY = 0x2000
_FOUR: dict[str, Value] = {"local": "192.0.2.1", "remote": "198.51.100.2"}
_SIX: dict[str, Value] = {"local": "2001:db8::1", "remote": "2001:db8:1::2"}
_COMMON: dict[str, Value] = {"link": "base", "ttl": 5, "fwmark": 7}
_OVER4: dict[str, Value] = {**_FOUR, **_COMMON, "tos": 4}
_OVER6: dict[str, Value] = {**_SIX, **_COMMON, "encap_limit": 3, "flowinfo": 0x2012345, "flags": 0x42}
_KEYS: dict[str, Value] = {"iflags": KEY | 0x8000, "oflags": KEY, "ikey": 5, "okey": 6}
BORN: dict[str, dict[str, Value]] = {
    "ipip": {**_OVER4, "proto": 0},
    "sit": {**_OVER4, "proto": 4},
    "gre": {**_OVER4, **_KEYS},
    "gretap": {**_OVER4, **_KEYS, "ignore_df": 1, "pmtudisc": 0},
    "ip6tnl": {**_OVER6, "proto": 4},
    "ip6gre": {**_OVER6, **_KEYS},
    "ip6gretap": {**_OVER6, **_KEYS},
    "geneve": {
        "id": 7, "remote6": "2001:db8::9", "ttl": 5, "tos": 4, "port": 7000, "label": 0x12345, "df": "set",
        "remote": "",
    },
}  # fmt: skip
LATER: dict[str, dict[str, Value]] = {
    "ipip": {"local": "192.0.2.9", "remote": "192.0.2.8", "ttl": 9, "tos": 8, "link": "other", "fwmark": 1},
    "sit": {"local": "192.0.2.9", "remote": "192.0.2.8", "ttl": 9, "tos": 8, "link": "other", "fwmark": 1},
    "gre": {
        "local": "192.0.2.9", "remote": "192.0.2.8", "ttl": 9, "tos": 8, "link": "other", "fwmark": 1, "ikey": 9,
        "okey": 8, "iflags": KEY, "oflags": KEY | 0x8000, "pmtudisc": 0,
    },
    "gretap": {
        "local": "192.0.2.9", "remote": "", "ttl": 9, "tos": 8, "link": "other", "fwmark": 1, "ikey": 9, "okey": 8,
        "ignore_df": 0,
    },
    "ip6tnl": {
        "local": "2001:db8::9", "remote": "2001:db8::8", "ttl": 9, "link": "other", "fwmark": 1, "encap_limit": 9,
        "flowinfo": 0x1054321, "flags": 1, "proto": 41,
    },
    "ip6gre": {
        "local": "2001:db8::9", "remote": "2001:db8::8", "ttl": 9, "link": "other", "fwmark": 1, "encap_limit": 9,
        "flowinfo": 0x1054321, "flags": 1, "ikey": 9, "okey": 8,
    },
    "ip6gretap": {
        "local": "2001:db8::9", "remote": "2001:db8::8", "ttl": 9, "link": "other", "fwmark": 1, "encap_limit": 9,
        "flowinfo": 0x1054321, "flags": 1, "ikey": 9, "okey": 8,
    },
    "geneve": {"remote6": "2001:db8::8", "ttl": 9, "tos": 8, "label": 1, "df": "inherit"},
}  # fmt: skip
CHANGES = [(kind, key) for kind, later in LATER.items() for key in later]


@pytest.fixture
def tunnelled(netns: str) -> Iterator[LinuxKernel]:
    """Two links with different MTUs that tunnels can sit on, and addresses they can begin at."""
    addresses = [Address("base", "192.0.2.1", 24), Address("base", "2001:db8::1", 64, flags=0x02)]
    bases = [CreateLink("base", "dummy", {"up": True}), CreateLink("other", "dummy", {"up": True, "mtu": 1400})]
    with LinuxKernel() as kernel:
        kernel.execute(bases)
        kernel.execute([AddAddress(each) for each in addresses])
        yield kernel


@pytest.mark.parametrize("kind", sorted(BORN))
def test_a_tunnel_is_made_as_it_is_wanted(tunnelled: LinuxKernel, kind: str) -> None:
    tunnelled.execute([CreateLink("x0", kind, BORN[kind])])
    found = tunnelled.snapshot().links["x0"].attrs
    assert {key: found[key] for key in BORN[kind]} == BORN[kind]


@pytest.mark.parametrize("kind", sorted(BORN))
def test_a_tunnel_made_of_nothing_but_its_remote_has_what_its_kind_says(tunnelled: LinuxKernel, kind: str) -> None:
    bare = {key: BORN[kind][key] for key in ("id", "remote", "remote6") if key in BORN[kind]}
    before = tunnelled.snapshot()
    tunnelled.execute([op := CreateLink("x0", kind, bare)])
    link, model = tunnelled.snapshot().links["x0"], simulation.perform(before, op).links["x0"]
    wanted = {key: value for key, value in {**KINDS[kind].defaults, **bare}.items() if key in link.attrs}
    assert {key: link.attrs[key] for key in wanted} == wanted
    assert (link.min_mtu, link.type) == (KINDS[kind].mtus[0], KINDS[kind].type)
    known = {key: value for key, value in model.attrs.items() if key in link.attrs}
    drawn = {"address"} if KINDS[kind].type == 1 else set()
    assert {key: link.attrs[key] for key in known if key not in drawn} == {
        key: value for key, value in known.items() if key not in drawn
    }


@pytest.mark.parametrize(("kind", "key"), CHANGES)
def test_one_attribute_of_a_tunnel_changes_and_the_others_stay(tunnelled: LinuxKernel, kind: str, key: str) -> None:
    tunnelled.execute([CreateLink("x0", kind, BORN[kind])])
    before = tunnelled.snapshot()
    plan = _plan(before, "x0", {key: LATER[kind][key]})
    tunnelled.execute(plan)
    after = tunnelled.snapshot()
    moved = {"address"} if key == "local" else set()
    wanted = {**before.links["x0"].attrs, key: LATER[kind][key]}
    assert {each: after.links["x0"].attrs[each] for each in wanted if each not in moved} == {
        each: value for each, value in wanted.items() if each not in moved
    }
    assert len(plan) == 1 and isinstance(plan[0], SetLink)
    tunnelled.execute([op.inverse() for op in reversed(plan)])
    assert tunnelled.snapshot().links["x0"] == before.links["x0"]


@pytest.mark.parametrize(("kind", "key"), [each for each in CHANGES if LATER[each[0]][each[1]] != ""])
def test_the_model_of_a_changing_tunnel_is_the_kernels(tunnelled: LinuxKernel, kind: str, key: str) -> None:
    tunnelled.execute([CreateLink("x0", kind, BORN[kind])])
    before = tunnelled.snapshot()
    op = SetLink("x0", kind, {key: LATER[kind][key]}, {key: BORN[kind].get(key, 0)})
    try:
        model = dict(simulation.perform(before, op).links["x0"].attrs)
        tunnelled.execute([op])
    except KernelRefused:
        with pytest.raises(KernelRefused):
            tunnelled.execute([op])
        return
    found = tunnelled.snapshot().links["x0"].attrs
    assert {each: found[each] for each in model} == model


@pytest.mark.parametrize("kind", ["ipip", "sit", "gre"])
@pytest.mark.parametrize("other", ["", "239.0.0.1"])
def test_a_tunnel_to_one_remote_is_made_anew_for_all_others(tunnelled: LinuxKernel, kind: str, other: str) -> None:
    tunnelled.execute([CreateLink("x0", kind, _FOUR)])
    if other and kind != "gre":
        return
    plan = _plan(tunnelled.snapshot(), "x0", {"remote": other})
    assert [type(op).__name__ for op in plan[:2]] == ["DeleteLink", "CreateLink"]
    tunnelled.execute(plan)
    assert tunnelled.snapshot().links["x0"].attrs["remote"] == other


@pytest.mark.parametrize("kind", sorted(BORN.keys() - {"geneve"}))
def test_the_kernel_and_its_model_refuse_a_second_tunnel_with_the_same_ends(tunnelled: LinuxKernel, kind: str) -> None:
    ends: Attrs = _SIX if kind.startswith("ip6") else _FOUR
    tunnelled.execute([CreateLink("x0", kind, ends)])
    for refusing in (tunnelled.execute, lambda ops: simulation.perform(tunnelled.snapshot(), ops[0])):
        with pytest.raises(KernelRefused) as refused:
            refusing([CreateLink("x1", kind, ends)])
        assert refused.value.errno == 17  # EEXIST


@pytest.mark.parametrize("kind", sorted(BORN.keys() - {"geneve"}))
def test_a_tunnel_outlives_its_base(tunnelled: LinuxKernel, kind: str) -> None:
    tunnelled.execute([CreateLink("x0", kind, BORN[kind])])
    before = tunnelled.snapshot()
    left = {name: link for name, link in before.links.items() if name != "base"}
    left["x0"] = replace(left["x0"], attrs={**left["x0"].attrs, "link": ""})
    tunnelled.execute(reconcile(before, replace(before, links=left, addresses={})))
    after = tunnelled.snapshot()
    assert "base" not in after.links
    assert after.links["x0"].attrs == {**before.links["x0"].attrs, "link": ""}


def _plan(before: Host, name: str, changes: Attrs) -> tuple[Op, ...]:
    link = before.links[name]
    target = replace(before, links={**before.links, name: replace(link, attrs={**link.attrs, **changes})})
    return reconcile(before, target)
