"""What a VM's pod asks Multus for: its annotations, as KubeVirt writes them (its package pkg/network/multus).

A NIC's MAC is asked of the plugin, too: the link that CNI makes has it then, and a filter of foreign MACs on the node's
side (`macspoofchk`) lets the guest pass.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from netkernel.typed import Final
from vmnet import names
from vmnet.vm import MASQUERADE, Nic, Vm

NETWORKS: Final = "k8s.v1.cni.cncf.io/networks"
DEFAULT: Final = "v1.multus-cni.io/default-network"


def selections(vm: Vm) -> list[dict[str, str]]:
    """The networks beside the pod's own, each with the name its link is to have."""
    return [
        {**_selection(vm, nic), "interface": names.hashed(nic.name)} for nic in vm.wired if not nic.network.is_primary
    ]


def of_pod(vm: Vm) -> Mapping[str, str]:
    """The annotations of the pod, by their names."""
    found = {}
    if others := selections(vm):
        found[NETWORKS] = json.dumps(others)
    for nic in vm.wired:
        if nic.network.default:
            chosen = _selection(vm, nic)
            plain = f"{chosen['namespace']}/{chosen['name']}"
            found[DEFAULT] = json.dumps([chosen]) if "mac" in chosen else plain
    return found


def _selection(vm: Vm, nic: Nic) -> dict[str, str]:
    namespace, _, name = nic.network.multus.rpartition("/")
    mac = nic.mac or vm.kept_macs.get(nic.name, "")
    has_mac = bool(mac) and nic.binding != MASQUERADE  # behind it nobody outside sees the guest's
    return {"name": name, "namespace": namespace or vm.namespace, **({"mac": mac} if has_mac else {})}
