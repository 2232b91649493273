"""Who keeps the webhooks' certificate: one Secret that all writers serve with, made anew in time by the elected one."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from nncp_agent.central import certificates
from nncp_agent.central.certificates import Pair
from nncp_agent.kube.client import Api
from nncp_agent.kube.errors import AlreadyExists, Conflict, NotFound
from nncp_agent.kube.resources import Resource
from nncp_agent.kube.worker import Worker

Object = dict[str, Any]

SECRETS: Final = Resource("", "v1", "secrets", "Secret", namespaced=True)
VALIDATING: Final = Resource(
    "admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations", "ValidatingWebhookConfiguration"
)
MUTATING: Final = Resource(
    "admissionregistration.k8s.io", "v1", "mutatingwebhookconfigurations", "MutatingWebhookConfiguration"
)
SECRET: Final = "nncp-webhooks"
SERVICE: Final = "nncp-webhooks"
CONFIGURATION: Final = "nncp-agent"
"""The name of both configurations."""
LOOK_S: Final = 30.0


class Keys:
    """A part of the process. `served` is called from its thread with each certificate that is to be used from now on.

    `leads` is whether this one may write. The Secret's `ca.crt` is what API servers are to trust.
    """

    name = "webhook certificates"

    def __init__(
        self,
        api: Api,
        namespace: str,
        leads: Callable[[], bool],
        served: Callable[[Pair], None],
        now: Callable[[], datetime] = certificates.utc_now,
    ) -> None:
        self._api, self._namespace, self._leads, self._served, self._now = api, namespace, leads, served, now
        self._names = [f"{SERVICE}.{namespace}.svc", f"{SERVICE}.{namespace}.svc.cluster.local", SERVICE]
        self._used: Pair | None = None
        self._looks = 0
        self._worker = Worker(self.name, self._turn)
        self.start = self._worker.start

    def stop(self) -> None:
        self._worker.stop()

    def looks(self) -> int:
        self._worker.wake()
        return self._looks

    def _turn(self) -> float:
        self._looks += 1
        pair, trusted = self._secret()
        if self._leads():
            if not certificates.is_good(pair, self._names, self._now()):
                pair, trusted = self._renewed(trusted)
            self._tell(VALIDATING, trusted)
            self._tell(MUTATING, trusted)
        if pair.certificate and pair != self._used:
            self._served(pair)
            self._used = pair
        return LOOK_S if self._used else 1.0

    def _secret(self) -> tuple[Pair, str]:
        try:
            data = self._api.get(SECRETS, SECRET, self._namespace).get("data") or {}
        except NotFound:
            return Pair("", ""), ""
        return Pair(_plain(data.get("tls.crt")), _plain(data.get("tls.key"))), _plain(data.get("ca.crt"))

    def _renewed(self, older: str) -> tuple[Pair, str]:
        """API servers trust it before anybody serves with it."""
        pair = certificates.made(self._names, self._now())
        trusted = certificates.trusted(pair.certificate, older, self._now())
        self._tell(VALIDATING, trusted)
        self._tell(MUTATING, trusted)
        data = {"tls.crt": _coded(pair.certificate), "tls.key": _coded(pair.key), "ca.crt": _coded(trusted)}
        body = {**_head(), "type": "kubernetes.io/tls", "data": data}
        try:
            self._api.create(SECRETS, body, self._namespace)
        except AlreadyExists:
            self._api.patch(SECRETS, SECRET, {"data": data}, self._namespace)
        return pair, trusted

    def _tell(self, resource: Resource, trusted: str) -> None:
        """Our webhooks of a configuration, where somebody has installed it."""
        try:
            found = self._api.get(resource, CONFIGURATION)
        except NotFound:
            return
        bundle = _coded(trusted)
        changes = [
            {"op": "add", "path": f"/webhooks/{place}/clientConfig/caBundle", "value": bundle}
            for place, each in enumerate(found.get("webhooks") or ())
            if _is_ours(each, self._namespace) and each["clientConfig"].get("caBundle") != bundle
        ]
        if changes:
            version = found["metadata"]["resourceVersion"]
            same: Object = {"op": "test", "path": "/metadata/resourceVersion", "value": version}
            try:
                self._api.operate(resource, CONFIGURATION, [same, *changes])
            except Conflict:
                self._worker.wake()


def _is_ours(webhook: Mapping[str, Any], namespace: str) -> bool:
    service = (webhook.get("clientConfig") or {}).get("service") or {}
    return bool(service.get("name") == SERVICE and service.get("namespace") == namespace)


def _head() -> Object:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": SECRET}}


def _plain(coded: object) -> str:
    try:
        return base64.b64decode(str(coded or ""), validate=True).decode()
    except ValueError:
        return ""


def _coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
