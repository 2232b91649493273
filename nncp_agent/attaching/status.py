"""What a pod is told of its networks: the annotation `k8s.v1.cni.cncf.io/network-status`.

Network Plumbing Working Group, "Kubernetes Network Custom Resource Definition De-facto Standard", 1.3, section 5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cni.types import results


def status(
    definition: str, interface: str, result: Mapping[str, Any], default_route: Sequence[str] = ()
) -> dict[str, Any]:
    """One entry. Interface and MAC are those in the pod: a result's interfaces with a sandbox. `default_route` has the
    gateways that the pod asked for, whatever the result says."""
    read = results.read(dict(result), results.version_of(dict(result)))
    inside = [each for each in read.interfaces if each.sandbox]
    own = next((each for each in inside if each.name == interface), inside[0] if inside else None)
    told = [route.gw for route in read.routes if route.dst in ("0.0.0.0/0", "::/0") and route.gw]
    gateways = list(default_route) or told
    dns = results.written(results.Result(dns=read.dns), "0.4.0")["dns"]
    stated = {
        "interface": own.name if own else interface,
        "ips": [each.address.partition("/")[0] for each in read.ips],
        "mac": own.mac if own else "",
        "mtu": own.mtu if own else 0,
    }
    made = {"name": definition, **{key: value for key, value in stated.items() if value}, "dns": dns}
    return {**made, "gateway": gateways} if gateways else made
