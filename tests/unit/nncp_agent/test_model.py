"""Merging what is asked over what is there."""

from __future__ import annotations

from nncp_agent.kinds.bond_config import BondConfig, BondOptions
from nncp_agent.kinds.vlan import VlanConfig
from nncp_agent.model import Interface, IpStack, merge, stated


def test_what_is_stated_wins_and_the_rest_stays() -> None:
    desired = Interface(name="a", mtu=1400, config=BondConfig(options=BondOptions(miimon=50), port=()))
    present = Interface(name="a", mtu=1500, description="x", config=BondConfig(mode="802.3ad", port=("eth1",)))
    assert merge(desired, present) == Interface(
        name="a", mtu=1400, description="x",
        config=BondConfig(mode="802.3ad", options=BondOptions(miimon=50), port=()),
    )  # fmt: skip


def test_models_of_another_kind_are_not_mixed() -> None:
    assert merge(VlanConfig(id=3), BondConfig(mode="802.3ad")) == VlanConfig(id=3)  # type: ignore[type-var]


def test_nothing_over_something_is_something() -> None:
    assert merge(None, IpStack(enabled=True)) == IpStack(enabled=True)
    assert merge(IpStack(enabled=True), None) == IpStack(enabled=True)


def test_only_what_is_stated_counts() -> None:
    assert stated(IpStack(enabled=False)) == {"enabled": False}
