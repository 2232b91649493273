"""Settings of ethtool(8) asked for in nmstate's form and in ours, on a real kernel's veth and netdevsim."""

from __future__ import annotations

import copy
import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from netkernel.documents import Document
from netkernel.ethtool import PARTS
from netkernel.host import Host
from netkernel.kernel import LinuxKernel
from netkernel.ops import SetHardware
from nncp_agent import api, history, wire
from nncp_agent.apply import apply
from nncp_agent.errors import InvalidPolicy, Unreachable
from nncp_agent.options import Options
from nncp_agent.store import Store
from tests.kernel.asked import Asked, State, make_nics
from tests.same_host import changes

pytestmark = pytest.mark.needs_kernel("veth", "netdevsim", "bonding", "ipv6")

BUS = Path("/sys/bus/netdevsim")


@pytest.fixture
def host(netns: str, another_netns: Callable[[], str], tmp_path: Path) -> Iterator[Asked]:
    """With `sim1`, a NIC that has everything, and `eth1`, which has features and channels."""
    (BUS / "new_device").write_text("71 1 2")
    links = json.loads(subprocess.run(["ip", "-d", "-j", "link"], check=True, capture_output=True, text=True).stdout)
    (name,) = [link["ifname"] for link in links if link.get("parentdev") == "netdevsim71"]
    subprocess.run(["ip", "link", "set", name, "name", "sim1"], check=True)
    make_nics("eth1", far=another_netns())
    yield Asked(tmp_path / "state")
    (BUS / "del_device").write_text("71")


def test_the_speed_of_a_nic_among_many_links_is_shown_as_among_few(host: Asked) -> None:
    few = [host.show(name)["ethernet"] for name in ("sim1", "eth1")]
    lines = "".join(f"link add many{n} type bridge\n" for n in range(40))
    subprocess.run(["ip", "-batch", "-"], input=lines, text=True, check=True)
    assert [host.show(name)["ethernet"] for name in ("sim1", "eth1")] == few
    assert few[1]["speed"] == 10000
    assert "ethernet" not in host.show("many1")


def ethtool(**sections: State) -> State:
    return {"name": "sim1", "type": "ethernet", "state": "up", "ethtool": sections}


def said(option: str, link: str = "sim1") -> str:
    command = ["ethtool", *([option] if option else []), link]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize(
    ("section", "asked"),
    [
        ("ring", {"rx": 256, "tx": 128, "rx-jumbo": 16, "rx-mini": 8}),
        ("pause", {"rx": True, "tx": True}),
        ("coalesce", {"rx-usecs": 100, "tx-frames": 7, "adaptive-rx": True, "pkt-rate-high": 9, "sample-interval": 2}),
        ("feature", {"tx-tcp-segmentation": False, "rx-gro": False, "hw-tc-offload": True}),
        ("channels", {"combined": 1}),
    ],
)
def test_what_is_asked_of_a_section_comes_true_is_shown_and_needs_nothing_more(
    host: Asked, section: str, asked: State
) -> None:
    host.becomes(ethtool(**{section: asked}))
    assert api.plan(api.show(state_dir=host.state_dir), state_dir=host.state_dir) == []


def test_every_setting_of_coalescing_is_taken_by_its_own_name(host: Asked) -> None:
    shown = host.show("sim1")["ethtool"]["coalesce"]
    assert len(shown) == 22
    asked = {key: True if key.startswith("adaptive") else number for number, key in enumerate(shown, start=1)}
    host.becomes(ethtool(coalesce=asked))
    words = [line.split(": ") for line in said("-c").replace("-frame-", "-frames-").splitlines() if "n/a" not in line]
    told = {words[0]: words[1] for words in words if len(words) == 2 and words[1].isdigit()}
    assert told == {key: str(value) for key, value in asked.items() if value is not True}
    assert "Adaptive RX: on  TX: on" in said("-c")


def test_features_may_be_called_as_ethtool_calls_them(host: Asked) -> None:
    host.apply(ethtool(feature={"gro": False, "tx-generic-segmentation": False}))
    assert "generic-receive-offload: off" in said("-k")
    assert host.show("sim1")["ethtool"]["feature"]["rx-gro"] is False
    host.apply(ethtool(feature={"generic-receive-offload": True, "gso": "on"}))
    shown = host.show("sim1")["ethtool"]["feature"]
    assert (shown["rx-gro"], shown["tx-generic-segmentation"]) == (True, True)


def test_a_change_that_is_taken_back_leaves_every_setting_as_it_was(host: Asked) -> None:
    options = ("-a", "-g", "-c", "-k", "-l")
    before = [said(option) for option in options]
    waits = host.apply(
        ethtool(
            ring={"rx": 64},
            pause={"tx": True},
            coalesce={"rx-usecs": 5, "adaptive-tx": True},
            feature={"tx-checksum-ip-generic": False, "loopback": True},
        ),
        commit=False,
    )
    assert [said(option) for option in options] != before
    assert waits.checkpoint is not None
    host.rollback()
    assert [said(option) for option in options] == before


def test_what_a_feature_takes_along_comes_back_with_it(host: Asked) -> None:
    asked = {"name": "eth1", "type": "ethernet", "state": "up"}
    before = said("-k", "eth1")
    host.apply({**asked, "ethtool": {"feature": {"tx-scatter-gather": False}}})
    assert host.show("eth1")["ethtool"]["feature"]["tx-tcp-segmentation"] is False
    with pytest.raises(InvalidPolicy, match=r"eth1: ethtool\.feature\.tx-tcp-segmentation: .*prevents it"):
        host.apply({**asked, "ethtool": {"feature": {"tx-tcp-segmentation": True}}})
    host.apply({**asked, "ethtool": {"feature": {"tx-tcp-segmentation": True, "tx-scatter-gather": True}}})
    assert said("-k", "eth1") == before


@pytest.mark.parametrize(
    ("link", "sections", "message"),
    [
        ("sim1", {"ring": {"rx": 4097}}, "sim1: ethtool.ring.rx: found 4097, wanted at most 4096"),
        ("sim1", {"channels": {"rx": 1}}, "sim1: ethtool.channels.rx: found 1, which the driver does not have"),
        ("sim1", {"feature": {"rx-grow": True}}, "sim1: ethtool.feature.rx-grow: .*did you mean 'rx-gro'"),
        ("sim1", {"feature": {"tx-gso-robust": True}}, "sim1: ethtool.feature.tx-gso-robust: .*fixed at false"),
        ("eth1", {"ring": {"rx": 1}}, "eth1: ethtool.ring: the driver of eth1 has no such settings"),
    ],
)
def test_what_the_driver_does_not_have_is_refused_before_anything_is_touched(
    host: Asked, link: str, sections: State, message: str
) -> None:
    before = [said("-k", "sim1"), said("-g", "sim1")]
    with pytest.raises(InvalidPolicy, match=message):
        host.apply({"name": link, "state": "up", "mtu": 1400, "ethtool": sections})
    assert [said("-k", "sim1"), said("-g", "sim1")] == before
    assert host.show(link)["mtu"] == 1500


def test_a_new_link_gets_its_settings_and_a_policy_that_says_nothing_keeps_them(host: Asked) -> None:
    pair = {"name": "v1", "type": "veth", "state": "up", "veth": {"peer": "v2"}}
    host.becomes({**pair, "ethtool": {"feature": {"tx-tcp-segmentation": False}}})
    host.becomes({**pair, "mtu": 1400})
    assert host.show("v1")["ethtool"]["feature"]["tx-tcp-segmentation"] is False


def test_channels_of_a_veth_are_counted_both_ways(host: Asked) -> None:
    queues = "numtxqueues 4 numrxqueues 4"
    subprocess.run(["sh", "-c", f"ip link add v1 {queues} type veth peer v2 {queues}"], check=True)
    asked = {"name": "v1", "type": "veth", "state": "up"}
    host.becomes({**asked, "ethtool": {"channels": {"rx": 2, "tx": 1}}})
    host.becomes({**asked, "ethtool": {"channels": {"rx": 4, "tx": 4}}})


def virtual_functions(host: Asked) -> list[State]:
    shown: list[State] = host.show("sim1")["ethernet"]["sr-iov"]["vfs"]
    return shown


def sr_iov(**asked: object) -> State:
    return {"name": "sim1", "type": "ethernet", "state": "up", "ethernet": {"sr-iov": asked}}


def test_error_correction_is_as_asked(host: Asked) -> None:
    host.becomes(ethtool(fec={"encoding": ["rs", "baser"]}))
    assert "RS" in said("--show-fec")
    host.becomes(ethtool(fec={"encoding": ["llrs"]}))
    host.apply(ethtool(fec={"encoding": ["auto"]}))
    assert host.plan(ethtool(fec={"encoding": ["auto"]})) == []


def test_virtual_functions_come_with_what_is_asked_of_them_and_go(host: Asked) -> None:
    first = {"id": 0, "mac-address": "02:00:00:00:00:A0", "vlan-id": 5, "qos": 2, "trust": True, "spoof-check": True}
    second = {"id": 1, "min-tx-rate": 10, "max-tx-rate": 100, "vlan-id": 7, "vlan-proto": "802.1ad"}
    host.becomes(sr_iov(**{"total-vfs": 2, "vfs": [first, second]}))
    ip = subprocess.run(["ip", "link", "show", "sim1"], check=True, capture_output=True, text=True).stdout
    assert ip.count(" vf ") == 2
    assert api.plan(api.show(state_dir=host.state_dir), state_dir=host.state_dir) == []
    host.becomes(sr_iov(vfs=[{"id": 0, "trust": False}, {"id": 1, "max-tx-rate": 50, "min-tx-rate": 10}]))
    assert virtual_functions(host)[0]["mac-address"] == "02:00:00:00:00:A0"
    host.apply(sr_iov(vfs=[{"id": 1, "qos": 1}]))
    bare = {"mac-address": "00:00:00:00:00:00", "vlan-id": 0, "qos": 0, "max-tx-rate": 0}
    assert bare.items() <= virtual_functions(host)[0].items()
    assert (virtual_functions(host)[1]["vlan-id"], virtual_functions(host)[1]["qos"]) == (7, 1)
    host.becomes(sr_iov(**{"total-vfs": 0}))
    assert virtual_functions(host) == []


def test_virtual_functions_that_were_others_come_back_as_they_were(host: Asked) -> None:
    one = {"id": 0, "mac-address": "02:00:00:00:00:A0", "vlan-id": 5, "qos": 2, "trust": True, "max-tx-rate": 40}
    host.apply(sr_iov(**{"total-vfs": 1, "vfs": [one]}))
    before = host.show("sim1")
    host.apply(sr_iov(**{"total-vfs": 3, "vfs": [{"id": 2, "vlan-id": 9}]}), commit=False)
    assert len(virtual_functions(host)) == 3
    host.rollback()
    assert host.show("sim1") == before


def test_more_virtual_functions_than_there_are_is_refused(host: Asked) -> None:
    with pytest.raises(InvalidPolicy, match=r"sim1: ethernet\.sr-iov\.vfs\.2: found id 2, and there are 2"):
        host.apply(sr_iov(**{"total-vfs": 2, "vfs": [{"id": 2, "trust": True}]}))
    with pytest.raises(InvalidPolicy, match=r"eth1: ethernet\.sr-iov: there can be no virtual functions"):
        host.apply({"name": "eth1", "ethernet": {"sr-iov": {"total-vfs": 1}}})


@pytest.fixture
def function(host: Asked) -> Iterator[str]:
    """The interface of virtual function 1 of `sim1`: netdevsim's have none, so another device's stands in for it.

    The folder of devices is covered by one in which `sim1` has the link that a bus with SR-IOV makes for it.
    """
    (BUS / "new_device").write_text("72 1 2")
    links = json.loads(subprocess.run(["ip", "-d", "-j", "link"], check=True, capture_output=True, text=True).stdout)
    (name,) = [link["ifname"] for link in links if link.get("parentdev") == "netdevsim72"]
    host.apply(sr_iov(**{"total-vfs": 2}))
    devices = BUS / "devices"
    subprocess.run(["mount", "-t", "tmpfs", "none", devices], check=True)
    (devices / "netdevsim71").mkdir()
    for each in Path("/sys/devices/netdevsim71").iterdir():
        (devices / "netdevsim71" / each.name).symlink_to(each)
    (devices / "netdevsim71" / "virtfn1").symlink_to("/sys/devices/netdevsim72")
    yield name
    subprocess.run(["umount", devices], check=True)
    (BUS / "del_device").write_text("72")


def test_a_virtual_function_is_an_interface_port_or_base_by_its_number(host: Asked, function: str) -> None:
    assert host.show("sim1")["ethernet"]["sr-iov"]["vfs"][1]["iface-name"] == function
    policy = [
        {"name": "sriov:sim1:1", "type": "ethernet", "mtu": 1450},
        {"name": "vlan7", "type": "vlan", "vlan": {"base-iface": "sriov:sim1:1", "id": 7}},
    ]
    host.apply(*policy)
    assert host.show(function)["mtu"] == 1450
    assert host.show("vlan7")["vlan"]["base-iface"] == function
    assert host.plan(*policy) == []
    assert api.plan(api.show(state_dir=host.state_dir), state_dir=host.state_dir) == []
    bond = {"name": "bond0", "type": "bond", "link-aggregation": {"mode": "active-backup", "port": ["sriov:sim1:1"]}}
    host.apply(bond, commit=False)
    assert host.show("bond0")["link-aggregation"]["port"] == [function]
    host.rollback()
    assert "controller" not in host.show(function)


@pytest.fixture
def driver(host: Asked) -> Iterator[None]:
    """As a driver that makes an interface for virtual function 1 of `sim1` some time after that is there, and takes it
    away with it; netdevsim's have none, so another device's stands in, as above."""
    devices, over = BUS / "devices", threading.Event()
    subprocess.run(["mount", "-t", "tmpfs", "none", devices], check=True)
    (devices / "netdevsim71").mkdir()
    for each in Path("/sys/devices/netdevsim71").iterdir():
        (devices / "netdevsim71" / each.name).symlink_to(each)
    (devices / "netdevsim71" / "virtfn1").symlink_to("/sys/devices/netdevsim72")
    numbers, there = Path("/sys/devices/netdevsim71/sriov_numvfs"), Path("/sys/devices/netdevsim72")

    def drive() -> None:
        while not over.wait(0.05):
            wanted = int(numbers.read_text()) > 1
            if wanted != there.exists():
                (BUS / ("new_device" if wanted else "del_device")).write_text("72 1 2" if wanted else "72")

    at_work = threading.Thread(target=drive)
    at_work.start()
    yield
    over.set()
    at_work.join()
    subprocess.run(["umount", devices], check=True)
    if there.exists():
        (BUS / "del_device").write_text("72")


def lasting(before: Host, kernel: LinuxKernel) -> list[str]:
    """What is otherwise than before, once that driver has seen to its interface."""
    deadline = time.monotonic() + 30
    while (found := changes(before, kernel.snapshot(PARTS))) and time.monotonic() < deadline:
        kernel.wait(0.1)
    return found


AT_ONCE: list[State] = [
    {"name": "bond0", "type": "bond", "link-aggregation": {"mode": "active-backup", "port": ["sriov:sim1:1"]}},
    {"name": "bond0.7", "type": "vlan", "vlan": {"base-iface": "bond0", "id": 7}},
    {"name": "sriov:sim1:1", "type": "ethernet", "mtu": 1450},
]


def test_virtual_functions_are_made_and_used_by_one_policy_and_all_is_taken_back(host: Asked, driver: None) -> None:
    with LinuxKernel() as kernel:
        before = kernel.snapshot(PARTS)
        assert "set sim1 sr-iov total-vfs 0 -> 2" in host.plan(sr_iov(**{"total-vfs": 2}), *AT_ONCE)
        host.apply(sr_iov(**{"total-vfs": 2}), *AT_ONCE, commit=False)
        (port,) = host.show("bond0")["link-aggregation"]["port"]
        assert host.show("sim1")["ethernet"]["sr-iov"]["vfs"][1]["iface-name"] == port
        assert (host.show(port)["mtu"], host.show("bond0.7")["vlan"]["base-iface"]) == (1450, "bond0")
        host.rollback()
        assert lasting(before, kernel) == []
    host.apply(sr_iov(**{"total-vfs": 2}), *AT_ONCE[:2])
    assert host.plan(sr_iov(**{"total-vfs": 2}), *AT_ONCE[:2]) == []
    entries = history.entries(Store(host.state_dir))
    assert len(entries) == 2
    for each in entries:
        assert "set sim1 sr-iov total-vfs 0 -> 2" in each.plan and any("bond0.7" in line for line in each.plan)


def test_what_fails_after_virtual_functions_were_made_takes_them_back(host: Asked, driver: None) -> None:
    class Never:
        def describe(self) -> str:
            return "a check that fails after the change"

        def try_once(self, timeout_s: float) -> bool:
            return not host.show("bond0")

    with LinuxKernel() as kernel:
        before = kernel.snapshot(PARTS)
        policy = {"interfaces": [sr_iov(**{"total-vfs": 2}), *copy.deepcopy(AT_ONCE)]}
        options = Options(check=False, checks=[Never()], check_timeout_s=1, command="test")
        with pytest.raises(Unreachable, match="a check that fails after the change") as failed:
            apply(wire.decode([Document(policy)]).desired, kernel, Store(host.state_dir), options=options)
        assert failed.value.leftovers == ()
        assert lasting(before, kernel) == []


def test_a_virtual_function_without_an_interface_is_refused(host: Asked) -> None:
    host.apply(sr_iov(**{"total-vfs": 1}))
    with pytest.raises(InvalidPolicy, match="sriov:sim1:0: virtual function 0 of sim1 has no interface here"):
        host.plan({"name": "sriov:sim1:0", "type": "ethernet"})
    with pytest.raises(InvalidPolicy, match="sriov:sim1:1: sim1 has 1 virtual function, wanted at least 2: first"):
        host.plan({"name": "sriov:sim1:1", "type": "ethernet"})


def test_speed_and_duplex_of_a_device_that_takes_them_are_set_and_put_back(netns: str) -> None:
    subprocess.run(["ip", "tuntap", "add", "tap1", "mode", "tap"], check=True)
    with LinuxKernel() as kernel:
        before = kernel.snapshot({"link"}).hardware["tap1"]
        op = SetHardware("tap1", "link", {"speed": 100, "duplex": "half"}, {"speed": 10000, "duplex": "full"})
        kernel.execute([op])
        assert "Speed: 100Mb/s\n\tDuplex: Half" in said("", "tap1")
        assert kernel.snapshot({"link"}).hardware["tap1"].facts["link"]["speed"] == 100
        kernel.execute([op.inverse()])
        assert kernel.snapshot({"link"}).hardware["tap1"] == before


def test_speed_of_a_veth_is_shown_and_asking_for_another_is_refused(host: Asked) -> None:
    asked = {"name": "eth1", "type": "ethernet", "state": "up"}
    host.becomes({**asked, "ethernet": {"auto-negotiation": False, "speed": 10000, "duplex": "full"}})
    with pytest.raises(InvalidPolicy, match=r"eth1: ethernet\.speed: wanted 1000, found 10000, and the driver"):
        host.apply({**asked, "ethernet": {"speed": 1000}})
