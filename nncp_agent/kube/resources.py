"""The resources we read and write, and where they stand in an API server's paths."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

from netkernel.frozen import Frozen


class Resource(Frozen):
    """`group` is empty for those of the core."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = False

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, name: str = "", namespace: str = "", subresource: str = "") -> str:
        """Of all its objects, of those in a namespace, of one, or of a part of one."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        words = ["namespaces", namespace] if self.namespaced and namespace else []
        words += [self.plural, *([name] if name else []), *([subresource] if subresource else [])]
        return "/".join([root, *(quote(word, safe="") for word in words)])

    def whole(self, item: dict[str, Any]) -> dict[str, Any]:
        """The same with its kind: in a list of what the server was built with, items do not say theirs."""
        return {"apiVersion": self.api_version, "kind": self.kind, **item}


NMSTATE: Final = "nmstate.io"
POLICIES: Final = Resource(NMSTATE, "v1", "nodenetworkconfigurationpolicies", "NodeNetworkConfigurationPolicy")
ENACTMENTS: Final = Resource(
    NMSTATE, "v1beta1", "nodenetworkconfigurationenactments", "NodeNetworkConfigurationEnactment"
)
STATES: Final = Resource(NMSTATE, "v1beta1", "nodenetworkstates", "NodeNetworkState")
SETTINGS: Final = Resource(NMSTATE, "v1", "nmstates", "NMState")
NODES: Final = Resource("", "v1", "nodes", "Node")
PODS: Final = Resource("", "v1", "pods", "Pod", namespaced=True)
EVENTS: Final = Resource("", "v1", "events", "Event", namespaced=True)
NAMESPACES: Final = Resource("", "v1", "namespaces", "Namespace")
LEASES: Final = Resource("coordination.k8s.io", "v1", "leases", "Lease", namespaced=True)
DEFINITIONS: Final = Resource("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition")
NETWORKS: Final = Resource(
    "k8s.cni.cncf.io", "v1", "network-attachment-definitions", "NetworkAttachmentDefinition", True
)
