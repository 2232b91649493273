"""A wire between us (`eth1`) and a switch in another namespace, and the frames that the switch sends."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable, Mapping
from typing import Any, Final

from scapy.contrib import lldp as scapy
from scapy.layers.l2 import Dot1Q, Ether
from scapy.packet import Packet, Raw

from netkernel import netns
from netkernel.packets import lldp
from tests.kernel.asked import make_nics

SOURCE: Final = "02:00:00:00:53:01"


def frame(
    name: str = "switch1", *, ttl_s: int = 120, to: str = lldp.GROUPS[0], vlan: int = 0, more: bytes = b""
) -> bytes:
    """What a switch of this name sends to a group; `more` are elements as they stand."""
    ether = Ether(src=SOURCE, dst=to)
    if vlan:
        ether /= Dot1Q(vlan=vlan)
    packet: Packet = (
        ether
        / scapy.LLDPDUChassisID(subtype=4, id="00:01:30:f9:ad:a0")
        / scapy.LLDPDUPortID(subtype=5, id=name.encode())
        / scapy.LLDPDUTimeToLive(ttl=ttl_s)
        / scapy.LLDPDUSystemName(system_name=name.encode())
        / Raw(more + b"\0\0")
    )
    return bytes(packet)


def names(lldp_section: Mapping[str, Any]) -> list[str]:
    """The system names of neighbours as shown."""
    return [tlv["system-name"] for each in lldp_section.get("neighbors", ()) for tlv in each if tlv["type"] == 5]


class Switch:
    """The other ends of our NICs, which are made with it."""

    def __init__(self, another_netns: Callable[[], str], *nics: str) -> None:
        self.namespace = another_netns()
        make_nics(*nics, far=self.namespace)

    def send(self, *frames: bytes, nic: str = "eth1") -> None:
        with netns.inside(self.namespace), socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as out:
            out.bind((f"far-{nic}", 0))
            for each in frames:
                out.send(each)

    def plug(self, nic: str, there: bool) -> None:
        """Pull a wire, or plug it in again."""
        self._run(f"ip link set far-{nic} {'up' if there else 'down'}")

    def takes(self, nic: str, mtu: int) -> None:
        self._run(f"ip link set far-{nic} mtu {mtu}")

    def replace(self, nic: str) -> None:
        """Another NIC of the same name, up."""
        self._run(f"ip link del far-{nic}")
        make_nics(nic, far=self.namespace)
        subprocess.run(["ip", "link", "set", nic, "up"], check=True)

    def _run(self, script: str) -> None:
        subprocess.run(["nsenter", f"--net={self.namespace}", "sh", "-euc", script], check=True)
