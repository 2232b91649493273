"""Who has which address and which MAC: inside masquerade, on a bridge, in the guest (KubeVirt's rules)."""

from __future__ import annotations

import hashlib
import ipaddress

from netkernel.frozen import Frozen
from netkernel.host import Host
from netkernel.records import Address, Link
from netkernel.typed import Final
from vmnet.vm import Nic, Vm

_FAKE: Final = "169.254.75.1"
"""What the bridge of a NIC with an address of its own is called by DHCP; the NIC's number is written behind it."""


class Inside(Frozen):
    """One family inside masquerade: the gateway's and the guest's address, and the prefix of their network."""

    gateway: str
    guest: str
    prefix: int

    @property
    def family(self) -> int:
        return 6 if ":" in self.gateway else 4


def inside(nic: Nic, family: int) -> Inside:
    """The gateway is the network's first host, the guest its second."""
    network = ipaddress.ip_network(nic.network.cidr6 if family == 6 else nic.network.cidr4)
    return Inside(str(network[1]), str(network[2]), network.prefixlen)


def global_addresses(pod: Host, link: str, family: int) -> tuple[Address, ...]:
    """Those that others reach the pod by."""
    return tuple(each for each in pod.addresses.get(link, ()) if each.family == family and each.scope == 0)


def fake(position: int) -> str:
    """The address of the bridge that serves DHCP to the VM's NIC of this number: nobody else is ever asked for it."""
    return f"{_FAKE}{position}"


def guest_mac(vm: Vm, nic: Nic, pod_link: Link) -> str:
    """What the guest has: what the manifest says, else what it had before, else the pod's link's."""
    return nic.mac or vm.kept_macs.get(nic.name, "") or pod_link.address


def bridge_mac(nic: str, pod_mac: str) -> str:
    """A MAC for the bridge and the pod's link below it. Made of the pod's own, so nobody on its network has it."""
    digest = hashlib.sha256(f"{pod_mac} {nic}".encode()).digest()
    return ":".join(f"{each:02x}" for each in (0x02 | digest[0] & 0xFC, *digest[1:6]))
