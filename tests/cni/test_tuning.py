"""cnv-tuning on real interfaces: tuned, checked, restored; and side by side with the plugin written in Go."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from netkernel.place import Place
from netkernel.records import Link
from tests.cni.runtime import Failed, Runtime, run
from tests.cni.ways import Ask

pytestmark = pytest.mark.needs_kernel("dummy", "ipv6")

NOTIFY = "net.ipv4.conf.IFNAME.arp_notify"
EVERYTHING = {"mac": "02:00:00:00:00:0A", "mtu": 1400, "promisc": True, "allmulti": True, "txQLen": 7}


class Pod:
    """A namespace with a dummy `net1`, and a plugin without an allowlist."""

    def __init__(self, netns: str, folder: Path, ask: Ask) -> None:
        self.netns = netns
        self.folder = folder
        self.asked = ask
        self.runtime = Runtime(netns)
        self.sh("ip link add net1 type dummy && ip link set net1 up")

    def sh(self, script: str) -> str:
        command = ["nsenter", f"--net={self.netns}", "sh", "-euc", script]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def config(self, version: str = "1.0.0", **asked: Any) -> dict[str, Any]:
        previous = {"cniVersion": version, "interfaces": [{"name": "net1", "sandbox": self.netns}]}
        said = {"cniVersion": version, "name": "tuned", "type": "tuning", "dataDir": str(self.folder / "backup")}
        return {**said, "prevResult": previous, **asked}

    def ask(self, command: str, config: dict[str, Any] | str, **more: str) -> Any:
        return self.runtime.ask(self.asked, "tuning", command, config, **more)

    @property
    def link(self) -> Link:
        with Place(self.netns) as place:
            found = place.link("net1")
        assert found is not None
        return found

    @property
    def backups(self) -> list[str]:
        folder = self.folder / "backup"
        return sorted(each.name for each in folder.iterdir()) if folder.exists() else []

    def sysctl(self, path: str) -> str:
        with Place(self.netns) as place:
            return place.sysctl(path)


@pytest.fixture
def pod(netns: str, another_netns: Callable[[], str], folder: Path, ask: Ask) -> Pod:
    return Pod(another_netns(), folder, ask)


def test_every_attribute_is_set_checked_and_restored(pod: Pod) -> None:
    before = pod.link
    config = pod.config(**EVERYTHING, sysctl={NOTIFY: "1"})
    result = pod.ask("ADD", config)
    assert result["interfaces"] == [{"name": "net1", "mac": "02:00:00:00:00:0a", "mtu": 1400, "sandbox": pod.netns}]
    now = {"address": "02:00:00:00:00:0a", "mtu": 1400, "promisc": True, "allmulti": True, "txqlen": 7}
    assert pod.link.attrs == {**before.attrs, **now}
    assert pod.sysctl("net/ipv4/conf/net1/arp_notify") == "1"
    assert pod.backups == ["c1_net1.json"]
    pod.ask("CHECK", {**config, "prevResult": result})
    pod.ask("DEL", {**config, "prevResult": result})
    assert pod.link == before
    assert pod.backups == []


def test_what_is_not_asked_is_not_touched(pod: Pod) -> None:
    pod.sh("ip link set net1 promisc on allmulticast on txqueuelen 9")
    before = pod.link
    pod.ask("ADD", pod.config(promisc=False, mtu=0, mac=""))
    assert pod.link == before
    assert pod.backups == []


def test_a_multicast_mode_of_false_and_a_queue_of_nothing_are_meant(pod: Pod) -> None:
    pod.sh("ip link set net1 allmulticast on")
    pod.ask("ADD", pod.config(allmulti=False, txQLen=0))
    assert (pod.link.attrs["allmulti"], pod.link.attrs["txqlen"]) == (False, 0)


def test_the_word_closest_to_the_pod_counts(pod: Pod) -> None:
    last = {f"02:00:00:00:00:0{n}": n for n in range(1, 5)}
    args, runtime, given, stated = last
    config = pod.config(mac=stated)
    pod.ask("ADD", config, CNI_ARGS=f"MAC={args}")
    assert pod.link.address == args
    pod.ask("ADD", {**config, "runtimeConfig": {"mac": runtime}}, CNI_ARGS=f"MAC={args}")
    assert pod.link.address == runtime
    pod.ask("ADD", {**config, "runtimeConfig": {"mac": runtime}, "args": {"cni": {"mac": given}}})
    assert pod.link.address == given


def test_sysctls_of_args_need_none_in_the_configuration(pod: Pod) -> None:
    """The Go plugin panics."""
    pod.ask("ADD", pod.config(args={"cni": {"sysctl": {NOTIFY: "1"}}}))
    assert pod.sysctl("net/ipv4/conf/net1/arp_notify") == "1"


@pytest.mark.parametrize("refused", ["net.ipv4.conf.IFNAME.nothing", "net.ipv4.conf.IFNAME.arp_notify/x"])
def test_an_add_that_fails_leaves_everything_as_it_was(pod: Pod, refused: str) -> None:
    before = pod.link
    with pytest.raises(Failed, match="open /proc/sys/net/ipv4/conf/net1/"):
        pod.ask("ADD", pod.config(**EVERYTHING, sysctl={NOTIFY: "1", refused: "1"}))
    assert (pod.link, pod.sysctl("net/ipv4/conf/net1/arp_notify"), pod.backups) == (before, "0", [])


def test_a_value_the_kernel_refuses_takes_back_those_before_it(pod: Pod) -> None:
    before = pod.link
    twice = {NOTIFY: "1", "net.ipv6.conf.IFNAME.addr_gen_mode": "77"}
    with pytest.raises(Failed, match="write /proc/sys/net/ipv6/conf/net1/addr_gen_mode: invalid argument") as refused:
        pod.ask("ADD", pod.config(mtu=1400, sysctl=twice))
    assert refused.value.code == 5
    assert (pod.link, pod.sysctl("net/ipv4/conf/net1/arp_notify"), pod.backups) == (before, "0", [])


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"mac": "zz"}, "invalid args zz for MAC addr: address zz: invalid MAC address"),
        ({"mac": "01:00:5e:00:00:01"}, "invalid MAC address 01:00:5e:00:00:01"),
        ({"mtu": "5"}, "json: cannot unmarshal string into Go struct field TuningConf.mtu of type int"),
        ({"sysctl": ["a"]}, "cannot unmarshal array into Go struct field TuningConf.sysctl of type map"),
        ({"sysctl": {"kernel.hostname": "x"}}, 'invalid net sysctl key: "kernel.hostname"'),
        ({"sysctl": {"net/../kernel/hostname": "x"}}, "open /proc/sys/net/kernel/hostname: no such file or directory"),
        ({"prevResult": None}, "Required prevResult missing"),
        ({"txQLen": -1}, "invalid txQLen -1"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_touched(pod: Pod, asked: dict[str, Any], message: str) -> None:
    before = pod.link
    with pytest.raises(Failed) as refused:
        pod.ask("ADD", pod.config(**{"mtu": 1400, **asked}))
    assert message in str(refused.value)
    assert (pod.link, pod.backups) == (before, [])


def test_a_sysctl_that_stands_twice_is_refused(pod: Pod) -> None:
    text = json.dumps(pod.config(sysctl={NOTIFY: "1"})).replace(f'"{NOTIFY}": "1"', f'"{NOTIFY}": "1", "{NOTIFY}": "0"')
    for command in ("ADD", "CHECK"):
        with pytest.raises(Failed, match="duplicated sysctl keys are not allowed"):
            pod.ask(command, text)


def test_the_allowlist_says_which_sysctls_may_be_set(pod: Pod) -> None:
    config = pod.config(sysctl={NOTIFY: "1"})
    allowlist = pod.folder / "allowlist.conf"
    allowlist.write_text("^net.ipv4.conf.IFNAME.accept_redirects$\n  arp_no  \n\n")
    pod.ask("ADD", config)
    allowlist.write_text("^net.ipv4.conf.IFNAME.accept_redirects$\n")
    with pytest.raises(Failed) as refused:
        pod.ask("ADD", config)
    allowed = "Only the following sysctls are allowed: [^net.ipv4.conf.IFNAME.accept_redirects$]"
    assert str(refused.value) == f"Sysctl {NOTIFY} is not allowed. {allowed}"
    assert str(allowlist) in refused.value.details
    allowlist.write_text("")
    with pytest.raises(Failed):
        pod.ask("ADD", config)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("ip link set net1 address 02:00:00:00:00:0b", "Ethernet of net1 is 02:00:00:00:00:0a, current value is 02:"),
        ("ip link set net1 mtu 1399", "MTU of net1 is 1400, current value is 1399"),
        ("ip link set net1 promisc off", "promiscuous mode of net1 is true, current value is false"),
        ("ip link set net1 allmulticast off", "all-multicast mode of net1 is true, current value is false"),
        ("ip link set net1 txqueuelen 8", "Transmit Queue Length of net1 is 7, current value is 8"),
        ("sysctl -qw net.ipv4.conf.net1.arp_notify=0", f"value of {NOTIFY} is 1, current value is 0"),
    ],
)
def test_check_names_what_was_changed(pod: Pod, change: str, message: str) -> None:
    config = pod.config(**EVERYTHING, sysctl={NOTIFY: "1"})
    pod.ask("ADD", config)
    pod.sh(change)
    with pytest.raises(Failed, match=f"Error: Tuning configured {message}"):
        pod.ask("CHECK", config)


def test_check_is_not_alarmed_by_what_is_no_difference(pod: Pod) -> None:
    """A capture in the pod, a MAC in capitals, blanks where the kernel has tabs: the Go plugin fails for each."""
    config = pod.config(mac="02-00-00-00-00-0A", sysctl={"net.ipv4.ip_local_port_range": "30000 40000"})
    pod.ask("ADD", config)
    pod.sh("ip link add br0 type bridge && ip link set net1 master br0 && ip link set br0 up")
    assert "promiscuity 1" in pod.sh("ip -d link show net1")
    pod.ask("CHECK", config)


def test_del_is_content_with_whatever_it_finds(pod: Pod) -> None:
    config = pod.config(**EVERYTHING)
    pod.ask("DEL", config)
    pod.ask("ADD", config)
    pod.sh("ip link del net1")
    pod.ask("DEL", config)
    assert pod.backups == []
    for netns in ("/run/netns/is-gone", ""):
        pod.runtime.netns = netns
        pod.ask("DEL", config)


def test_gc_removes_the_backups_of_its_own_network_that_nobody_needs(pod: Pod) -> None:
    for container, network in (("gone", "tuned"), ("alive", "tuned"), ("other", "elsewhere")):
        pod.runtime.container = container
        pod.ask("ADD", {**pod.config(mtu=1400), "name": network})
    (pod.folder / "backup" / "go_net1.json").write_text('{"mtu": 1500}')
    pod.ask("GC", pod.config("1.1.0"))
    assert len(pod.backups) == 4
    valid = [{"containerID": "alive", "ifname": "net1"}]
    pod.ask("GC", pod.config("1.1.0", **{"cni.dev/valid-attachments": valid}))
    assert pod.backups == ["alive_net1.json", "go_net1.json", "other_net1.json"]


def test_backups_of_either_plugin_are_restored_by_the_other(pod: Pod) -> None:
    before = pod.link
    config = pod.config(mac="02:00:00:00:00:0a", mtu=1400, allmulti=True)
    pod.runtime.ask_go("tuning", "ADD", config)
    pod.ask("DEL", config)
    assert pod.link == before
    pod.ask("ADD", config)
    pod.runtime.ask_go("tuning", "DEL", config)
    assert pod.link == before


@pytest.mark.parametrize("version", ["0.3.0", "0.3.1", "0.4.0", "1.0.0"])
@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"mac": "02:00:00:00:00:0a"},
        {"mtu": 1400},
        {"promisc": True},
        {"allmulti": True},
        {"args": {"cni": {"mac": "02:00:00:00:00:0b", "promisc": True}}, "mac": "02:00:00:00:00:0a"},
        {"runtimeConfig": {"mac": "02:00:00:00:00:0c"}, "mac": "02:00:00:00:00:0a"},
        {"MTU": 1400, "Mac": "02:00:00:00:00:0a", "sysctl": {}},
        {"sysctl": {"net.ipv6.conf.IFNAME.accept_ra": "0"}},
        {"sysctl": {"net/ipv6/conf/IFNAME/accept_ra": "0", "net.ipv6.conf.all.accept_ra": "0"}},
    ],
)
def test_it_does_as_the_plugin_written_in_go(pod: Pod, version: str, asked: dict[str, Any]) -> None:
    """But for the MTU in the result, which is the newest specification's. txQLen came after Debian's release."""
    pod.sh("ip link set net1 address 02:00:00:00:00:99")
    config = pod.config(version, **asked)
    theirs, after_theirs = pod.runtime.ask_go("tuning", "ADD", config), pod.link
    pod.runtime.ask_go("tuning", "DEL", config)
    ours, after_ours = pod.ask("ADD", config), pod.link
    for interface in ours["interfaces"]:
        interface.pop("mtu", None)
    theirs.setdefault("dns", {})
    ours.setdefault("dns", {})
    assert (ours, after_ours) == (theirs, after_theirs)


def test_it_is_a_program(pod: Pod) -> None:
    command = [sys.executable, "-m", "cni.tuning"]
    result = run(command, pod.runtime.environment("ADD"), pod.config(mtu=1400))
    assert result["interfaces"][0]["mtu"] == 1400
    with pytest.raises(Failed, match="unexpected end of JSON input"):
        run(command, pod.runtime.environment("ADD"), "")
    assert run(command, {"CNI_COMMAND": "VERSION"}, "")["cniVersion"] == "1.1.0"
