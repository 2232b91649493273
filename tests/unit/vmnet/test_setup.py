"""A VM's NICs are wired or the pod is as it was, whatever is refused and wherever the process dies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from netkernel.differences import differences
from netkernel.errors import KernelRefused, NetworkError, NotUndone
from netkernel.frozen import replace
from netkernel.host import Host
from netkernel.records import Address, VlanRange
from tests.fake_kernel import Crash
from tests.unit.vmnet.manifests import BRIDGED, LAN, MASQUERADED, POD, read, vmi
from tests.unit.vmnet.pods import LAN_MAC, POD_MAC, FakePod, pod
from vmnet import act
from vmnet import plan as planning
from vmnet.act import Asked
from vmnet.addressing import global_addresses, guest_mac
from vmnet.errors import NotAsAsked, PodUnfit
from vmnet.kept import Records
from vmnet.target import FORWARDING6, Giving

BOTH = vmi([MASQUERADED, BRIDGED])


@pytest.fixture
def records(tmp_path: Path) -> Records:
    return Records(str(tmp_path / "vmnet"))


def asked(value: dict[str, Any] = BOTH, **more: Any) -> Asked:
    return Asked(vm=read(value), namespace="4-1234", **more)


def wired(value: dict[str, Any], at: Host, records: Records, **more: Any) -> tuple[FakePod, Host]:
    kernel = FakePod(at)
    act.setup(asked(value, **more), kernel, records)
    return kernel, kernel.snapshot()


def told(host: Host, link: str) -> list[str]:
    return [f"{each.ip}/{each.prefix}" for each in host.addresses.get(link, ())]


def test_masquerade_leaves_the_pods_link_alone_and_makes_a_bridge_and_a_tap(records: Records) -> None:
    before = pod()
    _, now = wired(vmi([MASQUERADED], [POD]), before, records)
    assert now.links["eth0"].attrs == before.links["eth0"].attrs
    assert now.addresses["eth0"] == before.addresses["eth0"]
    bridge, tap = now.links["k6t-eth0"], now.links["tap0"]
    assert (bridge.address, bridge.mtu, bridge.up) == ("02:00:00:00:00:00", 1450, True)
    assert told(now, "k6t-eth0")[:2] == ["10.0.2.1/24", "fd10:0:2::1/120"]
    assert (tap.master, tap.mtu, tap.attrs["owner"], tap.attrs["owning_group"]) == ("k6t-eth0", 1450, 107, 107)
    assert (tap.attrs["mode"], tap.attrs["multi_queue"], tap.up) == ("tap", 0, True)
    assert [now.sysctls[f"net/ipv4/conf/k6t-eth0/{each}"] for each in ("route_localnet", "forwarding")] == ["1", "1"]
    assert (now.sysctls["net/ipv4/conf/eth0/forwarding"], now.sysctls[FORWARDING6]) == ("1", "1")
    assert (bridge.alias, tap.alias) == ("nncp:vmnet:shop/demo-vm/default", "nncp:vmnet:shop/demo-vm/default")


@pytest.mark.parametrize(
    ("gone", "gateways", "forwarding"), [("::", ["10.0.2.1/24"], ("1", "0")), (".", ["fd10:0:2::1/120"], ("0", "1")),
                                         (":.", [], ("0", "0"))],
)  # fmt: skip
def test_a_family_the_pod_does_not_have_is_not_served(
    records: Records, gone: str, gateways: list[str], forwarding: tuple[str, str]
) -> None:
    whole = pod()
    left = tuple(each for each in whole.addresses["eth0"] if each.scope or not any(mark in each.ip for mark in gone))
    left = tuple(each for each in left if not (gone == "::" and each.family == 6 and not each.scope))
    kernel, now = wired(vmi([MASQUERADED], [POD]), replace(whole, addresses={**whole.addresses, "eth0": left}), records)
    assert [each for each in told(now, "k6t-eth0") if not each.startswith("fe80")] == gateways
    assert (now.sysctls.get("net/ipv4/conf/eth0/forwarding", "0"), now.sysctls[FORWARDING6]) == forwarding
    assert len(kernel.tables) == (1 if gateways else 0)


def test_bridge_binding_moves_the_link_below_a_bridge_and_a_dummy_keeps_its_name_and_addresses(
    records: Records,
) -> None:
    before = pod(lan_ip=True)
    _, now = wired(vmi([BRIDGED], [LAN]), before, records)
    port, bridge, keeper, tap = (now.links[name] for name in ("net1-nic", "k6t-net1", "net1", "tap1"))
    assert (port.index, port.master, port.port["learning"]) == (before.links["net1"].index, "k6t-net1", 0)
    assert port.address == bridge.address not in (LAN_MAC, POD_MAC)
    assert bridge.attrs["mcast_snooping"] == 0
    assert (keeper.kind, keeper.address, keeper.mtu, keeper.up) == ("dummy", LAN_MAC, 1500, False)
    assert told(now, "net1") == ["203.0.113.5/24", *(told(before, "net1")[1:])]
    assert told(now, "net1-nic") == []
    assert told(now, "k6t-net1") == ["169.254.75.10/32"]
    assert now.sysctls["net/ipv4/conf/k6t-net1/arp_ignore"] == "1"
    assert (tap.master, tap.mtu) == ("k6t-net1", 1500)
    assert now.routes == before.routes[:2]


def test_without_an_address_there_is_nothing_to_be_quiet_about(records: Records) -> None:
    _, now = wired(vmi([BRIDGED], [LAN]), pod(), records)
    assert told(now, "k6t-net1") == []
    assert now.sysctls["net/ipv4/conf/k6t-net1/arp_ignore"] == "0"


def test_the_number_of_a_nic_among_all_is_in_the_bridges_address(records: Records) -> None:
    _, now = wired(BOTH, pod(lan_ip=True), records)
    assert told(now, "k6t-net1") == ["169.254.75.11/32"]


def test_where_the_kernel_has_no_dummies_a_bridge_that_is_down_keeps_the_addresses(records: Records) -> None:
    _, now = wired(vmi([BRIDGED], [LAN]), pod(lan_ip=True), records, giving=Giving(has_dummy=False))
    keeper = now.links["net1"]
    assert (keeper.kind, keeper.up, keeper.address, now.ports("net1")) == ("bridge", False, LAN_MAC, ())
    assert told(now, "net1")[0] == "203.0.113.5/24"


@pytest.mark.parametrize(
    ("vlan", "inner", "outer"),
    [
        ({"access": 93}, (VlanRange(93, 93, True, True),), (VlanRange(93, 93),)),
        ({"trunk": [10, "20-30"]}, (VlanRange(10, 10), VlanRange(20, 30)), (VlanRange(10, 10), VlanRange(20, 30))),
        ({"trunk": [10, 11], "native": 12}, (VlanRange(10, 11), VlanRange(12, 12, True, True)), (VlanRange(10, 12),)),
    ],
)
def test_vlans_are_tagged_outside_and_as_asked_inside(records: Records, vlan: Any, inner: Any, outer: Any) -> None:
    _, now = wired(vmi([{**BRIDGED, "vlan": vlan}], [LAN]), pod(), records)
    assert now.links["k6t-net1"].attrs["vlan_filtering"] == 1
    assert (now.vlans["tap1"], now.vlans["net1-nic"]) == (inner, outer)
    assert not now.vlans.get("k6t-net1")


@pytest.mark.parametrize("lan", ["net1", "pod0e6b58809dd"])
def test_the_link_of_a_network_is_found_by_either_scheme(records: Records, lan: str) -> None:
    _, now = wired(BOTH, pod(lan), records)
    stem = lan.removeprefix("pod")
    assert {f"k6t-{stem}", f"{stem}-nic", f"tap{lan[3:]}", lan} < now.links.keys()


def test_links_of_other_names_can_be_given(records: Records) -> None:
    _, now = wired(BOTH, pod("lan7", primary="ovn-udn1"), records, links={"nic-0": "lan7"}, primary="ovn-udn1")
    assert {"k6t-ovn-udn1", "tap0", "k6t-lan7", "lan7-nic", "tap7"} < now.links.keys()


def test_a_nics_own_mtu_is_its_taps(records: Records) -> None:
    _, now = wired(vmi([{**MASQUERADED, "mtu": 1300}], [POD]), pod(), records)
    assert (now.links["tap0"].mtu, now.links["k6t-eth0"].mtu, now.links["eth0"].mtu) == (1300, 1300, 1450)


def with_plugins(kind: str, **attrs: Any) -> Host:
    """A pod whose second link a plugin made."""
    host = pod()
    link = host.links["net1"]
    made = replace(link, kind=kind, attrs={**link.attrs, **attrs})
    return replace(host, links={**host.links, "net1": made})


def plugins(**fields: Any) -> dict[str, Any]:
    return vmi([{"name": "nic-0", "binding": {"name": "macvtap"}, **fields}], [LAN])


@pytest.mark.parametrize(
    ("host", "fields"),
    [
        (with_plugins("macvtap"), {}),
        (with_plugins("macvtap"), {"queues": 4, "macAddress": LAN_MAC.upper()}),
        (with_plugins("tun", mode="tap"), {"macAddress": "02:00:00:00:00:01"}),
        (with_plugins("tun", mode="tap", multi_queue=1), {"queues": 4}),
    ],
)
def test_what_a_plugin_made_is_left_as_it_is(records: Records, host: Host, fields: dict[str, Any]) -> None:
    plan = act.planned(asked(plugins(**fields)), FakePod(host), records)
    assert (plan.ops, plan.tables) == ((), ())


UNFIT = [
    (plugins(), pod(), "nic-0: net1 is a veth: binding macvtap takes a tap or a macvtap"),
    (plugins(), with_plugins("tun", mode="tun"), "nic-0: net1 is a tun: binding macvtap takes a tap or a macvtap"),
    (plugins(macAddress="02:00:00:00:00:01"), with_plugins("macvtap"),
     f"nic-0: net1 takes frames for {LAN_MAC} only, and the guest's MAC is 02:00:00:00:00:01: hand the guest's to CNI "
     "(`vmnet networks` does)"),
    (plugins(queues=2), with_plugins("tun", mode="tap"), "nic-0: net1 has one queue, and 2 are wanted"),
    (BOTH, pod("other"), "nic-0: the pod has no link 'pod0e6b58809dd' (it has eth0, other): CNI has not attached it, "
     "or calls it else"),
    (vmi([BRIDGED], [LAN]), replace(pod(), links={**pod().links, "net1": replace(pod().links["net1"], kind="ipvlan")}),
     "nic-0: net1 is a ipvlan: it takes no frames for other MACs; use masquerade, or a bridge"),
    (vmi([BRIDGED], [LAN]), replace(pod(), links={**pod().links, "tap1": replace(pod().links["net1"], name="tap1")}),
     "nic-0: there is a link 'tap1' that is not ours"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "at", "said"), UNFIT)
def test_a_pod_that_does_not_fit_is_told_apart_before_anything_is_touched(
    records: Records, value: dict[str, Any], at: Host, said: str
) -> None:
    kernel = FakePod(at)
    with pytest.raises(PodUnfit) as unfit:
        act.setup(asked(value), kernel, records)
    assert unfit.value.lacking == (said,)
    assert (kernel.executed, records.read("4-1234")) == ([], None)


def test_a_name_that_leaves_no_room_is_refused() -> None:
    with pytest.raises(PodUnfit, match="'a-long-name1' has 12 bytes"):
        asked(vmi([MASQUERADED], [POD]), primary="a-long-name1").wirings(pod(primary="a-long-name1"), None)


def test_doing_it_again_does_nothing(records: Records) -> None:
    kernel, now = wired(BOTH, pod(lan_ip=True), records)
    kernel.executed.clear()
    assert act.setup(asked(), kernel, records).ops == ()
    assert (kernel.executed, kernel.snapshot()) == ([], now)


def test_teardown_puts_the_pods_links_back_as_cni_made_them(records: Records) -> None:
    before = FakePod(pod(lan_ip=True)).snapshot()
    kernel, _ = wired(BOTH, before, records)
    act.teardown("4-1234", kernel, records)
    assert differences(before, kernel.snapshot()) == ()
    assert (kernel.tables, records.read("4-1234")) == ((), None)
    assert act.teardown("4-1234", kernel, records).ops == ()


def test_a_nic_is_plugged_in_and_unplugged_beside_the_others(records: Records) -> None:
    kernel, alone = wired(vmi([MASQUERADED], [POD]), pod(lan_ip=True), records)
    act.setup(asked(), kernel, records)
    assert "k6t-net1" in kernel.snapshot().links
    act.setup(asked(vmi([MASQUERADED, {**BRIDGED, "state": "absent"}])), kernel, records)
    assert differences(alone, kernel.snapshot()) == ()
    kept = records.read("4-1234")
    assert kept is not None and [each.nic for each in kept.taken] == ["default"]


def steps(at: Host) -> int:
    kernel = FakePod(at)
    return len(act.planned(asked(), kernel, Records("/nonexistent")).ops)


BEFORE = pod(lan_ip=True)
STEPS = range(steps(BEFORE))


@pytest.mark.parametrize("refused", STEPS)
@pytest.mark.parametrize("batch", [1, 128])
def test_whatever_the_kernel_refuses_the_pod_is_as_it_was(records: Records, refused: int, batch: int) -> None:
    kernel = FakePod(BEFORE, refuse_at=refused, batch=batch)
    before = kernel.snapshot()
    with pytest.raises(KernelRefused) as said:
        act.setup(asked(), kernel, records)
    assert said.value.leftovers == ()
    assert differences(before, kernel.snapshot()) == ()
    assert (kernel.tables, records.read("4-1234")) == ((), None)


@pytest.mark.parametrize("crash", STEPS)
def test_wherever_the_process_dies_another_one_finishes_or_takes_it_back(records: Records, crash: int) -> None:
    before = FakePod(BEFORE).snapshot()
    _, whole = wired(BOTH, BEFORE, Records(str(records.directory / "other")))
    for finish in (True, False):
        kernel = FakePod(BEFORE, crash_at=crash, batch=1)
        with pytest.raises(Crash):
            Dying.setup(kernel, records)
        if finish:
            act.setup(asked(), kernel, records)
            assert differences(whole, kernel.snapshot()) == ()
        act.teardown("4-1234", kernel, records)
        assert differences(before, kernel.snapshot()) == ()
        assert records.read("4-1234") is None


class Dying:
    """A process that dies takes nothing back."""

    @staticmethod
    def setup(kernel: FakePod, records: Records) -> None:
        plan = act.planned(asked(), kernel, records)
        now = kernel.snapshot()
        found = asked().wirings(now, None)
        records.write(planning.begun(now, asked().vm, found, None, "4-1234"))
        kernel.put_up(plan.tables)
        kernel.execute(plan.ops)


def test_what_does_not_come_true_is_said_and_taken_back(records: Records) -> None:
    class Forgetful(FakePod):
        """A kernel that says yes to an MTU and does not keep it."""

        def snapshot(self, also: Any = ()) -> Host:
            host = super().snapshot(also)
            if (tap := host.links.get("tap0")) is None:
                return host
            return replace(host, links={**host.links, "tap0": replace(tap, attrs={**tap.attrs, "mtu": 1500})})

    kernel = Forgetful(BEFORE)
    before = kernel.snapshot()
    with pytest.raises(NotAsAsked, match="set tap0 mtu 1500 -> 1450"):
        act.setup(asked(), kernel, records, settle_s=0)
    assert differences(before, kernel.snapshot()) == ()


def test_what_cannot_be_taken_back_is_said(records: Records) -> None:
    class Stubborn(FakePod):
        """Its bridges never go."""

        def execute(self, ops: Any) -> None:
            for op in ops:
                if str(op) == "delete bridge k6t-net1":
                    raise KernelRefused(str(op), 16, "Device or resource busy")
                super().execute([op])

    kernel = Stubborn(BEFORE)
    act.setup(asked(), kernel, records)
    with pytest.raises(NotUndone, match="delete bridge k6t-net1"):
        act.teardown("4-1234", kernel, records)
    assert records.read("4-1234") is not None


def test_a_record_of_a_pod_that_is_no_more_counts_for_nothing(records: Records) -> None:
    wired(BOTH, BEFORE, records)
    kernel = FakePod(pod(lan_ip=False))
    act.setup(asked(), kernel, records)
    kept = records.read("4-1234")
    taken = kept.of("nic-0") if kept else None
    assert taken is not None and [each.family for each in taken.was.addresses["net1"]] == [6]


def test_a_record_nobody_can_read_is_said_with_its_path(records: Records) -> None:
    wired(BOTH, BEFORE, records)
    (path,) = records.directory.glob("*.json")
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(NetworkError, match=rf"{path}: cannot be read"):
        act.setup(asked(), FakePod(BEFORE), records)


def test_a_guest_keeps_the_mac_it_had_before(records: Records) -> None:
    value = {**vmi([BRIDGED], [LAN]), "status": {"interfaces": [{"name": "nic-0", "mac": "02:00:00:00:00:AA"}]}}
    vm = read(value)
    assert guest_mac(vm, vm.nics[0], BEFORE.links["net1"]) == "02:00:00:00:00:aa"
    assert guest_mac(read(vmi([BRIDGED], [LAN])), vm.nics[0], BEFORE.links["net1"]) == LAN_MAC
    stated = read({**value, **vmi([{**BRIDGED, "macAddress": "02:00:00:00:00:01"}], [LAN])})
    assert guest_mac(stated, stated.nics[0], BEFORE.links["net1"]) == "02:00:00:00:00:01"


def test_the_addresses_of_a_pod_are_those_others_reach_it_by() -> None:
    local = Address("eth0", "127.0.0.2", 8, scope=254)
    host = replace(BEFORE, addresses={"eth0": (local, *BEFORE.addresses["eth0"])})
    assert [each.ip for family in (4, 6) for each in global_addresses(host, "eth0", family)] == [
        "10.244.1.23",
        "fd00:244::17",
    ]
