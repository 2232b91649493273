"""A node with pods: the test's namespace is the node's, and every pod has one of its own."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from netkernel import netns as namespaces
from tests.cni.runtime import Runtime
from tests.cni.ways import Ask
from tests.faults import raw
from tests.kernel.frames import Tap

Config = dict[str, Any]


class Node:
    """`uplink` is a wire: the node's end, for a bridge, and `far`, where a test listens."""

    def __init__(self, new_namespace: Callable[[], str], folder: Path, ask: Ask) -> None:
        self._new_namespace = new_namespace
        self.folder = folder
        self.asked = ask
        self.sh("sysctl -qw net.ipv6.conf.default.addr_gen_mode=1")  # none: link-local addresses come by and by

    def promise(self, bridge: str) -> None:
        """Policies of this node make it."""
        (self.folder / "promised").write_text(f"{bridge}\n")

    def pod(self, container: str = "c1", ifname: str = "net1") -> Pod:
        return Pod(self, self._new_namespace(), ifname, container)

    def sh(self, script: str) -> str:
        return subprocess.run(["sh", "-euc", script], check=True, capture_output=True, text=True).stdout

    def config(self, version: str = "1.0.0", **asked: Any) -> Config:
        return {"cniVersion": version, "name": "net", "type": "bridge", "bridge": "br1", **asked}

    def ipam(self, subnet: str = "10.9.0.0/24", **more: Any) -> Config:
        """For real addresses from the real host-local."""
        return {"type": "host-local", "dataDir": str(self.folder / "leases"), "subnet": subnet, **more}

    def filtering_bridge(self, uplink: str = "uplink") -> None:
        self.sh(
            f"""
            ip link add br1 address 02:00:00:00:01:01 type bridge vlan_filtering 1
            ip link add {uplink} type veth peer name far
            ip link set {uplink} master br1
            bridge vlan add dev {uplink} vid 2-4094
            for each in {uplink} far br1; do ip link set $each up; done
            """
        )

    def await_multicast(self, link: str) -> None:
        """Until IPv6 has taken notice of its carrier, which it does by and by."""
        deadline = time.monotonic() + 60
        while "ff00::/8" not in self.sh(f"ip -6 route show table local dev {link}"):
            assert time.monotonic() < deadline, f"{link} got no multicast route"

    def ports(self, bridge: str = "br1") -> list[str]:
        rows = json.loads(self.sh(f"ip -j link show master {bridge}"))
        return sorted(row["ifname"] for row in rows if row["ifname"].startswith("veth"))

    def vlans(self, port: str) -> dict[int, str]:
        """The VLANs of a port; what they are: `pvid untagged`, `untagged`, or nothing."""
        (row,) = json.loads(self.sh(f"bridge -j vlan show dev {port}")) or [{"vlans": []}]
        return {
            vlan: " ".join("untagged" if "Untagged" in each else each.lower() for each in entry.get("flags", []))
            for entry in row["vlans"]
            for vlan in range(entry["vlan"], entry.get("vlanEnd", entry["vlan"]) + 1)
        }

    def dump(self) -> raw.Dump:
        """Everything: links, addresses, routes, VLANs, settings, nftables, iptables, leases."""
        for bridge in json.loads(self.sh("ip -j link show type bridge")):
            if "LOWER_UP" in bridge["flags"]:
                self.await_multicast(bridge["ifname"])
        seen = raw.dump()
        seen["nft"] = self.sh("nft list ruleset").splitlines()
        leases = self.folder / "leases"
        files = leases.rglob("*.*.*.*") if leases.exists() else []
        seen["leases"] = sorted(str(each) for each in files)
        return seen


class Pod:
    def __init__(self, node: Node, netns: str, ifname: str, container: str) -> None:
        self.node = node
        self.netns = netns
        self.runtime = Runtime(netns, ifname, container)

    @property
    def ifname(self) -> str:
        return self.runtime.ifname

    def ask(self, command: str, config: Mapping[str, Any] | str, **more: str) -> Any:
        return self.runtime.ask(self.node.asked, "bridge", command, config, **more)

    def ask_go(self, command: str, config: Mapping[str, Any] | str, **more: str) -> Any:
        return self.runtime.ask_go("bridge", command, config, **more)

    def sh(self, script: str) -> str:
        command = ["nsenter", f"--net={self.netns}", "sh", "-euc", script]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def pings(self, address: str, wait_s: int = 30) -> bool:
        command = ["nsenter", f"--net={self.netns}", "ping", "-c", "1", "-W", str(wait_s), address]
        return subprocess.run(command, check=False, capture_output=True).returncode == 0

    @property
    def link(self) -> dict[str, Any]:
        (row,) = json.loads(self.sh(f"ip -j -d addr show dev {self.ifname}"))
        return dict(row)

    @property
    def addresses(self) -> dict[str, str]:
        """Global ones, and what is the matter with them."""
        found = (each for each in self.link["addr_info"] if each["scope"] == "global")
        return {f"{each['local']}/{each['prefixlen']}": "tentative" if each.get("tentative") else "" for each in found}

    @property
    def port(self) -> str:
        """The name of its end on the node."""
        index = self.link["link_index"]
        rows = json.loads(self.node.sh("ip -j link show type veth"))
        return next(row["ifname"] for row in rows if row["ifindex"] == index)

    @contextmanager
    def tap(self) -> Iterator[Tap]:
        with namespaces.inside(self.netns):
            tap = Tap(self.ifname)
        with tap:
            yield tap
