"""VLANs: base, number, protocol and flags."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from netkernel.records import Link
from nncp_agent.kinds import KINDS
from nncp_agent.kinds.vlan import VlanConfig
from nncp_agent.model import stated
from tests.unit.nncp_agent.kinds.worlds import VLAN, host, interface, merged, problems, read, settled, wanted

vlan = KINDS["vlan"]


def tagged(**keys: Any):
    return interface("v93", "vlan", vlan={key.replace("_", "-"): value for key, value in keys.items()})


def test_a_new_vlan_needs_a_base_and_a_number() -> None:
    found = problems(tagged())
    assert found == [
        "v93: vlan.base-iface: missing; wanted the link that carries the VLAN",
        "v93: vlan.id: missing; wanted 0 to 4094",
    ]
    assert problems(tagged(), settled(tagged(base_iface="eth1", id=93))) == []


def test_a_vlan_is_not_its_own_base() -> None:
    assert "itself" in problems(tagged(base_iface="v93", id=1))[0]


def test_only_what_is_stated_is_asked_of_the_kernel() -> None:
    assert wanted(tagged(base_iface="eth1", id=93)).attrs == {"link": "eth1", "id": 93}


def test_registration_protocols_exclude_each_other_in_a_policy() -> None:
    asked = wanted(tagged(base_iface="eth1", id=93, registration_protocol="mvrp")).attrs
    assert (asked["gvrp"], asked["mvrp"]) == (False, True)


def test_a_link_that_registers_with_both_reads_as_one_and_stays() -> None:
    there = host(Link("v93", "vlan", attrs={**VLAN, "id": 93, "link": "eth1", "gvrp": True, "mvrp": True}))
    config = read("v93", there)
    assert isinstance(config, VlanConfig) and config.registration_protocol == "gvrp"
    assert wanted(tagged(registration_protocol="gvrp"), there).attrs == {}


def test_two_vlans_cannot_share_base_protocol_and_number() -> None:
    usual, same = tagged(base_iface="eth1", id=93), tagged(base_iface="eth1", id=93, protocol="802.1q")
    other = tagged(base_iface="eth1", id=93, protocol="802.1ad")
    assert vlan.claim(merged(usual)) == vlan.claim(merged(same)) != vlan.claim(merged(other))


def test_its_base_is_below_it() -> None:
    assert vlan.below(tagged(base_iface="eth1", id=93)) == ("eth1",)
    assert vlan.below(tagged(id=93)) == ()


def test_a_base_in_another_namespace_has_no_name_here() -> None:
    config = read("v93", host(Link("v93", "vlan", attrs={**VLAN, "id": 93, "link": ""}, netnsid=3)))
    assert isinstance(config, VlanConfig) and config.base_iface is None


@settings(max_examples=60, deadline=None)
@given(
    st.fixed_dictionaries(
        {"base_iface": st.sampled_from(["eth1", "bond0.4"]), "id": st.integers(0, 4094)},
        optional={
            "protocol": st.sampled_from(["802.1q", "802.1ad"]),
            "registration_protocol": st.sampled_from(["gvrp", "mvrp", "none"]),
            "reorder_headers": st.booleans(),
            "loose_binding": st.booleans(),
        },
    )
)
def test_what_came_true_reads_as_what_was_asked(keys: dict[str, Any]) -> None:
    iface = tagged(**keys)
    assert problems(iface) == []
    there = settled(iface)
    found = read("v93", there)
    assert found is not None and iface.config is not None
    assert stated(vlan.normalise(iface.config)).items() <= stated(found).items()
    assert wanted(iface, there).attrs.items() <= there.links["v93"].attrs.items()
