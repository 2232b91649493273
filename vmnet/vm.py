"""A virtual machine's NICs as values: what a manifest asks for, with KubeVirt's defaults filled in."""

from __future__ import annotations

from collections.abc import Mapping

from netkernel.frozen import Frozen, fact
from netkernel.typed import Final
from vmnet.errors import Path

MASQUERADE: Final = "masquerade"
BRIDGE: Final = "bridge"
MANAGED_TAP: Final = "managedTap"
"""As a bridge, but who gives the guest its address is somebody else."""
TAP: Final = "tap"
"""What a CNI plugin made is given to the guest as it is: a tap or a macvtap."""
TUN, MACVTAP = "tun", "macvtap"
"""What the kernel calls these two."""
BINDINGS: Final = (MASQUERADE, BRIDGE, MANAGED_TAP, TAP)

MODELS: Final = ("virtio", "e1000", "e1000e", "igb", "rtl8139", "pcnet", "ne2k_pci")
STATES: Final = ("up", "down", "absent")
ANTI_SPOOF: Final = ("off", "mac", "ip")
PROTOCOLS: Final = ("TCP", "UDP")
AUTO: Final = "auto"
MOST_QUEUES: Final = 8
"""What `auto` gives at most: more cost the guest memory and rarely bring it anything."""
LARGEST_QUEUES: Final = 256
"""MAX_TAP_QUEUES of drivers/net/tun.c."""
NETWORK4: Final = "10.0.2.0/24"
NETWORK6: Final = "fd10:0:2::/120"


class Port(Frozen):
    """What the guest is reached on, from `first` to `last`; `protocol` is TCP or UDP."""

    protocol: str
    first: int
    last: int
    name: str = ""


class DhcpOptions(Frozen, kw_only=True):
    """Options 67, 66, 42 and the private ones, 224 to 254, by number."""

    boot_file: str = ""
    tftp_server: str = ""
    ntp_servers: tuple[str, ...] = ()
    private: Mapping[int, str] = {}


class Vlan(Frozen, kw_only=True):
    """What of the pod's bridge the guest is in: one VLAN untagged (`access`), or several tagged, `native` without."""

    access: int | None = None
    trunk: tuple[tuple[int, int], ...] = ()
    native: int | None = None


class Rate(Frozen):
    """The most the guest sends and receives, in kilobits a second; 0 for no limit."""

    send: int = 0
    receive: int = 0


class Network(Frozen, kw_only=True):
    """`is_pod` is the pod's own network, else `multus` names a NetworkAttachmentDefinition, the `default` one or not.

    `cidr4` and `cidr6` are the network inside masquerade.
    """

    name: str
    is_pod: bool = False
    multus: str = ""
    default: bool = False
    cidr4: str = NETWORK4
    cidr6: str = NETWORK6
    path: Path = fact(default=())

    @property
    def is_primary(self) -> bool:
        """Whether it is the one the pod's first link is on."""
        return self.is_pod or self.default


class Nic(Frozen, kw_only=True):
    """One NIC. `mac` is in the kernel's spelling, "" for the pod's link's; `mtu` 0 for the same.

    `queues` is a number, `auto`, or None where nobody asked: then the VM's own setting counts.
    """

    name: str
    network: Network
    binding: str = BRIDGE
    plugin: str = ""
    model: str = "virtio"
    mac: str = ""
    mtu: int = 0
    state: str = "up"
    ports: tuple[Port, ...] = ()
    port_ranges: tuple[Port, ...] = ()
    boot_order: int | None = None
    pci_address: str = ""
    acpi_index: int | None = None
    tag: str = ""
    queues: int | str | None = None
    dhcp: DhcpOptions = DhcpOptions()
    vlan: Vlan | None = None
    anti_spoof: str = "off"
    rate: Rate = Rate()
    path: Path = fact(default=())

    @property
    def is_on_a_bridge(self) -> bool:
        """Whether we make a bridge and a tap for it."""
        return self.binding != TAP


class Vm(Frozen, kw_only=True):
    """A VM as far as its network is concerned. `cpus` is how many it has; `multiqueue` that each gets a queue."""

    name: str
    namespace: str = "default"
    uid: str = ""
    hostname: str = ""
    subdomain: str = ""
    cpus: int = 1
    multiqueue: bool = False
    transitional: bool = False
    istio: bool = False
    nics: tuple[Nic, ...] = ()
    kept_macs: Mapping[str, str] = {}  # by NIC: what its guest was given before (status.interfaces)
    kept_addresses: Mapping[str, tuple[str, ...]] = {}  # likewise

    @property
    def wired(self) -> tuple[Nic, ...]:
        """The NICs that are to be there."""
        return tuple(nic for nic in self.nics if nic.state != "absent")

    def queues(self, nic: Nic) -> int:
        """How many queues its tap gets; 1 is a tap without multi-queue."""
        if nic.model != "virtio":
            return 1
        if nic.queues == AUTO:
            return min(self.cpus, MOST_QUEUES)
        if isinstance(nic.queues, int):
            return nic.queues
        return min(self.cpus, LARGEST_QUEUES) if self.multiqueue else 1
