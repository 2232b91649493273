"""Bridges: options, ports, and VLAN tables both ways."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netkernel.frozen import replace
from netkernel.link_kinds import KINDS as LINK_KINDS
from netkernel.records import Link, VlanRange
from nncp_agent.kinds import KINDS, bridge_vlans
from nncp_agent.kinds.bridge_config import BridgeConfig, BridgeOptions, PortVlan
from nncp_agent.kinds.linux_bridge import _STP_ATTRS
from nncp_agent.model import stated
from nncp_agent.shown.bridge import ATTRS
from tests.unit.nncp_agent.kinds.worlds import (
    BRIDGE,
    PVID,
    context,
    host,
    interface,
    merged,
    problems,
    read,
    settled,
    wanted,
)

bridge = KINDS["linux-bridge"]


def bridged(*ports: Any, **options: Any):
    tree: dict[str, Any] = {"port": [{"name": each} if isinstance(each, str) else each for each in ports]}
    words = {key.replace("_", "-"): value for key, value in options.items()}
    return interface("br1", "linux-bridge", bridge=tree | ({"options": words} if words else {}))


def port(name: str = "eth1", **vlan: Any) -> dict[str, Any]:
    return {"name": name, "vlan": {key.replace("_", "-"): value for key, value in vlan.items()}}


TRUNK = {"mode": "trunk", "trunk-tags": [{"id": 10}, {"id": 11}, {"id-range": {"min": 20, "max": 30}}]}


def test_every_option_is_an_attribute_the_codec_knows() -> None:
    known = LINK_KINDS["bridge"]
    assert {*ATTRS.values(), *_STP_ATTRS.values()} <= set(known.attrs)
    assert set(ATTRS) | {"stp", "gc_timer", "hello_timer"} == set(BridgeOptions.__struct_fields__)


def test_a_bare_bridge_asks_for_nothing_but_itself() -> None:
    assert wanted(bridged("eth1")).attrs == {}


def test_seconds_become_centiseconds_and_words_numbers() -> None:
    iface = bridged(
        mac_ageing_time=60, multicast_router="enabled", group_addr="01:80:c2:00:00:0e", multicast_snooping="no",
        stp={"enabled": True, "hello-time": 3, "priority": 4096}, vlan_protocol="802.1ad", group_forward_mask=8,
    )  # fmt: skip
    assert wanted(iface).attrs == {
        "ageing_time": 6000, "mcast_router": 2, "group_addr": "01:80:c2:00:00:0e", "mcast_snooping": 0,
        "stp_state": 1, "hello_time": 300, "priority": 4096, "vlan_protocol": "802.1ad", "group_fwd_mask": 8,
    }  # fmt: skip


def test_a_trunk_keeps_the_default_vlan_for_untagged_frames() -> None:
    assert wanted(bridged({"name": "eth1", "vlan": TRUNK})).vlans == {
        "eth1": (PVID, VlanRange(10, 11), VlanRange(20, 30))
    }


def test_a_native_vlan_and_an_access_port_replace_the_default() -> None:
    native = {**TRUNK, "enable-native": True, "tag": 5}
    ports = bridged({"name": "eth1", "vlan": native}, port("eth2", mode="access", tag=93))
    assert wanted(ports).vlans == {
        "eth1": (VlanRange(5, 5, pvid=True, untagged=True), VlanRange(10, 11), VlanRange(20, 30)),
        "eth2": (VlanRange(93, 93, pvid=True, untagged=True),),
    }


def test_a_tag_alone_is_an_access_port() -> None:
    assert problems(bridged(port(tag=93))) == []
    assert wanted(bridged(port(tag=93))).vlans["eth1"] == (VlanRange(93, 93, pvid=True, untagged=True),)


def test_filtering_is_on_while_any_port_filters() -> None:
    assert wanted(bridged("eth1", port("eth2", tag=93))).attrs == {"vlan_filtering": 1}
    there = settled(bridged("eth1", port("eth2", tag=93)))
    assert wanted(bridged("eth1", "eth2"), there).attrs == {"vlan_filtering": 1}
    assert wanted(bridged("eth1"), there).attrs == {"vlan_filtering": 0}
    assert wanted(bridged("eth1", port("eth2")), there).attrs == {"vlan_filtering": 0}
    assert wanted(bridged("eth1", port("eth2")), there).vlans == {"eth2": (PVID,)}


def test_filtering_that_no_policy_speaks_of_stays() -> None:
    there = settled(bridged("eth1"))
    link = replace(there.links["br1"], attrs={**there.links["br1"].attrs, "vlan_filtering": 1})
    there = replace(there, links={**there.links, "br1": link})
    assert "vlan_filtering" not in wanted(bridged("eth1"), there).attrs


def test_an_untouched_port_keeps_its_table() -> None:
    there = settled(bridged({"name": "eth1", "vlan": TRUNK}))
    assert wanted(bridged("eth1", "eth2"), there).vlans == {}


def test_tables_that_show_as_asked_stay_with_what_show_cannot_say() -> None:
    odd = (VlanRange(1, 1, untagged=True), VlanRange(10, 11, untagged=True), VlanRange(20, 30))
    there = replace(settled(bridged({"name": "eth1", "vlan": TRUNK})), vlans={"eth1": odd})
    assert wanted(bridged({"name": "eth1", "vlan": TRUNK}), there).vlans == {}


def test_a_port_from_elsewhere_gets_its_table() -> None:
    there = settled(bridged({"name": "eth1", "vlan": TRUNK}))
    other = replace(there.links["eth1"], attrs={"master": "br9"})
    there = replace(there, links={**there.links, "eth1": other})
    assert "eth1" in wanted(bridged({"name": "eth1", "vlan": TRUNK}), there).vlans


def test_a_new_default_pvid_moves_ports_that_have_the_old_one() -> None:
    there = settled(bridged("eth1", port("eth2", tag=93), port("eth3", **{"mode": "trunk", "trunk-tags": [{"id": 7}]})))
    there = replace(there, vlans={**there.vlans, "br1": (PVID,)})
    vlans = wanted(bridged("eth1", "eth2", "eth3", vlan_default_pvid=5), there).vlans
    five = VlanRange(5, 5, pvid=True, untagged=True)
    assert vlans == {
        "br1": (five,), "eth1": (five,), "eth2": there.vlans["eth2"], "eth3": (five, VlanRange(7, 7)),
    }  # fmt: skip


def test_turning_stp_on_clamps_a_forward_delay_only_a_bridge_without_stp_can_have() -> None:
    there = host(Link("br1", "bridge", attrs={**BRIDGE, "forward_delay": 150}))
    assert wanted(bridged(stp={"enabled": True}), there).attrs == {"stp_state": 1, "forward_delay": 200}


def test_what_seconds_cannot_say_is_not_shown() -> None:
    there = host(Link("br1", "bridge", attrs={**BRIDGE, "forward_delay": 0, "ageing_time": 150, "hello_time": 250}))
    config = read("br1", there)
    assert isinstance(config, BridgeConfig) and config.options is not None and config.options.stp is not None
    assert (config.options.stp.forward_delay, config.options.stp.hello_time) == (None, None)
    assert config.options.mac_ageing_time is None
    assert config.options.stp.max_age == 20


def test_timers_are_shown_and_never_asked_for() -> None:
    there = host(Link("br1", "bridge", attrs=BRIDGE, facts={"gc_timer": 77, "hello_timer": 3}))
    config = read("br1", there)
    assert isinstance(config, BridgeConfig) and config.options is not None
    assert (config.options.gc_timer, config.options.hello_timer) == (77, 3)
    normal = bridge.normalise(config)
    assert isinstance(normal, BridgeConfig) and normal.options is not None
    assert (normal.options.gc_timer, normal.options.hello_timer) == (None, None)


def test_an_odd_interval_that_a_slow_clock_rounded_down_is_as_wanted() -> None:
    there = host(Link("br1", "bridge", attrs={**BRIDGE, "mcast_query_interval": 100}))
    assert wanted(bridged(multicast_query_interval=101), there).attrs == {"mcast_query_interval": 100}
    assert wanted(bridged(multicast_query_interval=101)).attrs == {"mcast_query_interval": 101}
    config = bridged(multicast_query_interval=101).config
    assert config is not None
    normal = bridge.normalise(config)
    assert isinstance(normal, BridgeConfig) and normal.options is not None
    assert normal.options.multicast_query_interval == 100


@pytest.mark.parametrize(
    ("vlan", "wanted_words"),
    [
        ({"mode": "trunk"}, "trunk-tags: missing"),
        ({"mode": "trunk", "trunk-tags": [{"id": 5}], "tag": 7}, "tag: found 7 without enable-native"),
        ({"mode": "trunk", "trunk-tags": [{"id": 5}], "enable-native": True}, "tag: missing"),
        ({"mode": "access"}, "tag: missing"),
        ({"mode": "access", "tag": 5, "enable-native": True}, "enable-native: found true in mode access"),
        ({"mode": "access", "tag": 5, "trunk-tags": [{"id": 6}]}, "trunk-tags: found tags in mode access"),
        ({"trunk-tags": [{"id": 6}]}, "mode: missing"),
        ({"mode": "trunk", "trunk-tags": [{}]}, "trunk-tags[0]: wanted either 'id' or 'id-range'"),
        ({"mode": "trunk", "trunk-tags": [{"id-range": {"min": 9, "max": 3}}]}, "found 9 to 3, wanted min not above"),
        ({"mode": "trunk", "trunk-tags": [{"id": 5}, {"id-range": {"min": 2, "max": 9}}]}, "found 5 twice"),
        ({"mode": "trunk", "trunk-tags": [{"id": 5}], "tag": 5, "enable-native": True}, "found 5 twice"),
        (
            {"mode": "trunk", "trunk-tags": [{"id-range": {"min": 2, "max": 9}}, {"id-range": {"min": 4, "max": 20}}]},
            "found 4-9 twice",
        ),
    ],
)
def test_vlan_sections_that_contradict_themselves_are_refused(vlan: dict[str, Any], wanted_words: str) -> None:
    assert any(
        each.startswith("br1: bridge.port[eth1].vlan") and wanted_words in each
        for each in problems(bridged({"name": "eth1", "vlan": vlan}))
    )


def test_access_may_say_what_show_says_about_trunks() -> None:
    assert problems(bridged(port(mode="access", tag=5, enable_native=False, trunk_tags=[]))) == []


def test_ports_stand_once_and_are_not_the_bridge() -> None:
    found = problems(bridged("eth1", "eth1", "br1"))
    assert "found 'eth1' twice" in found[0]
    assert "the bridge itself" in found[1]


def test_the_frames_no_bridge_forwards_are_named() -> None:
    assert "found 0x7, wanted a mask without its lowest three bits" in problems(bridged(group_fwd_mask=7))[0]


def test_a_default_pvid_wants_a_port_that_filters_unless_it_is_there_already() -> None:
    assert "vlan-default-pvid: found 7" in problems(bridged("eth1", vlan_default_pvid=7))[0]
    assert problems(bridged(port(tag=5), vlan_default_pvid=7)) == []
    there = host(Link("br1", "bridge", attrs={**BRIDGE, "vlan_default_pvid": 0}))
    assert problems(bridged(vlan_default_pvid=0), there) == []


def test_a_policy_in_kubernetes_lets_every_vlan_through_a_port_that_does_not_speak_of_them() -> None:
    config = bridged("eth1", port("eth2"), port("eth3", tag=5)).config
    assert config is not None
    implied = bridge.implied(config)
    assert isinstance(implied, BridgeConfig)
    assert [each.vlan == PortVlan() for each in implied.port or ()] == [False, True, False]
    assert bridge_vlans.table(implied.port[0].vlan, 1) == (PVID, VlanRange(2, 4094))  # type: ignore[index,arg-type]


def test_port_options_are_the_kernels() -> None:
    entry = {"name": "eth1", "stp-hairpin-mode": "on", "stp-path-cost": "7", "stp-priority": 9}
    assert wanted(bridged(entry)).ports == {"eth1": {"hairpin": 1, "cost": 7, "priority": 9}}


def test_an_entry_that_names_a_port_keeps_the_ports_options() -> None:
    there = settled(bridged({"name": "eth1", "stp-priority": 9, "vlan": TRUNK}))
    whole = merged(bridged("eth1"), there).config
    assert isinstance(whole, BridgeConfig) and whole.port is not None
    assert whole.port[0].stp_priority == 9
    assert whole.port[0].vlan is not None and whole.port[0].vlan.mode == "trunk"


def test_both_words_of_the_forward_mask_are_shown() -> None:
    assert bridge.shown({"options": {"group-fwd-mask": 8}})["options"]["group-forward-mask"] == 8


tags = st.lists(st.integers(1, 4094), unique=True, min_size=1, max_size=6).map(
    lambda each: [{"id": tag} for tag in each]
)
ranges = st.tuples(st.integers(1, 4094), st.integers(1, 4094)).map(
    lambda pair: [{"id-range": {"min": min(pair), "max": max(pair)}}]
)
vlans = st.one_of(
    st.just({}),
    st.builds(lambda tag: {"mode": "access", "tag": tag}, st.integers(1, 4094)),
    st.builds(lambda tags: {"mode": "trunk", "trunk-tags": tags}, st.one_of(tags, ranges)),
    st.builds(
        lambda tags, native: {"mode": "trunk", "tag": native, "enable-native": True, "trunk-tags": tags},
        st.one_of(tags, ranges),
        st.integers(1, 4094),
    ),
)
interval = st.integers(0, 2**32 - 1)
options = st.fixed_dictionaries(
    {},
    optional={
        "group-fwd-mask": st.integers(0, 8191).map(lambda each: each << 3), "hash-max": interval,
        "mac-ageing-time": st.integers(0, 10**6), "multicast-querier": st.booleans(),
        "multicast-query-interval": interval, "multicast-startup-query-interval": interval,
        "multicast-router": st.sampled_from(["auto", "disabled", 2]), "multicast-snooping": st.booleans(),
        "vlan-protocol": st.sampled_from(["802.1q", "802.1ad"]),
        "stp": st.fixed_dictionaries({}, optional={
            "enabled": st.booleans(), "forward-delay": st.integers(2, 30), "hello-time": st.integers(1, 10),
            "max-age": st.integers(6, 40), "priority": st.integers(0, 65535)}),
    },
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(vlans, max_size=3), options, st.sampled_from([None, 1, 7]))
def test_what_came_true_reads_as_what_was_asked(sections: list[Any], words: dict[str, Any], pvid: int | None) -> None:
    ports = [{"name": f"eth{number}", "vlan": vlan} for number, vlan in enumerate(sections)]
    tree = {"port": ports, "options": words | ({"vlan-default-pvid": pvid} if pvid else {})}
    iface = interface("br1", "linux-bridge", bridge=tree)
    if any("twice" in each or "vlan-default-pvid" in each for each in problems(iface)):
        return
    assert problems(iface) == []
    there = settled(iface)
    assert iface.config is not None
    asked, found = bridge.normalise(iface.config), bridge.normalise(read("br1", there))  # type: ignore[arg-type]
    assert isinstance(asked, BridgeConfig) and isinstance(found, BridgeConfig)
    for word, value in stated(asked.options or BridgeOptions()).items():
        shown = getattr(found.options, word)
        assert (shown if word != "stp" else {**stated(shown), **stated(value)}) == (
            value if word != "stp" else stated(shown)
        )
    for one, other in zip(asked.port or (), found.port or (), strict=True):
        assert stated(one).items() <= stated(other).items() or one.vlan is not None
        assert (one.vlan is None) == (other.vlan is None)
        if one.vlan is not None and other.vlan is not None:
            assert {**stated(other.vlan), **stated(one.vlan)} == stated(other.vlan)
    again = wanted(iface, there)
    assert again.vlans == {}
    assert again.attrs.items() <= there.links["br1"].attrs.items()


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.builds(VlanRange, st.integers(1, 60), st.just(0), st.booleans(), st.booleans()), max_size=6),
    st.integers(0, 5),
)
def test_whatever_table_is_shown_can_be_asked_for_and_changes_nothing(entries: list[VlanRange], default: int) -> None:
    table = tuple({each.first: VlanRange(each.first, each.first, False, each.untagged) for each in entries}.values())
    if table:
        table = (replace(table[0], pvid=True), *table[1:])
    seen = bridge_vlans.read(table, default)
    there = host(
        Link("br1", "bridge", attrs={**BRIDGE, "vlan_filtering": 1, "vlan_default_pvid": default}),
        Link("eth1", attrs={"master": "br1"}),
        vlans={"eth1": table},
    )
    shown = read("br1", there)
    assert isinstance(shown, BridgeConfig) and shown.port is not None and shown.port[0].vlan == seen
    tree = msgspec.json.decode(msgspec.json.encode(shown))
    iface = interface("br1", "linux-bridge", bridge=tree)
    assert problems(iface, there) == []
    assert wanted(iface, there).vlans == {}
    assert wanted(iface, there).attrs.items() <= there.links["br1"].attrs.items()
    assert context(there, iface).merged["br1"].config is not None
