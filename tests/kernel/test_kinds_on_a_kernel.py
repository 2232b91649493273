"""What kinds ask of a real kernel comes true, and reads back as it was asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from netkernel.errors import KernelRefused
from netkernel.host import Host
from netkernel.kernel import LinuxKernel
from netkernel.ops import AddVlans, CreateLink, DeleteVlans, SetLink, SetPort
from netkernel.records import VlanRange
from nncp_agent.kinds import KINDS
from nncp_agent.kinds.bond_config import BondConfig, BondOptions
from nncp_agent.kinds.bridge_config import BridgeConfig
from nncp_agent.model import Interface, Model, merge, stated
from nncp_agent.shown.bond_options import MODES, OPTIONS
from tests.unit.nncp_agent.kinds.worlds import interface, merged, problems, wanted

VALUES: dict[str, tuple[Any, ...]] = {
    "ad_actor_sys_prio": (1, 65535), "ad_actor_system": ("02:00:00:00:00:AA",), "ad_select": ("stable", "count"),
    "ad_user_port_key": (0, 1023), "all_slaves_active": ("delivered",), "arp_all_targets": ("all",),
    "arp_interval": (100,), "arp_ip_target": ("10.0.0.1,10.0.0.2", ""), "arp_missed_max": (1, 255),
    "arp_validate": ("none",), "downdelay": (300,), "fail_over_mac": ("active", "follow"), "lacp_rate": ("fast",),
    "lp_interval": (1, 2**31 - 1), "miimon": (0, 50), "min_links": (3,), "num_grat_arp": (0, 255),
    "packets_per_slave": (0, 65535), "primary_reselect": ("better", "failure"), "resend_igmp": (0, 255),
    "tlb_dynamic_lb": (True, False), "updelay": (300,), "use_carrier": (True,),
    "xmit_hash_policy": ("layer3+4", "encap3+4", "vlan+srcmac"),
}  # fmt: skip
PVID = VlanRange(5, 5, pvid=True, untagged=True)
CASES = [(mode, word, value) for mode in MODES for word, values in VALUES.items() for value in values]


@pytest.fixture
def kernel(netns: str) -> Iterator[LinuxKernel]:
    with LinuxKernel() as kernel:
        yield kernel


def seen(kernel: LinuxKernel, iface: Interface) -> tuple[Model, Host]:
    host = kernel.snapshot()
    config = KINDS[iface.type or ""].read(host.links[iface.name], host)
    assert config is not None
    return config, host


@pytest.mark.needs_kernel("bonding")
def test_every_bond_option_in_every_mode_is_taken_or_refused_as_we_say(kernel: LinuxKernel) -> None:
    surprises = []
    for number, (mode, word, value) in enumerate(CASES):
        iface = interface(f"b{number}", "bond", link_aggregation={"mode": mode, "options": {word: value}})
        option, refusals = OPTIONS[word], problems(iface)
        attrs = {**wanted(iface).attrs}
        if mode not in option.taken:
            attrs[option.attr] = wanted(bond_in(option.taken, word, value)).attrs[option.attr]
        try:
            kernel.execute([CreateLink(iface.name, "bond", attrs)])
        except KernelRefused as refusal:
            if mode in option.taken:
                surprises.append(f"{mode} {word}={value}: {refusal}")
            continue
        found, host = seen(kernel, iface)
        if mode not in option.taken:
            surprises.append(f"{mode} {word}={value}: taken")
            continue
        asked = KINDS["bond"].normalise(merged(iface).config)  # type: ignore[arg-type]
        assert isinstance(asked, BondConfig) and isinstance(found, BondConfig) and not refusals
        for each, value in stated(asked.options or BondOptions()).items():
            if getattr(found.options, each) != value:
                surprises.append(f"{mode} {each}={value}: reads {getattr(found.options, each)}")
        if not wanted(iface, host).attrs.items() <= host.links[iface.name].attrs.items():
            surprises.append(f"{mode} {word}={value}: asked for again")
    assert not surprises, "\n".join(surprises)


def bond_in(modes: frozenset[str], word: str, value: Any) -> Interface:
    mode = next(mode for mode in MODES if mode in modes)
    return interface("x", "bond", link_aggregation={"mode": mode, "options": {word: value}})


@pytest.mark.needs_kernel("bonding")
def test_a_new_mode_leaves_nothing_of_the_old_options(kernel: LinuxKernel) -> None:
    surprises = []
    for number, (old, new) in enumerate((old, new) for old in MODES for new in MODES if old != new):
        name = f"b{number}"
        options = {word: VALUES[word][0] for word in VALUES if old in OPTIONS[word].taken and word != "arp_interval"}
        options |= {"miimon": 50}
        first = interface(name, "bond", link_aggregation={"mode": old, "options": options})
        kernel.execute([CreateLink(name, "bond", wanted(first).attrs)])
        _, host = seen(kernel, first)
        second = interface(name, "bond", link_aggregation={"mode": new})
        target = wanted(second, host).attrs
        link = host.links[name]
        changes = {attr: value for attr, value in target.items() if link.attrs.get(attr) != value}
        kernel.execute([SetLink(name, "bond", changes, {attr: link.attrs.get(attr, 0) for attr in changes})])
        found, host = seen(kernel, second)
        fresh = interface(f"f{number}", "bond", link_aggregation={"mode": new})
        kernel.execute([CreateLink(fresh.name, "bond", wanted(fresh).attrs)])
        expected, _ = seen(kernel, fresh)
        if found != expected:
            assert isinstance(found, BondConfig) and isinstance(expected, BondConfig)
            one, other = stated(found.options or BondOptions()), stated(expected.options or BondOptions())
            odd = {
                word: (one.get(word), other.get(word)) for word in {*one, *other} if one.get(word) != other.get(word)
            }
            surprises.append(f"{old} -> {new}: {odd}")
    assert not surprises, "\n".join(surprises)


@pytest.mark.needs_kernel("bridge_vlan", "dummy")
def test_every_bridge_option_reads_back_as_it_was_asked(kernel: LinuxKernel) -> None:
    options = {
        "group-addr": "01:80:C2:00:00:0E", "group-fwd-mask": 0xFFF8, "hash-max": 1000, "mac-ageing-time": 17,
        "multicast-last-member-count": 7, "multicast-last-member-interval": 102,
        "multicast-membership-interval": 26002, "multicast-querier": True, "multicast-querier-interval": 25502,
        "multicast-query-interval": 12502, "multicast-query-response-interval": 1002,
        "multicast-query-use-ifaddr": True, "multicast-router": "enabled", "multicast-snooping": False,
        "multicast-startup-query-count": 5, "multicast-startup-query-interval": 3126, "vlan-default-pvid": 5,
        "vlan-protocol": "802.1ad",
        "stp": {"enabled": True, "forward-delay": 20, "hello-time": 3, "max-age": 30, "priority": 4097},
    }  # fmt: skip
    ports: list[dict[str, Any]] = [
        {"name": "p1", "stp-hairpin-mode": True, "stp-path-cost": 77, "stp-priority": 9,
         "vlan": {"mode": "trunk", "trunk-tags": [{"id": 9}, {"id-range": {"min": 100, "max": 4000}}]}},
        {"name": "p2", "vlan": {"mode": "access", "tag": 93}},
        {"name": "p3", "vlan": {"mode": "trunk", "tag": 7, "enable-native": True, "trunk-tags": [{"id": 8}]}},
    ]  # fmt: skip
    iface = interface("br1", "linux-bridge", bridge={"options": options, "port": ports})
    assert problems(iface) == []
    wish = wanted(iface)
    kernel.execute([CreateLink("br1", "bridge", wish.attrs)])
    for port in ports:
        name = port["name"]
        kernel.execute([CreateLink(name, "dummy"), SetLink(name, "dummy", {"master": "br1"}, {"master": ""})])
        if wish.ports.get(name):
            kernel.execute([SetPort(name, "bridge", wish.ports[name], {})])
        kernel.execute([DeleteVlans(name, PVID), *(AddVlans(name, each) for each in wish.vlans[name])])
    found, host = seen(kernel, iface)
    assert iface.config is not None
    asked = KINDS["linux-bridge"].normalise(iface.config)
    assert isinstance(asked, BridgeConfig) and isinstance(found, BridgeConfig)
    assert merge(asked.options, found.options) == found.options
    for one, other in zip(asked.port or (), found.port or (), strict=True):
        assert merge(one, other) == other
    again = wanted(iface, host)
    assert again.vlans == {}
    assert again.attrs.items() <= host.links["br1"].attrs.items()


@pytest.mark.needs_kernel("qinq", "dummy")
@pytest.mark.parametrize("protocol", ["802.1q", "802.1ad"])
def test_vlan_flags_read_back_as_they_were_asked(kernel: LinuxKernel, protocol: str) -> None:
    kernel.execute([CreateLink("d0", "dummy")])
    for number, registration in enumerate(("gvrp", "mvrp", "none")):
        config = {
            "base-iface": "d0", "id": number, "protocol": protocol, "registration-protocol": registration,
            "reorder-headers": bool(number), "loose-binding": not number, "bridge-binding": False,
        }  # fmt: skip
        iface = interface(f"v{number}", "vlan", vlan=config)
        kernel.execute([CreateLink(iface.name, "vlan", wanted(iface).attrs)])
        found, host = seen(kernel, iface)
        assert found == iface.config
        assert wanted(iface, host).attrs.items() <= host.links[iface.name].attrs.items()
