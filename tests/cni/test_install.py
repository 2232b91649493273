"""`nncp cni install`: plugins that run on a node with nothing on it, and `--preflight`, which looks at it first."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from netkernel.kernel import LinuxKernel
from nncp_agent.installing import install, preflight
from tests.cni.node import Node
from tests.cni.person import SEEDS, Person
from tests.cni.runtime import Runtime, run
from tests.faults import raw

pytestmark = pytest.mark.needs_kernel("bridge_vlan", "veth", "ipv6", "nft_bridge", "nft_nat")

BARE = 'mount -t proc proc "$0/proc" && exec chroot "$0" "$1"'


def ask(root: Path, runtime: Runtime, plugin: str, command: str, config: Mapping[str, Any]) -> Any:
    """Call a plugin in a chroot that holds its folder, /proc and nothing else."""
    words = ["unshare", "-m", "sh", "-euc", BARE, str(root), f"/opt/cni/bin/{plugin}"]
    return run(words, runtime.environment(command), config)


@pytest.mark.parametrize("may_compile", [False, True], ids=["python", "compiled"])
def test_plugins_run_where_there_is_nothing_but_their_folder(
    lone_node: Node, tmp_path: Path, may_compile: bool
) -> None:
    node, root = lone_node, tmp_path / "root"
    (root / "proc").mkdir(parents=True)
    made = install.install(root / "opt/cni/bin", "/opt/cni/bin", replace=False, may_compile=may_compile)
    assert made.client == ("compiled" if may_compile else "python")
    assert sorted(each.name for each in root.iterdir()) == ["opt", "proc"]
    node.filtering_bridge()
    before = node.dump()
    pod = node.pod()
    config = node.config(vlan=93, macspoofchk=True)
    result = ask(root, pod.runtime, "cnv-bridge", "ADD", config)
    assert node.vlans(pod.port) == {93: "pvid untagged"}
    tuning = {**config, "prevResult": result, "mtu": 1400, "sysctl": {"net.ipv4.conf.IFNAME.arp_notify": "1"}}
    tuned = ask(root, pod.runtime, "cnv-tuning", "ADD", tuning)
    assert (pod.link["mtu"], tuned["interfaces"][2]["mtu"]) == (1400, 1400)
    ask(root, pod.runtime, "cnv-bridge", "CHECK", {**config, "prevResult": tuned})
    for plugin in ("cnv-tuning", "cnv-bridge"):
        ask(root, pod.runtime, plugin, "DEL", config)
    assert raw.changes(before, node.dump()) == ""


def test_preflight_lists_definitions_configurations_and_pods_that_would_be_refused(
    lone_node: Node, tmp_path: Path
) -> None:
    node = lone_node
    node.sh("ip link add br1 type bridge")
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "10-a.conf").write_text(json.dumps(node.config(hairpinMode=True, promiscMode=True)))
    (tmp_path / "conf" / "20-b.conflist").write_text(json.dumps({"name": "b", "plugins": [{"type": "macvlan"}]}))
    (tmp_path / "results").mkdir()
    running = {
        "containerId": "c1",
        "ifName": "net1",
        "config": base64.b64encode(json.dumps(node.config(vlan=7)).encode()).decode(),
        "cniArgs": [["K8S_POD_NAMESPACE", "apps"], ["K8S_POD_NAME", "web"]],
    }
    (tmp_path / "results" / "net-c1-net1").write_text(json.dumps(running))
    with LinuxKernel() as kernel:
        host = kernel.snapshot()
    files = [(file, Path(file).read_bytes()) for file in SEEDS]
    lines = preflight.refused(files, str(tmp_path / "conf"), host, [str(tmp_path)])
    assert [line.partition(":")[0] for line in lines] == [
        "default/vlan-93",
        str(tmp_path / "conf" / "10-a.conf"),
        "pod apps/web",
    ]
    assert "br1 does not filter VLANs, so pods are refused: ip link set br1 type bridge vlan_filtering 1" in lines[0]
    assert "cannot set hairpin mode and promiscuous mode at the same time" in lines[1]


def test_preflight_installs_nothing_when_somebody_would_be_refused(person: Person) -> None:
    person.node.sh("ip link add br1 type bridge")
    folder = person.node.folder / "opt"
    folder.mkdir()
    words = ["cni", "install", "--bin-dir", str(folder), "--conf-dir", str(folder), "--preflight"]
    assert "nothing was installed" in person.nncp(*words, SEEDS[0], code=3)
    assert list(folder.iterdir()) == []
    person.node.sh("ip link set br1 type bridge vlan_filtering 1")
    person.nncp(*words, SEEDS[0])
    assert (folder / "cnv-bridge").exists()
    person.nncp("cni", "uninstall", "--bin-dir", str(folder))
    assert list(folder.iterdir()) == []


def test_what_is_installed_serves_attach(person: Person) -> None:
    person.node.filtering_bridge()
    folder = person.node.folder / "opt"
    person.nncp("cni", "install", "--bin-dir", str(folder))
    (status,) = person.attach("vlan-93", "--new", "try1", "--bin-dir", str(folder))
    assert status["name"] == "default/vlan-93"
    person.nncp("detach", "--netns", "try1")
    assert subprocess.run([folder / "cnv-bridge"], env={}, capture_output=True, check=True).stderr.startswith(
        b"CNI bridge"
    )
