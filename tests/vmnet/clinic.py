"""A node with a bond, a bridge with VLANs on it, and VMs side by side: one to break things for, one that is well."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet

from lab.setup.base import TREE
from netkernel import pod_stamp
from tests.unit.vmnet.manifests import BRIDGED, LAN, MASQUERADED, POD, read, vmi
from tests.vmnet.guest import TapGuest, tap_guest
from tests.vmnet.pods import sh
from tests.vmnet.serving import noted, serving
from tests.vmnet.waiting import until
from vmnet import act
from vmnet.act import Asked
from vmnet.doctor import look
from vmnet.doctor.walk import Diagnosis
from vmnet.kept import Records, namespace_id
from vmnet.pod import LinuxPod
from vmnet.target import Giving

BRIEFLY_S = 0.2
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(TREE)}
ALL = "ff:ff:ff:ff:ff:ff"
NODE = """
ip link set dev lo up
sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
ip link add bond1 type bond mode active-backup miimon 50
for each in 1 2; do
    ip link add name wire$each type veth peer name switch$each
    ip link set dev wire$each master bond1
    ip link set dev switch$each up
done
ip link set dev bond1 up
ip link add br1 type bridge vlan_filtering 1
ip link set dev br1 up
ip link set dev bond1 master br1
bridge vlan add dev bond1 vid 93
bridge vlan add dev bond1 vid 94
"""


class Patient:
    """A VM with a NIC behind masquerade and one on the node's bridge, in a VLAN that CNI put it into."""

    def __init__(self, name: str, number: int, namespace: str, folder: Path, **fields: Any) -> None:
        self.name, self.namespace, self.vlan = name, namespace, 92 + number
        self.number = number
        self.mac = f"02:00:00:00:00:0{number}"
        self.ip = f"203.0.113.{number}"
        self.records = Records(str(folder / name))
        self.value: Mapping[str, Any] = vmi([MASQUERADED, {**BRIDGED, "macAddress": self.mac, **fields}], [POD, LAN])
        self.manifest, self.resolv_conf = folder / f"{name}.json", folder / "resolv.conf"
        self.manifest.write_text(json.dumps(self.value))
        self.resolv_conf.write_text("nameserver 192.0.2.53\n")
        sh("ip link set dev lo up; sysctl -qw net.ipv6.conf.default.accept_dad=0", namespace)
        self._attach("eth0", f"192.0.2.{number}/32", f"2001:db8::{number}/128")
        self._attach("net1", f"{self.ip}/24")
        stamp = pod_stamp.attachment(f"sandbox-{name}", "net1", "br1-public", "br1", self.vlan)
        sh(f"""
            ip link set dev {name}-net1 alias {stamp.alias} master br1
            bridge vlan del dev {name}-net1 vid 1
            bridge vlan add dev {name}-net1 vid {self.vlan} pvid untagged
        """)
        self.setup()

    def _attach(self, link: str, *addresses: str) -> None:
        node = f"{self.name}-{link}"
        sh(f"ip link add name {node} type veth peer name {link} netns {self.namespace}; ip link set dev {node} up")
        given = "; ".join(f"ip addr add {each} dev {link}" for each in addresses)
        sh(f"ip link set dev {link} up; {given}", self.namespace)

    def asked(self, value: Mapping[str, Any] | None = None) -> Asked:
        return Asked(
            vm=read(value or self.value), namespace=namespace_id(self.namespace), giving=Giving(user=0, group=0)
        )

    def command(self, verb: str, *more: str) -> list[str]:
        """`vmnet` with a verb, about this VM."""
        where = ["--netns", self.namespace, "--state-dir", str(self.records.directory)]
        return [sys.executable, "-P", "-m", "vmnet", verb, str(self.manifest), *where, *more]

    def setup(self) -> None:
        with LinuxPod(self.namespace) as pod:
            act.setup(self.asked(), pod, self.records)

    def diagnosed(self, value: Mapping[str, Any] | None = None, **how: Any) -> dict[str, Diagnosis]:
        """By NIC. Others have little time to claim an address, for most tests are about something else."""
        how.setdefault("wait_s", BRIEFLY_S)
        with LinuxPod(self.namespace) as pod:
            return {each.nic: each for each in look.diagnosed(self.asked(value), pod, self.records, **how)}

    @contextmanager
    def on(self, *, is_served: bool = True, mac: str = "", asks: str = "") -> Iterator[Mapping[str, TapGuest]]:
        """Its taps are open and each guest has spoken and asked for its address: on the bridge as `mac` and for `asks`
        where those are given."""
        macs = {"tap0": self._given(), "tap1": mac or self.mac}
        ips = {"tap0": "10.0.2.2", "tap1": asks or self.ip}
        guests = {}
        with ExitStack() as running:
            if is_served:
                state = str(self.records.directory)
                running.enter_context(serving(self.manifest, self.namespace, state, self.resolv_conf))
            for tap in macs:
                guests[tap] = guest = running.enter_context(tap_guest(self.namespace, tap))
                until(partial(self._forwards, tap))
                guest.say(announcement(macs[tap], self.ip))
                if is_served and not (tap == "tap1" and mac):
                    lease(guest, macs[tap], ips[tap])
                    until(partial(self._is_noted, tap))
            yield guests

    def _is_noted(self, tap: str) -> bool:
        """The guest has its answer before anybody writes it down."""
        return bool(noted(str(self.records.directory), tap))

    def _forwards(self, port: str) -> bool:
        return "state forwarding" in sh(f"bridge link show dev {port}", self.namespace)

    def _given(self) -> str:
        """The MAC of the NIC without one of its own."""
        return str(json.loads(sh("ip -j link show dev eth0", self.namespace))[0]["address"])


def announcement(mac: str, ip: str) -> Packet:
    return Ether(src=mac, dst=ALL) / ARP(op=1, hwsrc=mac, psrc=ip, pdst=ip)


def lease(guest: TapGuest, mac: str, ip: str) -> None:
    asked = (
        Ether(src=mac, dst=ALL) / IP(src="0.0.0.0", dst="255.255.255.255") / UDP(sport=68, dport=67)
        / BOOTP(chaddr=bytes.fromhex(mac.replace(":", "")), xid=7)
        / DHCP(options=[("message-type", "request"), ("requested_addr", ip), "end"])
    )  # fmt: skip
    guest.say(asked)
    guest.hear(lambda packet: packet.haslayer(DHCP) and packet[UDP].sport == 67)


class Clinic:
    """The test's namespace is the node's."""

    def __init__(self, new_namespace: Callable[[], str], folder: Path) -> None:
        self._new_namespace, self._folder = new_namespace, folder
        sh(NODE)
        until(lambda: "LOWER_UP" in sh("ip link show dev bond1"))

    def patient(self, name: str, **fields: Any) -> Patient:
        """`ill` or `well`."""
        return Patient(name, 1 if name == "ill" else 2, self._new_namespace(), self._folder, **fields)

    def stranger(self, ip: str, vlan: int, mac: str = "02:00:00:00:00:77") -> str:
        """Somebody else on the bridge who has that address; gives the namespace."""
        there = self._new_namespace()
        sh(f"""
            ip link add name stranger type veth peer name eth0 netns {there}
            ip link set dev stranger master br1 up
            bridge vlan add dev stranger vid {vlan} pvid untagged
        """)
        sh(f"ip link set dev eth0 address {mac} up; ip addr add {ip}/24 dev eth0", there)
        until(lambda: "state forwarding" in sh("bridge link show dev stranger"))
        return there
