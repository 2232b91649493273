"""KubeVirt's names of links in the pod (its packages pkg/network/namescheme and pkg/network/link)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection

from netkernel.typed import Final

PRIMARY: Final = "eth0"
LONGEST: Final = 15
"""IFNAMSIZ - 1 (linux/if.h)."""
LONGEST_PRIMARY: Final = 11
"""Bytes: `k6t-` and `-nic` have to fit."""
_DIGITS: Final = 11
_ORDINAL: Final = re.compile(r"net\d+")


def hashed(network: str) -> str:
    """The pod's link of a secondary network."""
    return "pod" + hashlib.sha256(network.encode()).hexdigest()[:_DIGITS]


def ordinal(position: int) -> str:
    """The same, in pods of VMs from before KubeVirt 1.0; `position` counts secondary networks from 1."""
    return f"net{position}"


def are_ordinal(links: Collection[str]) -> bool:
    """Whether this pod's links are named in the old way: one that is, and all of them are."""
    return any(_ORDINAL.fullmatch(name) for name in links)


def bridge(pod_link: str) -> str:
    """`k6t-eth0`, `k6t-dae5991c5c5`, `k6t-net1`."""
    return f"k6t-{_stem(pod_link)}"


def renamed(pod_link: str) -> str:
    """What the pod's link is called once the bridge has it: `eth0-nic`."""
    return f"{_stem(pod_link)}-nic"


def tap(pod_link: str, is_primary: bool) -> str:
    """`tap0` of the primary network, else the pod's link without its first three characters."""
    return "tap0" if is_primary else f"tap{pod_link[3:]}"


def alias(nic: str) -> str:
    """What libvirt and QEMU call the device."""
    return f"ua-{nic}"


def _stem(pod_link: str) -> str:
    return pod_link.removeprefix("pod")
