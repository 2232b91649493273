"""Bonds: what a policy may say, what it comes to in the kernel, and what comes back."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netkernel.frozen import replace
from netkernel.link_kinds import KINDS as LINK_KINDS
from netkernel.records import Link
from nncp_agent.kinds import KINDS
from nncp_agent.kinds.bond_config import BondConfig, BondOptions
from nncp_agent.model import stated
from nncp_agent.shown.bond_options import MODES, OPTIONS
from tests.unit.nncp_agent.kinds.worlds import EMPTY, interface, merged, problems, read, settled, wanted, warnings

bond = KINDS["bond"]


def aggregation(
    mode: str | int | None = "active-backup", ports: list[str] | None = None, **options: object
) -> dict[str, object]:
    tree: dict[str, object] = {"port": ["eth1", "eth2"] if ports is None else ports}
    return tree | ({} if mode is None else {"mode": mode}) | ({"options": options} if options else {})


def bonded(mode: str | int | None = "active-backup", ports: list[str] | None = None, **options: object):
    return interface("bond1", "bond", link_aggregation=aggregation(mode, ports, **options))


def test_every_option_is_an_attribute_the_codec_knows() -> None:
    known = LINK_KINDS["bond"].attrs
    assert {option.attr for option in OPTIONS.values()} <= set(known)
    assert set(OPTIONS) == set(BondOptions.__struct_fields__) - {"balance_slb"}


def test_a_new_bond_needs_a_mode() -> None:
    assert problems(bonded(None))[0].startswith("bond1: link-aggregation.mode: missing; wanted one of balance-rr")


def test_a_new_bond_watches_the_carrier_of_its_ports() -> None:
    assert wanted(bonded()).attrs == {"mode": "active-backup", "miimon": 100}


def test_a_new_bond_that_asks_for_arp_monitoring_gets_no_other() -> None:
    assert wanted(bonded(arp_interval=200, arp_ip_target="10.0.0.1")).attrs == {
        "mode": "active-backup",
        "arp_interval": 200,
        "arp_ip_target": ("10.0.0.1",),
    }


def test_a_policy_that_states_one_option_asks_for_nothing_else_of_a_bond_that_is_there() -> None:
    host = settled(bonded())
    assert wanted(bonded(None, min_links=2), host).attrs == {"min_links": 2}


@pytest.mark.parametrize("number", range(7))
def test_modes_have_the_kernels_numbers(number: int) -> None:
    for spelled in (number, str(number)):
        config = bonded(spelled).config
        assert isinstance(config, BondConfig)
        assert config.mode == MODES[number]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("word", OPTIONS)
def test_an_option_is_refused_exactly_in_the_modes_that_do_not_take_it(mode: str, word: str) -> None:
    value = {
        "ad_actor_sys_prio": 7, "ad_actor_system": "02:00:00:00:00:01", "ad_select": "count", "ad_user_port_key": 3,
        "all_slaves_active": "delivered", "arp_all_targets": "all", "arp_interval": 50, "arp_ip_target": "10.0.0.1",
        "arp_missed_max": 3, "arp_validate": "none", "downdelay": 200, "fail_over_mac": "follow", "lacp_rate": "fast",
        "lp_interval": 5, "miimon": 50, "min_links": 1, "num_grat_arp": 3, "packets_per_slave": 5, "primary": "eth1",
        "primary_reselect": "better", "resend_igmp": 3, "tlb_dynamic_lb": False, "updelay": 200, "use_carrier": True,
        "xmit_hash_policy": "layer3+4",
    }[word]  # fmt: skip
    found = problems(bonded(mode, **{word: value}))
    if mode in OPTIONS[word].taken or value == OPTIONS[word].default:
        assert found == []
        assert OPTIONS[word].attr in wanted(bonded(mode, **{word: value})).attrs or value == OPTIONS[word].default
    else:
        assert len(found) == 1
        assert found[0].startswith(f"bond1: link-aggregation.options.{word}: found mode {mode}, which does not take")


def test_what_show_prints_for_an_option_the_mode_does_not_take_may_be_said_again() -> None:
    iface = bonded("802.3ad", arp_interval=0, arp_validate="none", arp_ip_target="")
    assert problems(iface) == []
    assert "arp_interval" not in wanted(iface).attrs


def test_mii_and_arp_monitoring_exclude_each_other() -> None:
    (found,) = problems(bonded(miimon=100, arp_interval=100, arp_ip_target="10.0.0.1"))
    assert "arp_interval: found 100 beside miimon 100" in found


def test_asking_for_arp_monitoring_turns_the_other_off_with_its_delays() -> None:
    host = settled(bonded(miimon=100, updelay=200))
    iface = bonded(None, arp_interval=200, arp_ip_target="10.0.0.1")
    assert problems(iface, host) == []
    attrs = wanted(iface, host).attrs
    assert (attrs["miimon"], attrs["updelay"], attrs["arp_interval"]) == (0, 0, 200)


def test_asking_for_mii_monitoring_turns_the_other_off() -> None:
    host = settled(bonded(arp_interval=200, arp_ip_target="10.0.0.1", arp_validate="all"))
    attrs = wanted(bonded(None, miimon=100), host).attrs
    assert (attrs["miimon"], attrs["arp_interval"], attrs["arp_validate"]) == (100, 0, "none")


def test_delays_are_multiples_of_miimon_in_the_merged_state() -> None:
    assert "found updelay 250 with miimon 100, wanted a multiple of it: 200 or 300" in problems(bonded(updelay=250))[0]
    assert "miimon 0" in problems(bonded(miimon=0, updelay=200))[0]
    host = settled(bonded(miimon=100, updelay=200))
    assert "options.miimon: found updelay 200 with miimon 30" in problems(bonded(None, miimon=30), host)[0]
    assert problems(bonded(None, miimon=50), host) == []
    assert wanted(bonded(None, miimon=50), host).attrs["updelay"] == 200


def test_arp_validation_needs_arp_monitoring() -> None:
    assert "arp_validate: found 'all' beside miimon 100" in problems(bonded(arp_validate="all"))[0]


def test_a_new_mode_drops_the_options_of_the_old_one() -> None:
    host = settled(bonded("balance-rr", packets_per_slave=5, min_links=2, arp_interval=100, arp_ip_target="10.0.0.1"))
    iface = bonded("802.3ad", lacp_rate="fast")
    whole = merged(iface, host).config
    assert isinstance(whole, BondConfig)
    assert whole.options == BondOptions(lacp_rate="fast")
    attrs = wanted(iface, host).attrs
    assert attrs["mode"] == "802.3ad"
    assert (attrs["min_links"], attrs["arp_interval"], attrs["arp_ip_target"], attrs["miimon"]) == (0, 0, (), 100)
    assert attrs["ad_lacp_rate"] == "fast"
    assert "packets_per_slave" not in attrs


def test_empty_options_are_the_defaults() -> None:
    host = settled(bonded(min_links=2))
    iface = interface("bond1", "bond", link_aggregation={"options": {}})
    assert wanted(iface, host).attrs["min_links"] == 0
    assert wanted(iface, host).attrs["miimon"] == 100


def test_the_primary_is_a_port() -> None:
    assert "found 'eth9', wanted one of its ports: eth1, eth2" in problems(bonded(primary="eth9"))[0]
    assert problems(bonded(primary="eth2")) == []


def test_ports_config_names_the_ports() -> None:
    iface = interface("bond1", "bond", link_aggregation={"mode": 1, "ports-config": [{"name": "eth3", "queue-id": 4}]})
    assert bond.ports(iface) == ("eth3",)
    assert wanted(iface).ports == {"eth3": {"queue_id": 4}}


def test_ports_config_and_port_agree_and_queues_have_one_port() -> None:
    tree = {"mode": 1, "port": ["eth1"], "ports-config": [{"name": n, "queue-id": 4} for n in ("eth1", "eth2")]}
    found = problems(interface("bond1", "bond", link_aggregation=tree))
    assert any("wanted the same: eth2" in each for each in found)
    assert any("queue-id 4 twice" in each for each in found)


def test_a_port_stands_once_and_is_not_the_bond() -> None:
    found = problems(bonded(ports=["eth1", "eth1", "bond1"]))
    assert "found 'eth1' twice" in found[0]
    assert "the bond itself" in found[1]


def test_a_ports_priority_belongs_to_modes_with_an_active_port() -> None:
    tree = {"mode": "802.3ad", "ports-config": [{"name": "eth1", "priority": 5}, {"name": "eth2", "priority": 0}]}
    iface = interface("bond1", "bond", link_aggregation=tree)
    assert len(problems(iface)) == 1
    assert "ports-config[eth1].priority: found 5 in mode 802.3ad" in problems(iface)[0]
    assert wanted(iface).ports == {}


def test_with_fail_over_mac_active_the_mac_is_not_ours_to_choose() -> None:
    iface = interface(
        "bond1", "bond", mac_address="02:00:00:00:00:05", link_aggregation=aggregation(fail_over_mac="active")
    )
    assert "bond1: mac-address: with fail_over_mac active" in problems(iface)[0]
    host = settled(iface)
    link = replace(host.links["bond1"], attrs={**host.links["bond1"].attrs, "address": "02:00:00:00:00:05"})
    assert problems(iface, replace(host, links={**host.links, "bond1": link})) == []


def test_with_fail_over_mac_follow_the_mac_is_the_bonds_own() -> None:
    iface = interface(
        "bond1", "bond", mac_address="02:00:00:00:00:05", link_aggregation=aggregation(fail_over_mac="follow")
    )
    assert problems(iface) == []
    assert problems(iface, settled(bonded())) == []


def test_options_without_effect_and_blind_monitoring_are_warned_about() -> None:
    assert "min_links: has no effect in mode active-backup" in warnings(bonded(min_links=2))[0]
    assert "every port will count as dead" in warnings(bonded(arp_interval=100))[0]
    assert "goes unnoticed" in warnings(bonded(miimon=0))[0]
    assert warnings(bonded()) == []


def test_balancing_of_network_manager_is_refused_only_when_asked_for() -> None:
    assert "not in the kernel" in problems(bonded("balance-xor", **{"balance-slb": True}))[0]
    assert problems(bonded("balance-xor", **{"balance-slb": False})) == []


def test_unstated_ports_keep_their_settings_when_the_list_changes() -> None:
    tree = {"mode": 1, "ports-config": [{"name": "eth1", "queue-id": 1}, {"name": "eth2", "queue-id": 2}]}
    host = settled(interface("bond1", "bond", link_aggregation=tree))
    whole = merged(bonded(None, ports=["eth2", "eth3"]), host).config
    assert isinstance(whole, BondConfig)
    assert [(each.name, each.queue_id) for each in whole.ports_config or ()] == [("eth2", 2)]
    changed = bond.with_ports(whole, ["eth3"])
    assert isinstance(changed, BondConfig)
    assert (changed.port, changed.ports_config) == (("eth3",), ())


def test_show_prints_both_words_of_the_one_knob_and_only_the_modes_options() -> None:
    host = settled(bonded(num_grat_arp=3))
    config = read("bond1", host)
    assert isinstance(config, BondConfig) and config.options is not None
    assert config.options.lacp_rate is None
    assert config.options.num_grat_arp == 3
    tree = bond.shown({"options": {"num_grat_arp": 3}})
    assert tree["options"]["num_unsol_na"] == 3


def test_a_bond_can_be_read_before_the_kernel_tells_its_mode() -> None:
    assert bond.read(Link("bond1", "bond"), EMPTY) == BondConfig()


def test_the_kernels_attributes_have_a_place_in_the_policy() -> None:
    assert bond.option("ad_lacp_rate") == "link-aggregation.options.lacp_rate"
    assert bond.option("mode") == "link-aggregation.mode"


VALUES = {
    "ad_actor_sys_prio": st.integers(1, 65535), "ad_actor_system": st.just("02-00-00-00-00-aa"),
    "ad_select": st.sampled_from(["stable", 1, "2"]), "ad_user_port_key": st.integers(0, 1023),
    "all_slaves_active": st.sampled_from([True, "dropped", 1]), "arp_all_targets": st.sampled_from(["any", 1]),
    "arp_ip_target": st.sampled_from(["", "10.0.0.2, 10.0.0.1"]), "arp_missed_max": st.integers(1, 255),
    "fail_over_mac": st.integers(0, 2), "lacp_rate": st.sampled_from(["slow", 1]), "lp_interval": st.integers(1, 9),
    "miimon": st.integers(1, 200), "min_links": st.integers(0, 9), "num_unsol_na": st.integers(0, 255),
    "packets_per_slave": st.integers(0, 65535), "primary": st.sampled_from(["eth1", "", "eth2"]),
    "primary_reselect": st.integers(0, 2), "resend_igmp": st.integers(0, 255), "tlb_dynamic_lb": st.booleans(),
    "use_carrier": st.booleans(), "xmit_hash_policy": st.integers(0, 5),
}  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(st.data(), st.sampled_from(MODES))
def test_what_came_true_reads_as_what_was_asked(data: st.DataObject, mode: str) -> None:
    taken = {word for word in VALUES if mode in OPTIONS[word.replace("num_unsol_na", "num_grat_arp")].taken}
    words = data.draw(st.sets(st.sampled_from(sorted(taken))))
    options: dict[str, object] = {word: data.draw(VALUES[word]) for word in sorted(words)}
    if "miimon" in options:
        options["updelay"] = options["miimon"] * data.draw(st.integers(0, 5))  # type: ignore[operator]
    iface = bonded(mode, ["eth2", "eth1"], **options)
    assert problems(iface) == []
    host = settled(iface)
    asked, found = bond.normalise(merged(iface).config), read("bond1", host)
    assert isinstance(asked, BondConfig) and isinstance(found, BondConfig)
    assert (asked.mode, asked.port) == (found.mode, found.port)
    for word, value in stated(asked.options or BondOptions()).items():
        assert getattr(found.options, word) == value, word
    assert wanted(iface, host).attrs.items() <= host.links["bond1"].attrs.items()
    assert problems(iface, host) == []


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(MODES), st.sampled_from(MODES))
def test_normalising_twice_is_normalising_once_whatever_the_mode(mode: str, other: str) -> None:
    config = bonded(mode, miimon=100, updelay=200, fail_over_mac=1).config
    assert isinstance(config, BondConfig)
    once = bond.normalise(msgspec.structs.replace(config, mode=other))
    assert bond.normalise(once) == once
