"""What was seen of a NIC's way, in the pod and on its node, and what is found in it: plain values."""

from __future__ import annotations

from collections.abc import Mapping

from netkernel.close_look import CloseLook
from netkernel.conntrack import Tracking
from netkernel.dropped import Dropped
from netkernel.frozen import Frozen
from netkernel.host import Host
from netkernel.stations import Station
from netkernel.typed import Final
from vmnet.addressing import global_addresses
from vmnet.hardware import Device
from vmnet.transcript import OfTap
from vmnet.vm import MASQUERADE, TAP
from vmnet.wiring import Wiring

_BLANK: Final = CloseLook()


class Side(Frozen, kw_only=True):
    """One namespace. `stations` are those of the bridge on the way, `close` has the links on it.

    `dropped` counts what rules about the NIC's link dropped since they are there, `dropped_before` what they had when
    somebody began to look.
    """

    host: Host
    close: Mapping[str, CloseLook] = {}
    stations: tuple[Station, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    dropped_before: tuple[Dropped, ...] = ()
    tracking: Tracking = Tracking()

    def look(self, link: str) -> CloseLook:
        return self.close.get(link, _BLANK)


class Evidence(Frozen, kw_only=True):
    """All of one NIC. `was` is the pod as CNI made it; `peer` the node's end of its link, "" where that is not here.

    `made_for` is the VLAN that the CNI plugin was asked for, 0 where nobody knows or there is none. `is_served` says
    that a process gives the guest its addresses, and `transcript` what it was asked; `answering` has for each address
    the MACs that say it is theirs. `stands_by`: the guest is to move here, and has not.
    """

    pod: Side
    node: Side
    was: Host
    peer: str = ""
    made_for: int = 0
    is_served: bool = False
    stands_by: bool = False
    transcript: OfTap = OfTap()
    answering: Mapping[str, tuple[str, ...]] = {}


class Finding(Frozen):
    """One hop. `wrong` is "" where all is well; `command` shows it; `noted` is what is odd and breaks nothing."""

    hop: str
    wrong: str = ""
    command: str = ""
    noted: str = ""


class Case(Frozen):
    """A NIC, what its guest was given, and what was seen of both; `netns` is how the pod's namespace is called."""

    wiring: Wiring
    device: Device
    seen: Evidence
    netns: str

    @property
    def outer(self) -> str:
        """What the pod's link is called now."""
        return self.wiring.renamed if self.wiring.takes_link else self.wiring.link

    @property
    def mac(self) -> str:
        """The one that the node's network sees."""
        own = self.seen.was.links.get(self.wiring.link)
        return own.address if own and self.wiring.nic.binding == MASQUERADE else self.device.mac

    @property
    def is_tap_of_cni(self) -> bool:
        return self.wiring.nic.binding == TAP

    @property
    def is_pair(self) -> bool:
        """Whether the pod's link is one end of a veth, and not on top of a link of the node."""
        return self.seen.pod.host.links[self.outer].kind == "veth"

    @property
    def node_bridge(self) -> str:
        """The bridge that the pod's link leads to, "" for none."""
        links = self.seen.node.host.links
        master = links[self.seen.peer].master if self.seen.peer in links else ""
        return master if master in links and links[master].kind == "bridge" else ""

    def has(self, family: int) -> bool:
        """Whether CNI gave the pod a global address of it on this link."""
        return bool(global_addresses(self.seen.was, self.wiring.link, family))

    def in_pod(self, command: str) -> str:
        return f"nsenter --net={self.netns} {command}"
