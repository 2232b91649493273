"""What a bond does for its ports, a plan leaves to the bond."""

from netkernel.host import Host
from netkernel.ops import SetLink
from netkernel.reconcile import reconcile
from netkernel.records import Link

OWN, BONDS = "02:00:00:00:00:03", "02:00:00:00:00:02"
BOND = Link("bond1", "bond", attrs={"up": True, "mtu": 1500, "address": BONDS, "mode": "active-backup", "master": ""})
ETH2 = Link("eth2", attrs={"up": True, "mtu": 1500, "address": BONDS, "master": "bond1"})


def _host(port: Link) -> Host:
    return Host(links={"bond1": BOND, "eth2": ETH2, port.name: port})


def test_a_port_that_comes_back_to_its_bond_is_not_given_the_mac_it_will_get_there() -> None:
    """What it has when it joins is what the bond gives back to it when it leaves."""
    free = Link("eth3", attrs={"up": False, "mtu": 1500, "address": OWN, "master": ""})
    port = Link("eth3", attrs={"up": True, "mtu": 1500, "address": BONDS, "master": "bond1"})
    ops = reconcile(_host(free), _host(port))
    assert [op.new for op in ops if isinstance(op, SetLink)] == [{"master": "bond1"}]


def test_a_bond_gets_a_mac_back_before_it_follows_its_ports_again() -> None:
    """With fail_over_mac it answers OK to a MAC and ignores it."""
    own = {"up": True, "mtu": 1500, "address": OWN, "mode": "active-backup", "fail_over_mac": "active", "master": ""}
    now = Link("bond1", "bond", attrs={**own, "address": BONDS, "mode": "balance-rr", "fail_over_mac": "none"})
    before = Host(links={"bond1": now, "eth2": ETH2})
    after = Host(
        links={
            "bond1": Link("bond1", "bond", attrs=own),
            "eth2": Link("eth2", attrs={"up": True, "mtu": 1500, "address": BONDS, "master": ""}),
        }
    )
    bond = [op.new for op in reconcile(before, after) if isinstance(op, SetLink) and op.name == "bond1"]
    assert bond[1:4] == [{"mode": "active-backup"}, {"address": OWN}, {"fail_over_mac": "active"}]


def test_a_bond_whose_ports_take_its_mac_gets_another_while_it_has_none() -> None:
    """With fail_over_mac follow it answers OK to a MAC and ignores it, and stops following only without ports."""
    attrs = {**BOND.attrs, "fail_over_mac": "follow"}
    before = Host(links={"bond1": Link("bond1", "bond", attrs=attrs), "eth2": ETH2})
    after = Host(links={"bond1": Link("bond1", "bond", attrs={**attrs, "address": OWN}), "eth2": ETH2})
    ops = [(op.name, op.new) for op in reconcile(before, after) if isinstance(op, SetLink)]
    assert ops[:4] == [
        ("eth2", {"master": ""}),
        ("bond1", {"fail_over_mac": "none"}),
        ("bond1", {"address": OWN}),
        ("bond1", {"fail_over_mac": "follow"}),
    ]
    assert ("eth2", {"master": "bond1"}) in ops
