"""What each key of the plugins' configurations is for: one sentence, which editors show."""

from __future__ import annotations

from collections.abc import Mapping

from netkernel.typed import Final

ABOUT: Final[Mapping[str, str]] = {
    "cniVersion": "The version of the CNI specification that this is written in; 0.1.0 when it is missing.",
    "cniVersions": "Further versions that it may be taken for (CNI 1.1.0).",
    "name": "The network's name; by default that of the NetworkAttachmentDefinition. No two networks share one.",
    "type": "The plugin: the name of a file in CNI_PATH.",
    "ipam": "The plugin that gives addresses, with its own keys; empty or missing for none.",
    "dns": "Name servers for the result; they win over those of the IPAM plugin.",
    "capabilities": "What of runtimeConfig this plugin wants from the runtime: `mac`, `ips` and the like.",
    "args": "Words for this plugin under `cni`; Multus puts a pod's `cni-args` there.",
    "runtimeConfig": "What the runtime says for the capabilities.",
    "prevResult": "The result of the plugin before; the runtime puts it there.",
    "cni.dev/valid-attachments": "Which attachments are still there; the runtime puts it there for GC.",
    "deviceID": "A device that was allotted to the pod; Multus puts it there.",
    "pciBusID": "A PCI device that was allotted to the pod; Multus puts it there.",
    "bridge": "The bridge to attach to; made when it is not there, but for one that a policy of this node promises.",
    "isGateway": "The bridge, or an interface in the VLAN, carries the gateway's address, and the node forwards.",
    "isDefaultGateway": "The same, and the pod's default route leads there.",
    "forceAddress": "Replace an address of the bridge that stands in the way, instead of failing.",
    "ipMasq": "What the pod sends beyond its own network carries the node's address. Needs ipam.",
    "ipMasqBackend": "How that is done: `nftables` needs no programs; by default iptables where it is installed.",
    "mtu": "The MTU of the interface; without it, or 0, a pod takes that of the bridge.",
    "hairpinMode": "The bridge sends frames back through the port that they came from.",
    "promiscMode": "The bridge takes frames for all addresses.",
    "vlan": "The VLAN of the port: untagged to the pod, and no other reaches it. Needs a bridge that filters VLANs.",
    "vlanTrunk": "VLANs that reach the pod tagged: ids, and ranges from minID to maxID.",
    "preserveDefaultVlan": "Let the bridge's default VLAN reach the pod beside `vlan`.",
    "macspoofchk": "Drop and count frames from the pod with a source address that is not its own.",
    "enabledad": "Wait until nobody else has the pod's IPv6 addresses (duplicate address detection).",
    "disableContainerInterface": "Leave the pod's interface down, for a VM that is to bring it up itself.",
    "portIsolation": "The port does not talk to other isolated ports of the bridge.",
    "sysctl": "Settings below net in the pod's namespace; IFNAME stands for the interface's name.",
    "mac": "The MAC address of the interface.",
    "promisc": "The interface takes frames for all addresses.",
    "allmulti": "The interface takes frames for all multicast groups.",
    "txQLen": "The length of the transmit queue, in frames.",
    "dataDir": "The folder in which the values from before are kept for DEL.",
}
